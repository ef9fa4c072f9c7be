//! 42 as its users know it: the shipped example, the application's own redirect, a code
//! of 64 digits, and the answer of `/oauth/access_token` in the form that was asked for.

use crate::support::backend::Backend;
use crate::support::browser::Browser;
use crate::support::example::{movable, shipped};
use crate::support::gateway::Gateway;
use crate::support::http::{Answer, curl};

const CALLBACK: &str = "http://localhost:1919/users/auth/ft/callback";

struct Intra {
    gateway: Gateway,
    base: String,
    _backend: Backend,
}

fn intra() -> Intra {
    let backend = Backend::ok();
    let example = movable(&shipped("intra42"), &backend.url());
    let gateway = Gateway::start("intra", &example.yaml);
    let base = format!("https://{}", gateway.address(&example.listeners[&8443]));
    Intra { gateway, base, _backend: backend }
}

impl Intra {
    /// The address of the seed's example, with other scopes.
    fn code(&self, browser: &mut Browser, path: &str, scope: &str) -> String {
        browser
            .open(&format!("{path}?client_id=app42&response_type=code&scope={scope}&state=a_very_long_random_string"));
        if browser.place.starts_with("/oauth/sign_in") {
            browser.sign_in("norminet", "p4ssw0rd");
        }
        if browser.place.starts_with("/oauth/consent") {
            let ticked: Vec<(&str, &str)> = browser
                .page
                .body
                .split("name=\"scope\" value=\"")
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
                .map(|scope| ("scope", scope))
                .collect();
            let fields: Vec<(String, String)> =
                ticked.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            let all: Vec<(&str, &str)> =
                fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).chain([("decision", "allow")]).collect();
            browser.send("/oauth/consent", &all);
        }
        assert!(
            browser.place.starts_with(&format!("{CALLBACK}?code=")),
            "{}\n{}",
            browser.place,
            self.gateway.stderr()
        );
        assert_eq!(browser.told("state").as_deref(), Some("a_very_long_random_string"));
        browser.told("code").expect("a code")
    }

    fn alias(&self, code: &str, accept: &[&str]) -> Answer {
        let form = format!("client_id=app42&client_secret=app42-secret&code={code}&state=ignored");
        let url = format!("{}/oauth/access_token", self.base);
        curl(&[accept, &["--data-raw", &form, &url]].concat())
    }
}

#[test]
fn the_alias_answers_as_it_is_asked() {
    let intra = intra();
    let mut browser = Browser::new(&intra.base);
    let code = intra.code(&mut browser, "/oauth/authorize", "public,projects");
    assert!(code.len() == 64 && code.bytes().all(|b| b.is_ascii_hexdigit()), "{code}");
    let form = intra.alias(&code, &[]);
    assert_eq!(form.status, 200);
    let token = form.body.strip_prefix("access_token=").and_then(|rest| rest.split('&').next()).expect(&form.body);
    assert_eq!(form.body, format!("access_token={token}&scope=public%2Cprojects&token_type=bearer"));

    // While that token lives, the page is skipped; without scopes it is those of last time.
    let code = intra.code(&mut browser, "/v2/oauth/authorize", "");
    let json = intra.alias(&code, &["-H", "Accept: application/json"]).json();
    assert_eq!((json["scope"].as_str(), json["token_type"].as_str()), (Some("public,projects"), Some("bearer")));
    let code = intra.code(&mut browser, "/oauth/authorize", "public");
    let xml = intra.alias(&code, &["-H", "Accept: application/xml"]).body;
    assert!(xml.starts_with("<OAuth><token_type>bearer</token_type><scope>public</scope><access_token>"), "{xml}");

    let again = intra.alias(&code, &["-H", "Accept: application/json"]);
    assert_eq!(again.status, 200, "errors of the alias are told with 200");
    assert!(again.body.contains("bad_verification_code"), "{}", again.body);
    assert_eq!(curl(&["-H", &format!("Authorization: token {token}"), &format!("{}/v2/me", intra.base)]).status, 200);
    assert_eq!(curl(&[&format!("{}/v2/projects/1?access_token={token}", intra.base)]).status, 200);
}

#[test]
fn the_token_endpoint_gives_what_doorkeeper_gave() {
    let intra = intra();
    let mut browser = Browser::new(&intra.base);
    let code = intra.code(&mut browser, "/oauth/authorize", "user,public,user:email");
    let url = format!("{}/oauth/token", intra.base);
    let redeem = |code: &str| {
        let form = ["-F", "grant_type=authorization_code", "-F", "client_id=app42", "-F", "client_secret=app42-secret"];
        let code = format!("code={code}");
        curl(&[&form[..], &["-F", &code, "-F", &format!("redirect_uri={CALLBACK}"), &url]].concat())
    };
    let told = redeem(&code).json();
    assert_eq!(told["scope"], "user public", "what `user` holds is not granted beside it");
    let token = told["access_token"].as_str().expect("a token").to_owned();
    assert!(token.len() == 64 && told["refresh_token"].as_str().is_some_and(|token| token.len() == 64));
    let info = curl(&[&format!("{url}/info?access_token={token}")]).json();
    assert_eq!((&info["resource_owner_id"], &info["scopes"]), (&42.into(), &serde_json::json!(["user", "public"])));
    let mail = curl(&["-H", &format!("Authorization: Bearer {token}"), &format!("{}/user/emails/1", intra.base)]);
    assert_eq!(mail.status, 200, "user holds user:email");
    let again = redeem(&code);
    assert_eq!((again.status, again.json()["error"].as_str()), (401, Some("invalid_grant")));
    let dead = curl(&["-H", &format!("Authorization: Bearer {token}"), &format!("{}/v2/me", intra.base)]);
    assert_eq!(dead.status, 401);
}
