//! The standard dialect: RFC 6749, 6750, 7009 and 7662 to the letter. It is written in
//! code because every other dialect says only where it differs from it, and because
//! the gateway must be able to refuse a request before any dialect was read.

use std::collections::BTreeMap;

use http::header::WWW_AUTHENTICATE;
use http::{HeaderName, Method, StatusCode};
use serde_json::Value;

use crate::dialect::answer::{Answer, Form};
use crate::dialect::endpoint::Endpoint;
use crate::dialect::fault::Fault;
use crate::dialect::filter::Filter;
use crate::dialect::knobs::{
    BasicCoding, BodyType, ClientAuth, Dialect, NamedBy, ParameterNames, QueryRule, Reading, Repeats, ScopeLists, Seat,
    Slash, Step, Strangers, TwiceAlike, TwiceUnlike, Untyped,
};
use crate::dialect::refusals::{Pen, Refusals, Row, RowBody};
use crate::dialect::shape::Shape;
use crate::dialect::spelling::{Format, JsonHabits};
use crate::dialect::template::Template;

/// The type of the standard's bodies.
pub const JSON: &str = "application/json";

impl Dialect {
    /// RFC 6749, 6750, 7009 and 7662 to the letter.
    pub fn standard() -> Dialect {
        Dialect {
            seats: vec![
                Seat::standard(Endpoint::Token, "/token"),
                Seat::standard(Endpoint::Revoke, "/revoke"),
                Seat::standard(Endpoint::Introspect, "/introspect"),
                Seat::standard(Endpoint::Jwks, "/jwks"),
                Seat::standard(Endpoint::Metadata, ""),
                Seat::standard(Endpoint::Authorize, "/authorize"),
                Seat::standard(Endpoint::UserInfo, "/userinfo"),
                Seat::standard(Endpoint::OpenidConfiguration, ""),
                Seat::standard(Endpoint::EndSession, "/logout"),
                Seat::standard(Endpoint::Register, "/register"),
                Seat::standard(Endpoint::RegisteredClient, "/register"),
                Seat::standard(Endpoint::Account, "/account"),
                Seat::standard(Endpoint::SignIn, "/sign_in"),
                Seat::standard(Endpoint::SignOut, "/sign_out"),
                Seat::standard(Endpoint::Consent, "/consent"),
                Seat::standard(Endpoint::Applications, "/applications"),
                Seat::standard(Endpoint::Authorized, "/authorized_applications"),
                Seat::standard(Endpoint::Sessions, "/sessions"),
                Seat::standard(Endpoint::Assets, "/assets"),
            ],
            reading: Reading::standard(),
            success: Answer::standard(),
            refusals: Refusals::standard(),
            revoked: Answer::empty(),
            info: Answer {
                forms: vec![Form::json(Shape::Literal(Value::Object(Default::default())))],
                ..Answer::empty()
            },
            api: Refusals::standard_api(),
            schemes: Vec::new(),
            headers: Vec::new(),
            query: Vec::new(),
            form: Vec::new(),
            answer_headers: Vec::new(),
            bodies: Vec::new(),
            versions: Vec::new(),
            scope_texts: Vec::new(),
        }
    }
}

impl Seat {
    /// An endpoint with nothing of its own.
    pub fn standard(endpoint: Endpoint, path: &str) -> Seat {
        let methods = match endpoint {
            Endpoint::Token | Endpoint::Revoke | Endpoint::Introspect | Endpoint::Register => vec![Method::POST],
            Endpoint::Jwks | Endpoint::Metadata | Endpoint::Info | Endpoint::OpenidConfiguration | Endpoint::Assets => {
                vec![Method::GET, Method::HEAD]
            }
            Endpoint::Authorize | Endpoint::UserInfo | Endpoint::EndSession => vec![Method::GET, Method::POST],
            Endpoint::RegisteredClient => vec![Method::GET, Method::PUT, Method::DELETE],
            Endpoint::Account
            | Endpoint::SignIn
            | Endpoint::SignOut
            | Endpoint::Consent
            | Endpoint::Applications
            | Endpoint::Authorized
            | Endpoint::Sessions => vec![Method::GET, Method::HEAD, Method::POST],
        };
        Seat {
            endpoint,
            path: path.into(),
            slash: Slash::Exact,
            methods,
            grants: Vec::new(),
            unheld: Vec::new(),
            extensions: Vec::new(),
            default_grant: None,
            required: Vec::new(),
            bots: None,
            reading: None,
            success: None,
            refusals: None,
            strangers: Strangers::Refused,
            named_by: vec![NamedBy::Token],
        }
    }
}

impl Reading {
    /// As RFC 6749 reads requests.
    pub fn standard() -> Reading {
        Reading {
            names: ParameterNames::standard(),
            client_auth: vec![ClientAuth::Basic, ClientAuth::Body],
            key_header: None,
            basic: BasicCoding::FormEncoded,
            twice_alike: TwiceAlike::Accept,
            twice_unlike: TwiceUnlike::Refuse,
            bodies: vec![BodyType::Form],
            untyped: Untyped::Refuse,
            query: QueryRule::Refuse,
            repeats: Repeats::Refuse,
            scope_separators: vec![' '],
            scope_lists: ScopeLists::Unread,
            order: vec![Step::Credential, Step::Grant, Step::Served, Step::Parameters, Step::Client],
        }
    }
}

impl ParameterNames {
    /// The names of the RFCs.
    pub fn standard() -> ParameterNames {
        let one = |name: &str| vec![name.into()];
        ParameterNames {
            grant_type: one("grant_type"),
            scope: one("scope"),
            client_id: one("client_id"),
            client_secret: one("client_secret"),
            username: one("username"),
            password: one("password"),
            refresh_token: one("refresh_token"),
            assertion: one("assertion"),
            client_assertion: one("client_assertion"),
            client_assertion_type: one("client_assertion_type"),
            code: one("code"),
            redirect_uri: one("redirect_uri"),
            code_verifier: one("code_verifier"),
            token: one("token"),
            token_type_hint: one("token_type_hint"),
        }
    }
}

impl Form {
    /// A JSON body.
    pub fn json(body: Shape) -> Form {
        Form { media: JSON.into(), format: Format::Json, root: "".into(), body }
    }
}

impl Answer {
    /// 200 and nothing more.
    pub fn empty() -> Answer {
        Answer {
            status: StatusCode::OK,
            headers: Vec::new(),
            habits: JsonHabits::default(),
            forms: Vec::new(),
            empty_type: "".into(),
        }
    }

    /// A token answer (RFC 6749 §5.1).
    pub fn standard() -> Answer {
        let body = Shape::members([
            ("access_token", Template::of("access_token", &[])),
            ("token_type", Template::plain("Bearer")),
            ("expires_in", Template::of("expires_in", &[Filter::OmitIfEmpty])),
            ("refresh_token", Template::of("refresh_token", &[Filter::OmitIfEmpty])),
            ("id_token", Template::of("id_token", &[Filter::OmitIfEmpty])),
            ("scope", Template::of("scope", &[])),
        ]);
        Answer { forms: vec![Form::json(body)], ..Answer::empty() }
    }
}

impl Refusals {
    /// JSON refusals without any row.
    pub fn plain() -> Refusals {
        let body = Shape::members([
            ("error", Template::of("code", &[])),
            ("error_description", Template::of("text", &[Filter::OmitIfEmpty])),
        ]);
        let pen = Pen { media: JSON.into(), format: Format::Json, root: "".into() };
        let (pens, habits) = (vec![pen], JsonHabits::default());
        Refusals { pens, habits, body, headers: Vec::new(), rows: BTreeMap::new() }
    }

    /// RFC 6749 §5.2: a 401 names the way to authenticate.
    pub fn standard() -> Refusals {
        let asks = || Row { headers: Some(challenge(&[Template::text_in("Basic realm=")])), ..Row::default() };
        let silent = Row { headers: Some(Vec::new()), ..Row::default() };
        let rows = [(Fault::ClientMissing, asks()), (Fault::ClientBad, asks()), (Fault::ClientConflict, silent)];
        Refusals { rows: rows.into(), ..Refusals::plain() }
    }

    /// RFC 6750 §3.
    pub fn standard_api() -> Refusals {
        let realm = Template::text_in("Bearer realm=");
        let code = Template::quoted(", error=", "code", &[]);
        let text = Template::quoted(", error_description=", "text", &[]);
        let scope = Template::quoted(", scope=", "scopes", &[Filter::Join(" ".into())]);
        let with = |parts: &[Template]| Row { headers: Some(challenge(parts)), ..Row::default() };
        let error = with(&[realm.clone(), code.clone(), text.clone()]);
        let message = Shape::members([("message", Template::of("text", &[]))]);
        let missing = Row { body: Some(RowBody::Shape(message)), ..with(std::slice::from_ref(&realm)) };
        let rows = [
            (Fault::TokenMissing, missing),
            (Fault::TokenAmbiguous, error.clone()),
            (Fault::TokenBad, error.clone()),
            (Fault::UserRequired, error),
            (Fault::ScopeMissing, with(&[realm, code, text, scope])),
        ];
        Refusals { rows: rows.into(), ..Refusals::plain() }
    }
}

fn challenge(parts: &[Template]) -> Vec<(HeaderName, Template)> {
    vec![(WWW_AUTHENTICATE, Template::chain(parts))]
}
