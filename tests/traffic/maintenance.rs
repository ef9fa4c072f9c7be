//! Closed routes: everybody is told when to come back, and who works on them gets in.

use crate::house::{clear, get, get_from, house, of_client};
use crate::support::backend::Backend;
use crate::wire::ask;

const ROUTES: &str = r#"
routes:
  - { path: /closed/**, upstream: backend, access: token, maintenance: { message: Back at six, retry_after: 10m, allow: { addresses: [203.0.113.0/24] } } }
  - { path: /ours/**, upstream: backend, access: scope read, maintenance: { allow: { scopes: [[read, admin]] } } }
  - { path: /open/**, upstream: backend, access: public }
"#;

#[test]
fn a_closed_route_says_so_in_a_form_the_caller_reads() {
    let backend = Backend::ok();
    let gateway = house("maintenance", &[("backend", &backend.url())], ROUTES);
    let answer = get(&gateway, "/closed/x", &[]);
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("600")));
    assert_eq!(
        (answer.json()["reason"].as_str(), answer.json()["message"].as_str()),
        (Some("maintenance"), Some("Back at six"))
    );
    let page = get(&gateway, "/closed/x", &["accept: text/html,*/*;q=0.8", "authorization: Bearer nonsense"]);
    assert_eq!((page.status, page.text().as_str()), (503, "Back at six\n"), "nothing is said about tokens");
    let posted = ask(clear(&gateway), "POST /closed/x HTTP/1.1", &[], b"a body that nobody reads");
    assert_eq!(posted.status, 503);
    assert_eq!((get(&gateway, "/open/x", &[]).status, backend.seen().len()), (200, 1));
}

#[test]
fn one_route_stays_open_where_the_defaults_close_all() {
    let backend = Backend::ok();
    let blocks = r#"
defaults: { maintenance: {}, cors: { origins: https://app.example }, compress: {}, request_id: true }
routes:
  - { path: /status, upstream: backend, access: public, maintenance: off, cors: off, compress: off }
  - { path: /**, upstream: backend, access: public }
"#;
    let gateway = house("maintenance-but-one", &[("backend", &backend.url())], blocks);
    let origin = "origin: https://app.example";
    let open = get(&gateway, "/status", &[origin]);
    assert_eq!((open.status, open.header("access-control-allow-origin")), (200, None));
    let closed = get(&gateway, "/anything", &[origin]);
    assert_eq!((closed.status, closed.header("access-control-allow-origin")), (503, Some("https://app.example")));
}

#[test]
fn who_works_on_it_gets_in_by_address_or_scope() {
    let backend = Backend::ok();
    let gateway = house("maintenance-allow", &[("backend", &backend.url())], ROUTES);
    let (worker, reader) = (of_client(&gateway, "shop", "read admin"), of_client(&gateway, "shop", "read"));
    assert_eq!(get_from(&gateway, "203.0.113.7", "/closed/x", &[&reader]).status, 200);
    assert_eq!(get_from(&gateway, "203.0.113.7", "/closed/x", &[]).status, 401, "the door is open, the lock is not");
    assert_eq!(get_from(&gateway, "198.51.100.1", "/closed/x", &[&reader]).status, 503);
    assert_eq!(get(&gateway, "/closed/x", &[&reader, "x-forwarded-for: 203.0.113.7"]).status, 503, "not by saying so");
    assert_eq!(get(&gateway, "/ours/x", &[&worker]).status, 200);
    for lines in [vec![&*reader], vec![], vec!["authorization: Bearer nonsense"]] {
        assert_eq!(get(&gateway, "/ours/x", &lines).status, 503, "{lines:?}");
    }
    assert_eq!(backend.seen().len(), 2);
}
