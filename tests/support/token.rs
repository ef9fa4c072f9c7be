//! The token endpoints as a client uses them, by curl.

use super::gateway::Gateway;
use super::http::{Answer, curl};

/// Posts a form to an endpoint of the issuer, authenticated as `client` (`id:secret`).
pub fn post(gateway: &Gateway, endpoint: &str, client: &str, fields: &[(&str, &str)]) -> Answer {
    let url = format!("{}/oauth2/{endpoint}", gateway.https("public"));
    let mut args = vec!["-u".to_owned(), client.to_owned(), url];
    for (name, value) in fields {
        args.push("--data-urlencode".to_owned());
        args.push(format!("{name}={value}"));
    }
    curl(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

/// An access token of the client itself.
pub fn client_credentials(gateway: &Gateway, client: &str, scope: &str) -> String {
    let answer = post(gateway, "token", client, &[("grant_type", "client_credentials"), ("scope", scope)]);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["access_token"].as_str().expect("an access token").to_owned()
}

/// Access and refresh token of `ana`.
pub fn sign_in(gateway: &Gateway) -> (String, String) {
    let fields = [("grant_type", "password"), ("username", "ana"), ("password", "p4ssw0rd"), ("scope", "read write")];
    let answer = post(gateway, "token", "shop:shop-secret", &fields);
    assert_eq!(answer.status, 200, "{answer:?}");
    let json = answer.json();
    let text = |name: &str| json[name].as_str().expect("a token").to_owned();
    (text("access_token"), text("refresh_token"))
}

/// One refresh.
pub fn refresh(gateway: &Gateway, token: &str) -> Answer {
    post(gateway, "token", "shop:shop-secret", &[("grant_type", "refresh_token"), ("refresh_token", token)])
}

/// The status of `METHOD /things/1` with that token.
pub fn call(gateway: &Gateway, method: &str, token: &str) -> Answer {
    let url = format!("{}/things/1", gateway.https("public"));
    curl(&["-X", method, "-H", &format!("Authorization: Bearer {token}"), &url])
}
