//! What operators of the five systems set and see beside the wire: warnings and counts of
//! secrets in URLs, the systems' own bounds on how often somebody may ask.

use std::io::Write as _;
use std::process::Stdio;

use crate::run::wire::backend;
use crate::support::example::{movable, shipped};
use crate::support::gateway::{Gateway, tollgate};
use crate::support::http::{Answer, curl, until};

/// A gateway of an example with changes, and the address of its API.
fn changed(name: &str, changes: &[(&str, &str)]) -> (Gateway, String, crate::support::backend::Backend) {
    let mut yaml = shipped(name);
    for (old, new) in changes {
        assert!(yaml.contains(old), "the example does not say `{old}`");
        yaml = yaml.replace(old, new);
    }
    let backend = backend();
    let example = movable(&yaml, &backend.url());
    let gateway = Gateway::start(name, &example.yaml);
    let api = gateway.https(&example.listeners[&8443]);
    (gateway, api, backend)
}

/// The value of a metric without labels.
fn metric(gateway: &Gateway, name: &str) -> Option<String> {
    let text = curl(&[&format!("http://{}/metrics", gateway.address("metrics"))]).body;
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned))
}

const CLIENT: &str = "client_id=21_1abc0def&client_secret=9xyz&grant_type=client_credentials";

#[test]
fn musement_secrets_in_urls_are_served_counted_and_warned_about_once_an_hour() {
    let (gateway, api, _backend) = changed("musement", &[]);
    let login = format!("{api}/api/v3/login");
    for _ in 0..3 {
        assert_eq!(curl(&[&format!("{login}?{CLIENT}")]).status, 200);
    }
    assert_eq!(curl(&["-d", CLIENT, &login]).status, 200, "by POST nothing is in the URL");
    until("each is counted", || metric(&gateway, "tollgate_secrets_in_url_total").as_deref() == Some("3"));
    let log = gateway.stderr();
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("puts secrets into URLs")).collect();
    assert_eq!(warnings.len(), 1, "{log}");
    assert!(warnings[0].contains("21_1abc0def") && !log.contains("9xyz"), "{log}");
}

#[test]
fn musement_secrets_in_urls_can_be_switched_off_for_a_client() {
    let (_gateway, api, _backend) = changed("musement", &[("secrets_in_url: served", "secrets_in_url: refused")]);
    let login = format!("{api}/api/v3/login");
    let told = curl(&[&format!("{login}?{CLIENT}")]);
    assert_eq!((told.status, told.json()["error"].as_str()), (400, Some("invalid_client")));
    assert_eq!(curl(&["-d", CLIENT, &login]).status, 200);
}

#[test]
fn musement_clients_that_present_tokens_in_a_deprecated_header_are_warned_about_once_an_hour() {
    let headers = "{ api: { headers: [{ name: Authentication, scheme: Bearer, use: deprecated }] } }";
    let dialect = format!("dialect: {{ preset: musement, set: {headers} }}");
    let (gateway, api, backend) = changed("musement", &[("dialect: musement", &dialect)]);
    let token = curl(&["-d", CLIENT, &format!("{api}/api/v3/login")]).json();
    let token = token["access_token"].as_str().expect("a token");
    let call = |header: &str| curl(&["-H", header, &format!("{api}/api/v3/cities")]).status;
    assert_eq!(call(&format!("Authorization: Bearer {token}")), 200);
    assert!(!gateway.stderr().contains("deprecated header"), "nobody used it");
    assert_eq!(call("Authentication: Bearer nobodys"), 401);
    for _ in 0..3 {
        assert_eq!(call(&format!("Authentication: Bearer {token}")), 200);
    }
    let log = gateway.stderr();
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("deprecated header")).collect();
    assert_eq!(warnings.len(), 1, "{log}");
    assert!(warnings[0].contains("21_1abc0def") && warnings[0].contains("authentication"), "{log}");
    assert!(!log.contains(token), "{log}");
    let seen = backend.seen();
    assert!(!seen.is_empty() && seen.iter().all(|seen| seen.header("authentication").is_empty()));
}

/// Runs a command beside the gateway; what it printed.
fn beside(gateway: &Gateway, args: &[&str], input: &str) -> String {
    let mut command = tollgate(gateway.folder.path(), args);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("spawned");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn bonfire_bots_and_their_client_are_kept_beside_the_file_while_the_gateway_runs() {
    let (gateway, api, _backend) = changed("bonfire", &[]);
    let folder = gateway.folder.path();
    std::fs::write(folder.join("app.key"), "0f0e0d0c-53c4-4f0e-9d7a-1f6f4a0c77d1\n").expect("a file");
    let client = "7c1f2c9e-53c4-4f0e-9d7a-1f6f4a0c7700";
    let mint = |key: &str, bot: &str| {
        let (header, form) =
            (format!("Authorization: Bearer {key}"), format!("grant_type=client_credentials&bots={bot}"));
        curl(&["-H", &header, "-d", &form, &format!("{api}/v1/oauth/bots")])
    };
    let (kept, of_file) = ("0f0e0d0c-53c4-4f0e-9d7a-1f6f4a0c77d1", "6b1f2c9e-53c4-4f0e-9d7a-1f6f4a0c77d1");
    assert_eq!(mint(kept, "-OoKept").status, 401, "asked before, and remembered");
    assert_eq!(mint(of_file, "-OoMore").status, 404);
    let grants = "client_credentials,refresh_token";
    let add = ["client", "add", client, "--secret-file", "app.key", "--grant", grants, "--scope", "users,posts"];
    beside(&gateway, &[&add[..], &["--field", "aid=7", "--field", "sid=9"]].concat(), "");
    beside(&gateway, &["bot", "add", "-OoKept", "--client", client, "--scope", "posts", "--field", "bid=31"], "");
    let owner = "e07ff46b-e2f6-49e5-f23f-c9d60885bba5";
    beside(&gateway, &["bot", "add", "--client", owner, "--field", "bid=32", "--", "-OoMore"], "");
    until("the client and its bot", || mint(kept, "-OoKept").status == 200);
    until("the bot of the file's client", || mint(of_file, "-OoMore").status == 200);
    let told = mint(kept, "-OoKept").json();
    let token = &told["data"]["tokens"]["-OoKept"];
    assert_eq!(token["scope"], "posts");
    let bearer = format!("Authorization: Bearer {}", token["access_token"].as_str().expect("a token"));
    let call = |path: &str| curl(&["-H", &bearer, &format!("{api}{path}")]).status;
    assert_eq!((call("/v1/posts/1"), call("/v1/users/1")), (200, 401));
    // The key itself is no access token, and a client that presents it need not refresh one.
    for (key, code) in [(kept, 401), (of_file, 401), ("nobodys-key", 450)] {
        let told = curl(&["-H", &format!("Authorization: Bearer {key}"), &format!("{api}/v1/posts/1")]);
        assert_eq!((told.status, told.json()["error"]["code"].as_u64()), (401, Some(code)), "{}", told.body);
    }
    let foreign = mint(kept, "-OoMore");
    assert_eq!((foreign.status, foreign.json()["error"]["code"].as_u64()), (401, Some(730)));
    beside(&gateway, &["bot", "rm", "--yes", "-OoKept"], "");
    until("its token is called back, though it has no end", || call("/v1/posts/1") == 401);
    let refresh =
        format!("grant_type=refresh_token&refresh_token={}", token["refresh_token"].as_str().expect("a token"));
    let renewed = curl(&["-H", &format!("Authorization: Bearer {kept}"), "-d", &refresh, &format!("{api}/v1/oauth")]);
    assert_eq!((renewed.status, renewed.json()["error"]["code"].as_u64()), (400, Some(451)));
    // A worker that still knows the bot is told by the store, which mints nothing: 503.
    until("nobody knows the bot", || mint(kept, "-OoKept").status == 404);
    assert_eq!(mint(kept, "-OoKept").json()["error"]["code"].as_u64(), Some(700));
    // The audit log says so.
    gateway.says("bot_changed");
    assert!(!gateway.stderr().contains(kept));
}

#[test]
fn bonfire_bots_with_an_end_are_called_back_by_what_their_tokens_call_them() {
    let never = "refresh: { machines: issued }";
    let (gateway, api, _backend) =
        changed("bonfire", &[(never, "refresh: { machines: never }\n    token: { lifetime: 1h }")]);
    let owner = "e07ff46b-e2f6-49e5-f23f-c9d60885bba5";
    let failed = gateway.cli(&["bot", "add", "--client", owner, "--", "-OoX"]);
    assert!(String::from_utf8_lossy(&failed.stderr).contains("the claim `bid`"), "{failed:?}");
    beside(&gateway, &["bot", "add", "--client", owner, "--field", "bid=41", "--", "-OoX"], "");
    let mint = || {
        let header = "Authorization: Bearer 6b1f2c9e-53c4-4f0e-9d7a-1f6f4a0c77d1";
        curl(&["-H", header, "-d", "grant_type=client_credentials&bots=-OoX", &format!("{api}/v1/oauth/bots")])
    };
    until("the bot", || mint().status == 200);
    let told = mint().json();
    let token = told["data"]["tokens"]["-OoX"]["access_token"].as_str().expect("a token").to_owned();
    let bearer = format!("Authorization: Bearer {token}");
    let call = || curl(&["-H", &bearer, &format!("{api}/v1/posts/1")]).status;
    assert_eq!(call(), 200);
    beside(&gateway, &["bot", "set", "--scope", "users", "--", "-OoX"], "");
    until("fewer scopes call it back", || call() == 401);
}

#[test]
fn musement_users_of_the_store_are_sent_with_what_the_backend_knows_them_by() {
    let with = "defaults:\n  forward: { user_token: {}, headers: {";
    let (gateway, api, backend) = changed("musement", &[("defaults:\n  forward: { headers: {", with)]);
    let folder = gateway.folder.path();
    let file = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a file");
    file("one", "bo-s-first\n");
    file("two", "bo-s-second\n");
    let add = ["user", "add", "bo@example.org", "--subject", "777", "--backend-token-file", "one"];
    beside(&gateway, &add, "p4ssw0rd\n");
    let form =
        "client_id=21_1abc0def&client_secret=9xyz&grant_type=password&username=bo%40example.org&password=p4ssw0rd";
    let sign_in = || curl(&["-d", form, &format!("{api}/api/v3/login")]);
    until("the user", || sign_in().status == 200);
    let token = sign_in().json();
    let bearer = format!("Authorization: Bearer {}", token["access_token"].as_str().expect("a token"));
    let sent = || {
        assert_eq!(curl(&["-H", &bearer, &format!("{api}/api/v3/customers/me")]).status, 200);
        let seen = backend.seen().pop().expect("a request");
        seen.header("authorization").first().map(|line| (*line).to_owned())
    };
    let reads = || {
        let text = curl(&[&format!("http://{}/metrics", gateway.address("metrics"))]).body;
        let line = "tollgate_store_duration_seconds_count{op=\"backend_token\"} ";
        text.lines().find_map(|found| found.strip_prefix(line).map(str::to_owned))
    };
    for _ in 0..5 {
        assert_eq!(sent().as_deref(), Some("Bearer bo-s-first"));
    }
    // What is remembered is emptied once more when the change that made the user arrives.
    let looks = reads().and_then(|count| count.parse::<u32>().ok());
    assert!(looks.is_some_and(|looks| (1..=2).contains(&looks)), "{looks:?} looks at the disk for five requests");
    beside(&gateway, &["user", "set", "bo@example.org", "--backend-token-file", "two"], "");
    until("the other token", || sent().as_deref() == Some("Bearer bo-s-second"));
    beside(&gateway, &["user", "set", "bo@example.org", "--no-backend-token"], "");
    until("no token", || sent().is_none());
    // The file's own user has none there, and nobody else's is looked for in her place.
    let database = rusqlite::Connection::open(folder.join("state/tollgate.db")).expect("the database");
    database.execute("UPDATE user SET subject = '501', backend_token = 'bo-s-third'", []).expect("a row");
    let form = form.replace("bo%40", "ana%40");
    let hers = curl(&["-d", &form, &format!("{api}/api/v3/login")]).json();
    let bearer = format!("Authorization: Bearer {}", hers["access_token"].as_str().expect("a token"));
    assert_eq!(curl(&["-H", &bearer, &format!("{api}/api/v3/customers/me")]).status, 200);
    assert!(backend.seen().pop().expect("a request").header("authorization").is_empty(), "hers is the file's word");
    let machine = curl(&["-d", CLIENT, &format!("{api}/api/v3/login")]).json();
    let bearer = format!("Authorization: Bearer {}", machine["access_token"].as_str().expect("a token"));
    assert_eq!(curl(&["-H", &bearer, &format!("{api}/api/v3/cities")]).status, 200);
    assert!(backend.seen().pop().expect("a request").header("authorization").is_empty(), "a client is nobody's user");
    let log = gateway.stderr();
    assert!(!log.contains("bo-s-"), "{log}");
}

#[test]
fn musement_secrets_in_urls_can_be_switched_off_for_a_client_of_the_store() {
    let (gateway, api, _backend) = changed("musement", &[]);
    std::fs::write(gateway.folder.path().join("secret"), "8abc\n").expect("a file");
    let add =
        ["client", "add", "22_kept", "--secret-file", "secret", "--grant", "client_credentials", "--scope", "user"];
    beside(&gateway, &add, "");
    let form = "client_id=22_kept&client_secret=8abc&grant_type=client_credentials";
    let by_get = || curl(&[&format!("{api}/api/v3/login?{form}")]).status;
    until("the client", || by_get() == 200);
    beside(&gateway, &["client", "set", "22_kept", "--secrets-in-url", "refused"], "");
    until("the refusal", || by_get() == 400);
    assert_eq!(curl(&["-d", form, &format!("{api}/api/v3/login")]).status, 200);
}

/// A token of 42's application, and a call with it.
fn app42(api: &str) -> impl Fn() -> Answer {
    let form = "grant_type=client_credentials&client_id=app42&client_secret=app42-secret";
    let token = curl(&["-d", form, &format!("{api}/oauth/token")]).json();
    let bearer = format!("Authorization: Bearer {}", token["access_token"].as_str().expect("a token"));
    let url = format!("{api}/v2/me");
    move || curl(&["-H", &bearer, &url])
}

#[test]
fn intra42_tokens_in_urls_are_served_counted_and_warned_about_once_an_hour() {
    let (gateway, api, _backend) = changed("intra42", &[]);
    let form = "grant_type=client_credentials&client_id=app42&client_secret=app42-secret";
    let token = curl(&["-d", form, &format!("{api}/oauth/token")]).json();
    let token = token["access_token"].as_str().expect("a token").to_owned();
    for _ in 0..3 {
        let told = curl(&[&format!("{api}/v2/me?access_token={token}")]);
        assert_eq!((told.status, told.header("cache-control")), (200, Some("no-store")));
    }
    until("each is counted", || metric(&gateway, "tollgate_secrets_in_url_total").as_deref() == Some("3"));
    let log = gateway.stderr();
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("token in the URL")).collect();
    assert_eq!(warnings.len(), 1, "{log}");
    assert!(warnings[0].contains("app42") && !log.contains(&token), "{log}");
}

#[test]
fn a_head_is_refused_without_a_body_over_http2_too() {
    let (_gateway, api, _backend) = changed("social-translator", &[]);
    for (path, status) in [("/auth/oauth2/token/", 405), ("/community/1", 401), ("/nothing", 404)] {
        let told = curl(&["--http2", "-I", &format!("{api}{path}")]);
        assert_eq!((told.status, told.body.as_str()), (status, ""), "{path}");
    }
}

/// What a start said that is in a line with all of these words.
fn said(log: &str, words: &[&str]) -> usize {
    log.lines().filter(|line| words.iter().all(|word| line.contains(word))).count()
}

#[test]
fn a_start_says_where_each_of_the_five_is_no_rfcs() {
    let (gateway, _api, _backend) = changed("five", &[]);
    let log = gateway.stderr();
    for words in [
        &["\"info\"", "comic", "status 201"][..],
        &["\"info\"", "comic", "user_bad 401 unauthorized_client"],
        &["\"warn\"", "translator", "milliseconds"],
        &["\"info\"", "translator", "refresh_bad 401 invalid_grant"],
        &["\"warn\"", "musement", "/api/v3/login", "in the URL"],
        &["\"info\"", "musement", "clients without a user get refresh tokens"],
        &["\"info\"", "intra", "/oauth/access_token", "3 formats"],
        &["\"info\"", "intra", "/oauth/token:", "scope_bad 401 invalid_scope"],
        &["\"info\"", "intra", "the API takes tokens in the URL"],
        &["\"warn\"", "bonfire", "access tokens never end"],
        &["\"info\"", "bonfire", "/v1/oauth: tokens come without token_type and expires_in"],
        &["\"info\"", "bonfire", "/v1/oauth: ", "refresh_bad 400 451"],
    ] {
        assert_eq!(said(&log, words), 1, "{words:?}\n{log}");
    }
    let (plain, _api, _backend) =
        changed("five", &[("dialect: social-translator", "dialect: { preset: social-translator, variant: deployed }")]);
    assert_eq!(said(&plain.stderr(), &["milliseconds"]), 0);
}

#[test]
fn a_backend_that_gives_no_answer_is_told_of_in_the_dialects_words() {
    // Nothing listens at the discard port.
    let example = movable(&shipped("bonfire"), "http://127.0.0.1:9");
    let gateway = Gateway::start("silent", &example.yaml);
    let api = gateway.https(&example.listeners[&8443]);
    let key = "Authorization: Bearer 6b1f2c9e-53c4-4f0e-9d7a-1f6f4a0c77d1";
    let bots = r#"{"grant_type":"client_credentials","bots":["-OoX6R1ba0eM5kwmB8n"]}"#;
    let json = "Content-Type: application/json";
    let told = curl(&["-H", key, "-H", json, "-d", bots, &format!("{api}/v1/oauth/bots")]).json();
    let token = told["data"]["tokens"]["-OoX6R1ba0eM5kwmB8n"]["access_token"].as_str().expect("a token").to_owned();
    let told = curl(&["-H", &format!("Authorization: Bearer {token}"), &format!("{api}/v1/users/1")]);
    assert_eq!((told.status, told.json()["error"]["code"].as_u64()), (502, Some(980)), "{}", told.body);
}

#[test]
fn intra42_an_application_may_ask_twice_a_second_where_the_operator_says_so() {
    let limits = "limits:\n  spam: { key: client_id, rate: 2/s, headers: x-ratelimit }\ndefaults:\n  limits: [spam]";
    let (_gateway, api, _backend) = changed("intra42", &[("defaults:", limits)]);
    let call = app42(&api);
    // Two a second, however fast they come: of ten at once most are too many.
    let answers: Vec<Answer> = (0..10).map(|_| call()).collect();
    let refused = answers.iter().find(|answer| answer.status == 429).expect("too many");
    assert_eq!(answers[0].status, 200);
    assert_eq!(answers[0].header("x-ratelimit-limit"), Some("2"));
    assert_eq!(refused.body, "429 Too Many Requests (Spam Rate Limit Exceeded)");
    assert_eq!(refused.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(refused.header("retry-after"), Some("1"));
}

#[test]
fn intra42_an_application_may_ask_so_often_an_hour_where_the_operator_says_so() {
    // 1,200 an hour of the page, here two.
    let limits =
        "limits:\n  hourly: { key: client_id, rate: 2/h, headers: x-ratelimit }\ndefaults:\n  limits: [hourly]";
    let (_gateway, api, _backend) = changed("intra42", &[("defaults:", limits)]);
    let call = app42(&api);
    assert_eq!([call().status, call().status], [200, 200]);
    let refused = call();
    assert_eq!((refused.status, refused.body.as_str()), (429, r#"{"error":"Too many requests within the hour"}"#));
    let wait: u64 = refused.header("retry-after").and_then(|wait| wait.parse().ok()).expect("when to come back");
    assert!((60..=3_600).contains(&wait), "{wait}");
}

#[test]
fn comic_clan_keys_of_refresh_tokens_are_turned_beside_those_of_access_tokens() {
    let (gateway, _api, _backend) = changed("comic-clan", &[]);
    let keys = |args: &[&str]| {
        let output = gateway.cli(&[&["keys", "-o", "json"], args].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let before = keys(&["list", "--refresh"]);
    let made: serde_json::Value = serde_json::from_str(&keys(&["rotate", "--refresh"])).expect("JSON");
    let kid = made["kid"].as_str().expect("a kid");
    assert!(!before.contains(kid), "{before}");
    let after = keys(&["list", "--refresh"]);
    assert!(after.contains(kid) && after.contains("RS256"), "{after}");
    assert!(keys(&["list"]).contains("from the configuration"), "those of access tokens are given");
    let (standard, _, _backend) = changed("musement", &[]);
    let refused = standard.cli(&["keys", "list", "--refresh"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("are not signed"), "{refused:?}");
}

#[test]
fn comic_clan_refresh_tokens_of_a_retired_key_are_none() {
    let (gateway, _api, _backend) = changed("comic-clan", &[]);
    let client = "24051793-7404-44b2-840c-7dda995065fe:1f9a6a54-7c77-435c-9f37-08dda099fd0b";
    let ask = |gateway: &Gateway, form: &str| {
        let url = format!("https://{}/oauth/token/", gateway.address("tokens"));
        curl(&["-u", client, "-d", form, &url])
    };
    let sign_in = "grant_type=password&username=example%40mail.com&password=p4ssw0rd";
    let given = ask(&gateway, sign_in).json();
    let refresh = format!("grant_type=refresh_token&refresh_token={}", given["refresh_token"].as_str().expect("one"));
    let keys = |args: &[&str]| {
        let output = gateway.cli(&[&["keys", "-o", "json", "--refresh"], args].concat());
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let before: serde_json::Value = serde_json::from_str(&keys(&["list"]).1).expect("JSON");
    let old = before[0]["kid"].as_str().expect("a kid").to_owned();
    assert!(!keys(&["retire", "--yes", &old]).0, "the key that signs cannot be retired");
    assert!(keys(&["rotate", "--now"]).0 && keys(&["retire", "--yes", &old]).0);
    assert!(!keys(&["list"]).1.contains(&old));
    let (_, folder) = gateway.stop();
    let again = Gateway::start_in(folder);
    let told = ask(&again, &refresh);
    let text = "The provided token is invalid or it is in an unsuported format";
    assert_eq!((told.status, told.json()["error_description"].as_str()), (401, Some(text)), "{}", told.body);
    assert_eq!(ask(&again, sign_in).status, 201, "with the new key everything goes on");
}
