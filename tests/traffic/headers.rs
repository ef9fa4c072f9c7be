//! Header rules in both directions, and what they cannot be made to do.

use crate::house::{clear, get, get_from, house, of_user};
use crate::support::backend::Backend;
use crate::wire::ask;

const ROUTES: &str = r#"
defaults:
  request_id: true
  response: { headers: { Strict-Transport-Security: max-age=31536000, X-Frame-Options: DENY }, remove: [Server, X-Powered-By] }
routes:
  - name: things
    path: "/things/{id}"
    upstream: backend
    access: token
    forward:
      headers: { X-User: "{sub}", X-Thing: "{path.id}" }
      add: { X-Via: "{method} {host}{path} for {remote_addr}", X-Tag: ours, X-Who: "{sub}" }
      remove: [X-Debug]
    response: { headers: { X-Frame-Options: SAMEORIGIN, X-Request: "{request_id}", X-For: "{sub}" }, add: { Vary: X-Tenant } }
  - { name: open, path: /open, upstream: backend, access: public, forward: { add: { X-Who: "{sub}" } } }
"#;

const SAYS: &str = "HTTP/1.1 200 OK\r\nserver: old/1.0\r\nx-powered-by: php\r\nx-frame-options: ALLOW\r\nvary: Accept\r\n\
                    x-request-id: theirs\r\nx-for: somebody\r\ncontent-length: 2\r\n\r\nok";

#[test]
fn lines_are_removed_set_and_added_on_both_ways() {
    let backend = Backend::start(|_| SAYS.as_bytes().to_vec());
    let gateway = house("header-rules", &[("backend", &backend.url())], ROUTES);
    let user = of_user(&gateway, "ana", "read");
    let lines = [&*user, "x-debug: 1", "X_Debug: 2", "x-tag: theirs", "x-user: evil", "x-who: evil", "x-thing: evil"];
    let answer = get(&gateway, "/things/7", &lines);
    let seen = &backend.seen()[0];
    assert_eq!(
        (seen.header("x-user"), seen.header("x-thing")),
        (vec!["u-ana"], vec!["7"]),
        "the caller's own are gone"
    );
    assert_eq!(seen.header("x-via"), ["GET api.test/things/7 for 127.0.0.1"]);
    assert_eq!(seen.header("x-tag"), ["theirs", "ours"], "added beside what came");
    assert_eq!(seen.header("x-who"), ["evil", "u-ana"], "what is only added guarantees nothing");
    assert!(seen.header("x-debug").is_empty() && seen.header("x_debug").is_empty());
    assert_eq!(answer.header("x-frame-options"), Some("SAMEORIGIN"), "the route's own wins");
    assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"));
    assert_eq!(answer.all("vary"), ["Accept", "X-Tenant"]);
    assert_eq!(answer.header("x-for"), Some("u-ana"));
    assert!(answer.all("server").is_empty() && answer.all("x-powered-by").is_empty());
    assert_eq!(answer.header("x-request"), answer.header("x-request-id"));
    let refused = get(&gateway, "/things/7", &[]);
    assert_eq!((refused.status, refused.header("strict-transport-security").is_some()), (401, true), "refusals too");
    assert!(refused.header("www-authenticate").is_some() && refused.all("x-for").is_empty());
    assert_eq!(get(&gateway, "/open", &[]).status, 200);
    assert_eq!(backend.seen()[1].header("x-who"), Vec::<&str>::new(), "nobody is known: nothing is added");
}

#[test]
fn what_belongs_to_no_route_has_an_id_too_where_the_defaults_say_so() {
    let backend = Backend::ok();
    let routes = "routes: [{ path: /a, upstream: backend, access: public }]";
    for (name, defaults, named) in [("ids", "defaults: { request_id: true }\n", true), ("no-ids", "", false)] {
        let gateway = house(name, &[("backend", &backend.url())], &format!("{defaults}{routes}"));
        for (path, status) in [("/a", 200), ("/nowhere", 404), ("/x/../y", 400), ("/oauth2/jwks", 200)] {
            let answer = get(&gateway, path, &[]);
            assert_eq!((answer.status, answer.header("x-request-id").is_some()), (status, named), "{path}");
            let line: serde_json::Value = serde_json::from_str(&gateway.line().expect("a line")).expect("JSON");
            assert_eq!(line["request_id"].as_str(), answer.header("x-request-id"), "{path}");
        }
    }
}

#[test]
fn no_value_ends_a_line() {
    let backend = Backend::ok();
    let gateway = house("header-attack", &[("backend", &backend.url())], ROUTES);
    let user = of_user(&gateway, "lines", "read");
    let answer = get(&gateway, "/things/7", &[&user]);
    assert_eq!((answer.status, answer.header("x-for")), (200, Some("Zo%C3%AB%250D%250Ax-admin: yes")));
    let seen = &backend.seen()[0];
    assert_eq!(seen.header("x-user"), ["Zo%C3%AB%250D%250Ax-admin: yes"]);
    assert!(seen.header("x-admin").is_empty() && answer.all("x-admin").is_empty());
    for path in ["/things/%0d%0ax-admin:%20yes", "/things/a%0ab", "/things/%00"] {
        assert_eq!(get(&gateway, path, &[&user]).status, 400, "{path}");
    }
    assert_eq!(backend.seen().len(), 1);
}

#[test]
fn each_request_has_one_id_and_strangers_do_not_choose_it() {
    let backend = Backend::start(|_| SAYS.as_bytes().to_vec());
    let gateway = house("request-id", &[("backend", &backend.url())], ROUTES);
    let mut ids = std::collections::HashSet::new();
    for lie in ["x-request-id: chosen", "X_Request_Id: chosen", "x-other: 1"] {
        let answer = get(&gateway, "/open", &[lie]);
        let id = answer.header("x-request-id").expect("an id").to_owned();
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        let seen = backend.seen();
        assert_eq!(seen.last().expect("a request").header("x-request-id"), [&*id], "the backend is told the same");
        assert!(ids.insert(id));
    }
    let given = get_from(&gateway, "203.0.113.9", "/open", &["x-request-id: Root=1-67891233-abc"]);
    assert_eq!(given.header("x-request-id"), Some("Root=1-67891233-abc"), "a trusted proxy's is kept");
    for bad in ["x-request-id: a b", "x-request-id: {\"a\":1}", &format!("x-request-id: {}", "a".repeat(129))] {
        let answer = get_from(&gateway, "203.0.113.9", "/open", &[bad]);
        assert_eq!(answer.header("x-request-id").map(str::len), Some(32), "{bad}");
    }
    let logged: Vec<String> = std::iter::from_fn(|| gateway.line()).take(7).collect();
    for id in &ids {
        assert!(logged.iter().any(|line| line.contains(&format!("\"request_id\":\"{id}\""))), "{id} in {logged:#?}");
    }
    let head = ask(clear(&gateway), "GET /things/1 HTTP/1.1", &[], b"");
    assert_eq!((head.status, head.header("x-request-id").is_some()), (401, true), "a refusal can be found in the logs");
}
