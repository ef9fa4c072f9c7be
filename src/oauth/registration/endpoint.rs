//! `POST /register` and what stands below it: a client registers, reads, changes and
//! deletes itself. The first needs an initial access token unless the operator opened
//! the door; the rest needs the token that the first gave out, once, for this client.

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::clock::UnixTime;
use crate::dialect::answer::secret_headers;
use crate::dialect::condition::Condition;
use crate::dialect::endpoint::Endpoint;
use crate::dialect::knobs::{BodyType, Seat};
use crate::dialect::params::{MAX_BODY, body_type};
use crate::dialect::standard::JSON;
use crate::dialect::wire::{RawRequest, Reply};
use crate::oauth::answer::{Answer, Refused};
use crate::oauth::application::{Confidentiality, approval, delete};
use crate::oauth::application_store::{Alteration, KeptApplication};
use crate::oauth::audit::AuditEvent;
use crate::oauth::client::{Application, Client, ClientSecret, Origin};
use crate::oauth::endpoints::{origin, path_of};
use crate::oauth::generate::client_id;
use crate::oauth::people::Registration;
use crate::oauth::redirect::RedirectUri;
use crate::oauth::registration::fault::RegistrationFault;
use crate::oauth::registration::metadata::{Metadata, read};
use crate::oauth::service::{Desk, Service};
use crate::oauth::store::Store;
use crate::token::id::ClientId;
use crate::token::json;
use crate::token::opaque::{CLIENT_SECRET_PREFIX, mint};
use crate::token::secret::{Secret, SecretDigest};

/// Begins every token that manages a registration.
const MANAGER_PREFIX: &str = "tgm_";

/// Why an answer could not be given, for one of two readers.
enum Trouble {
    Fault(RegistrationFault),
    Refused(Refused),
}

/// Answers one request to either endpoint.
pub(in crate::oauth) async fn answer<S: Store, P>(
    service: &Service<S, P>,
    desk: Desk<'_>,
    seat: &Seat,
    raw: &RawRequest,
    now: UnixTime,
) -> Result<Answer, Refused> {
    seat.answers(raw)?;
    let policy = desk.issuer.registration.as_ref().ok_or(Condition::Internal)?;
    let office = Office { service, desk, policy, now };
    let done = match (seat.endpoint, &raw.method) {
        (Endpoint::Register, _) => office.register(raw).await,
        (_, method) => office.manage(raw, method).await,
    };
    match done {
        Ok(answer) => Ok(answer),
        Err(Trouble::Refused(refused)) => Err(refused),
        Err(Trouble::Fault(fault)) => {
            let event = AuditEvent::new("registration_refused", &desk.issuer.name).detail(fault.code());
            let mut answer = fault.answer(desk.issuer.name.as_str());
            answer.audit.push(event);
            Ok(answer)
        }
    }
}

struct Office<'a, S, P> {
    service: &'a Service<S, P>,
    desk: Desk<'a>,
    policy: &'a Registration,
    now: UnixTime,
}

impl<S: Store, P> Office<'_, S, P> {
    async fn register(&self, raw: &RawRequest) -> Result<Answer, Trouble> {
        let doors = &self.policy.initial_access_tokens;
        let presented = bearer(raw).map(|token| token.digest());
        // Every door is tried, so the time it takes says nothing.
        let opens = doors.iter().filter(|door| presented == Some(**door)).count() > 0;
        if !doors.is_empty() && !opens {
            return Err(RegistrationFault::Token.into());
        }
        let said = self.read(raw)?;
        let random = &*self.service.random;
        let confidential = said.secrecy == Confidentiality::Confidential;
        let secret = confidential.then(|| mint(CLIENT_SECRET_PREFIX, random));
        let manager = mint(MANAGER_PREFIX, random);
        let client = Client {
            id: client_id(random),
            display_name: said.name,
            secrets: secret.iter().map(|secret| ClientSecret { digest: secret.digest(), slot: 0 }).collect(),
            grants: said.grants,
            scopes: said.scopes,
            bots: Vec::new(),
            keys: None,
            fields: Default::default(),
            secrets_in_url: Default::default(),
            application: Application { approval: approval(self.policy.approval), ..said.application },
            disabled: false,
            origin: Origin::Store,
        };
        let name = &self.desk.issuer.name;
        self.service.store.add_application(name, client.clone(), Some(manager.digest()), self.now).await?;
        let event = AuditEvent::new("client_registered", name).client(&client.id);
        let told = self.told(&client, self.now, secret.as_ref(), Some(&manager));
        Ok(Answer { audit: vec![event], ..reply(StatusCode::CREATED, told) })
    }

    async fn manage(&self, raw: &RawRequest, method: &Method) -> Result<Answer, Trouble> {
        let kept = self.own(raw).await?;
        let id = kept.client.id.clone();
        let event = |what| AuditEvent::new(what, &self.desk.issuer.name).client(&id);
        if *method == Method::DELETE {
            delete(self.service, self.desk.issuer, &id, self.now).await?;
            let gone = Reply { status: StatusCode::NO_CONTENT, headers: secret_headers(JSON), body: Bytes::new() };
            return Ok(Answer { audit: vec![event("client_unregistered")], ..Answer::plain(gone) });
        }
        if *method != Method::PUT {
            return Ok(reply(StatusCode::OK, self.told(&kept.client, kept.created, None, None)));
        }
        let said = self.read(raw)?;
        let before = kept.client;
        if (said.secrecy == Confidentiality::Confidential) != before.is_confidential() || said.grants != before.grants {
            let text = "grant_types and token_endpoint_auth_method stay as they were registered";
            return Err(RegistrationFault::Metadata(text).into());
        }
        let same = before.application.redirect_uris == said.application.redirect_uris;
        let rule = if same { before.application.approval } else { approval(self.policy.approval) };
        let application = Application { approval: before.application.approval.max(rule), ..said.application };
        let name = said.name.unwrap_or_else(|| id.as_str().to_owned());
        let after = Client {
            display_name: Some(name.clone()),
            scopes: said.scopes.clone(),
            application: application.clone(),
            ..before
        };
        let change = Alteration::Edit { name, application: Box::new(application), scopes: said.scopes };
        self.service.store.alter_application(&self.desk.issuer.name, &id, change, self.now).await?;
        let told = self.told(&after, kept.created, None, None);
        Ok(Answer { audit: vec![event("client_changed")], ..reply(StatusCode::OK, told) })
    }

    /// The client of the path, if the request bears the token that manages it. One that
    /// is not there is answered like one with another token (RFC 7592 §2.1).
    async fn own(&self, raw: &RawRequest) -> Result<KeptApplication, Trouble> {
        let id = ClientId::new(raw.path.rsplit('/').next().unwrap_or(""));
        let kept = self.service.store.application(&self.desk.issuer.name, &id).await?;
        let presented = bearer(raw).map(|token| token.digest());
        let registered = kept.as_ref().and_then(|kept| kept.registration);
        let nobody = SecretDigest([0; 32]);
        let fits = presented.unwrap_or(nobody) == registered.unwrap_or(SecretDigest([1; 32]));
        kept.filter(|_| fits).ok_or_else(|| RegistrationFault::Token.into())
    }

    fn read(&self, raw: &RawRequest) -> Result<Metadata, Trouble> {
        let body = RegistrationFault::Body;
        if body_type(&raw.headers).0 != Some(BodyType::Json) {
            return Err(body("the body must be application/json").into());
        }
        if raw.body.len() > MAX_BODY {
            return Err(body("the body is too large").into());
        }
        let members =
            json::object(&raw.body).map_err(|_| body("the body is not a JSON object, or names something twice"))?;
        Ok(read(&members, self.desk.issuer, self.policy)?)
    }

    /// What a client is told of itself (RFC 7591 §3.2.1).
    fn told(&self, client: &Client, made: UnixTime, secret: Option<&Secret>, manager: Option<&Secret>) -> Value {
        let mut out = Map::new();
        let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
        let confidential = client.is_confidential();
        put("client_id", client.id.as_str().into());
        put("client_id_issued_at", made.0.into());
        if let Some(secret) = secret {
            put("client_secret", secret.expose().into());
        }
        if confidential {
            put("client_secret_expires_at", 0.into());
        }
        if let Some(manager) = manager {
            put("registration_access_token", manager.expose().into());
        }
        let issuer = self.desk.issuer;
        if let Some(path) = path_of(issuer, Endpoint::RegisteredClient) {
            put("registration_client_uri", format!("{}{path}/{}", origin(&issuer.url), client.id).into());
        }
        if let Some(name) = &client.display_name {
            put("client_name", name.as_str().into());
        }
        let uris: Vec<&str> = client.application.redirect_uris.iter().map(RedirectUri::as_str).collect();
        put("redirect_uris", json!(uris));
        put("post_logout_redirect_uris", json!(client.application.post_logout_redirect_uris));
        put("grant_types", json!(client.grants.iter().map(|grant| grant.as_str()).collect::<Vec<_>>()));
        put("response_types", json!(["code"]));
        put("scope", client.scopes.to_string().into());
        put("token_endpoint_auth_method", if confidential { "client_secret_basic" } else { "none" }.into());
        Value::Object(out)
    }
}

/// The one token of the request's header.
fn bearer(raw: &RawRequest) -> Option<Secret> {
    let mut lines = raw.headers.get_all(AUTHORIZATION).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return None };
    let (scheme, token) = line.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| Secret::new(token.trim().to_owned()))
}

fn reply(status: StatusCode, body: Value) -> Answer {
    Answer::plain(Reply { status, headers: secret_headers(JSON), body: Bytes::from(body.to_string()) })
}

impl From<RegistrationFault> for Trouble {
    fn from(fault: RegistrationFault) -> Trouble {
        Trouble::Fault(fault)
    }
}

impl From<crate::oauth::store::StoreError> for Trouble {
    fn from(error: crate::oauth::store::StoreError) -> Trouble {
        Trouble::Refused(error.into())
    }
}
