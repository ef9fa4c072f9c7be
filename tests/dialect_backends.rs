//! The backends stay as they were: for each of the five systems a small one that judges
//! what reaches it as the original did, with its own key and its own library. What the
//! gateway lets through must convince it, what anybody makes up must not.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde_json::{Value, json};

use support::backend::{Backend, Seen};
use support::example::{movable, shipped};
use support::gateway::{Folder, Gateway};
use support::http::{Answer, curl};

/// A secret that backend and gateway share.
const SHARED: &str = "a-secret-that-both-have-0123456789abcdef";

/// What a backend says to whom it believes: `WHO`, or why it does not.
type Verdict = Result<String, String>;

/// A backend that answers 200 and whom it saw, or 401 and why not.
fn backend(judge: impl Fn(&Seen) -> Verdict + Send + Sync + 'static) -> Backend {
    Backend::start(move |seen| {
        let (status, body) = match judge(seen) {
            Ok(who) => ("200 OK", who),
            Err(why) => ("401 Unauthorized", why),
        };
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
    })
}

/// The payload of the token in `Authorization`, if the key vouches for it.
fn bearer(seen: &Seen, algorithm: Algorithm, key: &DecodingKey, required: &[&str]) -> Result<Value, String> {
    let values = seen.header("authorization");
    let [value] = values[..] else { return Err(format!("{} Authorization headers", values.len())) };
    let token = value.strip_prefix("Bearer ").ok_or("not Bearer")?;
    let mut validation = Validation::new(algorithm);
    validation.validate_aud = false;
    validation.set_required_spec_claims(required);
    Ok(decode::<Value>(token, key, &validation).map_err(|error| error.to_string())?.claims)
}

/// A gateway of an example whose key files are the backend's.
struct Stand {
    gateway: Gateway,
    backend: Backend,
    ports: std::collections::BTreeMap<u16, String>,
}

impl Stand {
    /// Starts it; `key` is the backend's, which the gateway gets in a file: `place` is
    /// replaced by what names it.
    fn start(name: &str, backend: Backend, key: &str, (place, named): (&str, &str)) -> Stand {
        let shipped = shipped(name);
        assert!(shipped.contains(place), "the example does not say `{place}`");
        Stand::of(&shipped.replace(place, named), backend, key)
    }

    /// Starts a configuration.
    fn of(yaml: &str, backend: Backend, key: &str) -> Stand {
        let example = movable(yaml, &backend.url());
        let folder = Folder::new("backends");
        fs::write(folder.path().join("backend.key"), key).expect("the key");
        fs::write(folder.path().join("gateway.yaml"), &example.yaml).expect("the configuration");
        Stand { gateway: Gateway::start_in(folder), backend, ports: example.listeners }
    }

    fn url(&self, port: u16, path: &str) -> String {
        format!("https://{}{path}", self.gateway.address(&self.ports[&port]))
    }

    /// A call with that token, and claims of who is calling.
    fn call(&self, path: &str, token: &str) -> Answer {
        let bearer = format!("Authorization: Bearer {token}");
        curl(&["-H", &bearer, "-H", "X-User: root", "-H", "X_User: root", &self.url(8443, path)])
    }

    /// A call past the gateway, as nobody should be able to make one.
    fn past(&self, header: &str) -> Answer {
        curl(&["-H", header, &format!("{}/anything", self.backend.url())])
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// An RSA key pair, made by somebody else: private and public, PEM.
fn rsa() -> (String, String) {
    let folder = Folder::new("rsa");
    let run = |args: &[&str], made: &str| {
        let status = Command::new("openssl").args(args).args(["-out", made]).current_dir(folder.path()).output();
        assert!(status.as_ref().is_ok_and(|output| output.status.success()), "openssl {args:?}: {status:?}");
        fs::read_to_string(folder.path().join(made)).expect("PEM")
    };
    let private = run(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "private.pem");
    let public = run(&["pkey", "-in", "private.pem", "-pubout"], "public.pem");
    (private, public)
}

fn forged(header: Header, claims: &Value) -> String {
    encode(&header, claims, &EncodingKey::from_secret(b"somebody else's")).expect("a token")
}

#[test]
fn comic_clan_verifies_its_own_rs256() {
    let (private, public) = rsa();
    let key = DecodingKey::from_rsa_pem(public.as_bytes()).expect("a public key");
    let judge = move |seen: &Seen| {
        let claims = bearer(seen, Algorithm::RS256, &key, &["exp", "iss"])?;
        let id = claims["id"].as_str().filter(|id| id.len() == 24).ok_or("no id")?;
        claims["scope"].as_array().ok_or("no scopes")?;
        Ok(format!("{} {id}", claims["username"].as_str().ok_or("no username")?))
    };
    let stand = {
        let shipped = "${file:${env:TOLLGATE_STATE:-state}/comic-clan.pem}";
        Stand::start("comic-clan", backend(judge), &private, (shipped, "${file:backend.key}"))
    };
    let form = "grant_type=password&username=example%40mail.com&password=p4ssw0rd";
    let client = "24051793-7404-44b2-840c-7dda995065fe:1f9a6a54-7c77-435c-9f37-08dda099fd0b";
    let answer = curl(&["-u", client, "-d", form, &stand.url(3333, "/oauth/token/")]);
    assert_eq!(answer.status, 201, "{answer:?}");
    let tokens = answer.json();
    let answer = stand.call("/posts/1", &text(&tokens["access_token"]));
    assert!(answer.status == 200 && answer.body.starts_with("example@mail.com "), "{answer:?}");
    // The other key signs refresh tokens, and the backend has never heard of it.
    let refresh = format!("Authorization: Bearer {}", text(&tokens["refresh_token"]));
    assert_eq!(stand.past(&refresh).status, 401);
    let claims = json!({"username": "root", "id": "0".repeat(24), "scope": [], "iss": "x", "exp": u32::MAX});
    let forged = format!("Authorization: Bearer {}", forged(Header::new(Algorithm::HS256), &claims));
    assert_eq!(stand.past(&forged).status, 401);
}

#[test]
fn social_translator_verifies_its_own_simplejwt() {
    let key = DecodingKey::from_secret(SHARED.as_bytes());
    let judge = move |seen: &Seen| {
        let claims = bearer(seen, Algorithm::HS256, &key, &["exp"])?;
        if claims["token_type"] != "access" {
            return Err("not an access token".to_owned());
        }
        claims["jti"].as_str().filter(|jti| jti.len() == 32).ok_or("no jti")?;
        Ok(format!("user {}", claims["user_id"].as_u64().ok_or("no user_id")?))
    };
    let stand = {
        let shipped = "${env:DJANGO_SECRET:-a-django-secret-key-of-some-fifty-random-characters}";
        Stand::start("social-translator", backend(judge), SHARED, (shipped, "${file:backend.key}"))
    };
    let form = "grant_type=password&username=ana&password=p4ssw0rd";
    let answer = curl(&["-u", "community:community-secret", "-d", form, &stand.url(8443, "/auth/oauth2/token/")]);
    assert_eq!(answer.status, 200, "{answer:?}");
    let token = text(&answer.json()["access_token"]);
    let answer = stand.call("/community/1", &token);
    assert!(answer.status == 200 && answer.body.starts_with("user "), "{answer:?}");
    let opaque = format!("Authorization: Bearer {token}");
    assert_eq!(stand.past(&opaque).status, 401, "what the client holds means nothing to the backend");
    let claims = json!({"token_type": "access", "exp": u32::MAX, "jti": "0".repeat(32), "user_id": 1});
    let forged = format!("Authorization: Bearer {}", forged(Header::new(Algorithm::HS256), &claims));
    assert_eq!(stand.past(&forged).status, 401);
}

#[test]
fn bonfire_verifies_its_own_hs256() {
    let key = DecodingKey::from_secret(SHARED.as_bytes());
    let judge = move |seen: &Seen| {
        let claims = bearer(seen, Algorithm::HS256, &key, &[])?;
        for (claim, value) in [("iss", json!("Bonfire-API-Bot-Access")), ("type", json!("access:bot")), ("v", json!(1))]
        {
            if claims[claim] != value {
                return Err(format!("{claim} is {}", claims[claim]));
            }
        }
        for number in ["aid", "bid", "atid", "sid", "iat"] {
            claims[number].as_u64().ok_or(format!("no {number}"))?;
        }
        Ok(format!("bot {} may {}", claims["bid"], claims["scope"].as_str().ok_or("no scope")?))
    };
    let stand = {
        let shipped = "${file:${env:TOLLGATE_STATE:-state}/bonfire.secret}";
        Stand::start("bonfire", backend(judge), SHARED, (shipped, "${file:backend.key}"))
    };
    let body = r#"{"grant_type":"client_credentials","bots":["-OoX6R1ba0eM5kwmB9p"]}"#;
    let app = "Authorization: Bearer 6b1f2c9e-53c4-4f0e-9d7a-1f6f4a0c77d1";
    let url = stand.url(8443, "/v1/oauth/bots");
    let answer = curl(&["-H", app, "-H", "Content-Type: application/json", "-d", body, &url]);
    assert_eq!(answer.status, 200, "{answer:?}");
    let entry = answer.json()["data"]["tokens"]["-OoX6R1ba0eM5kwmB9p"].clone();
    let answer = stand.call("/v1/posts/1", &text(&entry["access_token"]));
    assert!(answer.status == 200 && answer.body.ends_with(" may posts"), "{answer:?}");
    let refresh = format!("Authorization: Bearer {}", text(&entry["refresh_token"]));
    assert_eq!(stand.past(&refresh).status, 401);
}

/// What the backends of the two systems with opaque tokens go by: one name in each of
/// these headers, and never what a caller says of himself.
fn named(seen: &Seen) -> Verdict {
    let one = |name: &str| match seen.header(name)[..] {
        [value] => Ok(value.to_owned()),
        ref values => Err(format!("{name}: {values:?}")),
    };
    if !seen.header("x_user").is_empty() || !seen.header("authorization").is_empty() {
        return Err("something of the caller's own came through".to_owned());
    }
    Ok(format!("{} by {}", one("x-user")?, one("x-client")?))
}

#[test]
fn musement_is_told_by_headers() {
    let stand = Stand::start("musement", backend(named), "", ("version: 1", "version: 1"));
    let url = stand.url(8443, "/api/v3/login");
    let form =
        "client_id=21_1abc0def&client_secret=9xyz&grant_type=password&username=ana%40example.org&password=p4ssw0rd";
    let answer = curl(&["-d", form, &url]);
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = stand.call("/api/v3/customers/me", &text(&answer.json()["access_token"]));
    assert!(answer.status == 200 && answer.body.ends_with(" by 21_1abc0def"), "{answer:?}");
    assert!(!answer.body.starts_with("root"), "{answer:?}");
}

#[test]
fn intra42_is_told_by_headers() {
    let stand = Stand::start("intra42", backend(named), "", ("version: 1", "version: 1"));
    let form = "client_id=app42&client_secret=app42-secret&grant_type=client_credentials";
    let answer = curl(&["-d", form, &stand.url(8443, "/oauth/token")]);
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = stand.call("/v2/me", &text(&answer.json()["access_token"]));
    assert!(answer.status == 200 && answer.body.ends_with(" by app42"), "{answer:?}");
    assert!(!answer.body.starts_with("root"), "{answer:?}");
}

#[test]
fn whoever_the_backend_knows_by_a_token_of_its_own_is_sent_with_it() {
    // The backend knows one application by a password, and two users by their own tokens.
    let judge = |seen: &Seen| match (&seen.header("authorization")[..], &seen.header("x-app")[..]) {
        (["Bearer ana-s-own"], ["the-application"]) => Ok("ana".to_owned()),
        ([], ["the-application"]) => Ok("nobody".to_owned()),
        (one, other) => Err(format!("{one:?} {other:?}")),
    };
    for name in ["musement", "intra42"] {
        let shipped = shipped(name).replace(
            "{ name: ana@example.org, subject: \"501\",",
            "{ name: ana@example.org, subject: \"501\", backend_token: \"${file:backend.key}\",",
        );
        let forward = "defaults:\n  forward: { headers: {";
        let with = "defaults:\n  forward: { user_token: {}, set: { X-App: \"the-application\" }, headers: {";
        assert!(shipped.contains(forward), "{shipped}");
        let stand = Stand::of(&shipped.replace(forward, with), backend(judge), "ana-s-own");
        let (token, path) = match name {
            "musement" => {
                let form = "client_id=21_1abc0def&client_secret=9xyz&grant_type=password&username=ana%40example.org&password=p4ssw0rd";
                (curl(&["-d", form, &stand.url(8443, "/api/v3/login")]), "/api/v3/customers/me")
            }
            _ => {
                let form = "client_id=app42&client_secret=app42-secret&grant_type=client_credentials";
                (curl(&["-d", form, &stand.url(8443, "/oauth/token")]), "/v2/me")
            }
        };
        let answer = stand.call(path, &text(&token.json()["access_token"]));
        let expected = if name == "musement" { "ana" } else { "nobody" };
        assert!(answer.status == 200 && answer.body == expected, "{name}: {answer:?}");
    }
}

#[test]
fn a_first_start_makes_the_keys_that_are_missing_and_later_ones_keep_them() {
    let started = |name: &str, file: &str| {
        let backend = Backend::ok();
        let gateway = Gateway::start("made-keys", &movable(&shipped(name), &backend.url()).yaml);
        let (_, folder) = gateway.stop();
        let path = folder.path().join("state").join(file);
        let made = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(fs::metadata(&path).expect("the key").permissions().mode() & 0o777, 0o600);
        let again = Gateway::start_in(folder);
        let (_, folder) = again.stop();
        assert_eq!(fs::read_to_string(folder.path().join("state").join(file)).expect("the key"), made);
        made
    };
    assert!(started("comic-clan", "comic-clan.pem").starts_with("-----BEGIN PRIVATE KEY-----"));
    assert_eq!(started("bonfire", "bonfire.secret").len(), 64);
}
