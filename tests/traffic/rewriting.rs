//! Paths on their way to a backend: what they become, and what none may become.

use crate::house::{get, house, of_user};
use crate::support::backend::Backend;

const ROUTES: &str = r#"
routes:
  - { path: /v1/**, upstream: backend, access: public, rewrite: { replace_prefix: { from: /v1, to: /api/v2 } } }
  - { path: /bare/**, upstream: backend, access: public, rewrite: { replace_prefix: { from: /bare, to: / } } }
  - { path: "/shops/{shop}/items/{id}/**", upstream: backend, access: public, rewrite: { path: "/items/{path.id}/of/{path.shop}/{path.rest}" } }
  - { path: /me/**, upstream: backend, access: token, rewrite: { path: "/users/{sub}/{path.rest}" } }
  - { path: /old/**, upstream: backend, access: public, rewrite: { regex: { match: "/old/(?<id>[0-9]+)(/.*)?", to: "/new{2}/{id}" } } }
  - { path: /odd/**, upstream: backend, access: public, rewrite: { regex: { match: "/odd/(.*)", to: "/{1}/../admin" } } }
"#;

#[test]
fn each_way_of_rewriting() {
    let backend = Backend::ok();
    let gateway = house("rewrite", &[("backend", &backend.url())], ROUTES);
    let user = of_user(&gateway, "ana", "read");
    let cases = [
        ("/v1/x/y?a=1&b=%2F", "/api/v2/x/y?a=1&b=%2F"),
        ("/v1", "/api/v2"),
        ("/v1/", "/api/v2/"),
        ("/bare", "/"),
        ("/bare/x", "/x"),
        ("/shops/s1/items/7/parts/2", "/items/7/of/s1/parts/2"),
        ("/shops/caf%c3%a9/items/7/", "/items/7/of/caf%C3%A9/"),
        ("/me/orders?open", "/users/u-ana/orders?open"),
        ("/old/7/x", "/new/x/7"),
        ("/old/7", "/new/7"),
        ("/old/word", "/old/word"),
    ];
    for (path, becomes) in cases {
        assert_eq!(get(&gateway, path, &[&user]).status, 200, "{path}");
        let seen = backend.seen();
        assert_eq!(seen.last().expect("a request").head[0], format!("GET {becomes} HTTP/1.1"), "{path}");
    }
}

#[test]
fn nothing_is_rewritten_into_a_path_with_two_readings() {
    let backend = Backend::ok();
    let gateway = house("rewrite-attack", &[("backend", &backend.url())], ROUTES);
    for user in ["dots", "slash"] {
        let answer = get(&gateway, "/me/orders", &[&of_user(&gateway, user, "read")]);
        assert_eq!((answer.status, answer.json()["reason"].as_str()), (400, Some("rewrite_refused")), "{user}");
    }
    assert_eq!(get(&gateway, "/odd/x", &[]).status, 400, "the pattern's target leads up");
    for path in ["/v1/../admin", "/v1/%2e%2e/admin", "/v1/..%2fadmin", "/v1/x;y", "/shops/..%5c/items/1/"] {
        assert_eq!(get(&gateway, path, &[]).status, 400, "{path}");
    }
    assert_eq!(backend.seen().len(), 0);
    // Line ends in a subject are text of one segment, encoded, and so refused as well.
    let lines = get(&gateway, "/me/orders", &[&of_user(&gateway, "lines", "read")]);
    assert_eq!((lines.status, backend.seen().len()), (400, 0));
}

#[test]
fn redirects_and_fixed_answers_need_no_backend() {
    let blocks = r#"
routes:
  - { path: /old/**, redirect: { to: "https://new.test/{path.rest}" }, access: public }
  - { path: /here/**, redirect: { to: "http://{host}:8080{path}", status: 302 }, access: token }
  - { path: /robots.txt, answer: { body: "User-agent: *\n", type: text/plain }, access: public, response: { headers: { X-Own: "1" } } }
  - { path: /gone, answer: { status: 410 }, access: public }
"#;
    let gateway = house("own", &[("spare", "builtin:echo")], blocks);
    let moved = get(&gateway, "/old/a/b?q=1", &[]);
    assert_eq!((moved.status, moved.header("location")), (308, Some("https://new.test/a/b?q=1")));
    // Two slashes are one, so that no path can become somebody else's host.
    assert_eq!(get(&gateway, "/old//evil.test/x", &[]).header("location"), Some("https://new.test/evil.test/x"));
    let user = of_user(&gateway, "ana", "read");
    assert_eq!(get(&gateway, "/here/x", &[]).status, 401, "access comes first");
    let here = get(&gateway, "/here/x", &[&user]);
    assert_eq!((here.status, here.header("location")), (302, Some("http://api.test:8080/here/x")));
    let fixed = get(&gateway, "/robots.txt", &[]);
    assert_eq!((fixed.status, fixed.text().as_str(), fixed.header("x-own")), (200, "User-agent: *\n", Some("1")));
    assert_eq!(fixed.header("content-type"), Some("text/plain"));
    let gone = get(&gateway, "/gone", &[]);
    assert_eq!((gone.status, gone.body.len()), (410, 0));
}
