//! What `tollgate explain` says about the rules of a route.

use crate::house::house;

#[test]
fn explain_says_what_would_be_applied() {
    let blocks = r#"
limits:
  per-client: { key: client_id, rate: 10/s, burst: 20 }
  at-once: { key: route, at_once: 5 }
routes:
  - name: things
    path: "/things/{id}/**"
    upstream: old
    access: public
    split: { key: sub, to: { new: 0.5 } }
    mirror: { upstream: shadow, share: 0.1 }
    rewrite: { path: "/t/{path.id}/{path.rest}" }
    limits: [per-client, at-once]
    cors: { origins: ["https://app.example.com"], credentials: true }
    compress: { encodings: [br, gzip] }
    maintenance: { allow: { addresses: [10.0.0.0/8] } }
"#;
    let upstreams = [("old", "builtin:echo"), ("new", "builtin:echo"), ("shadow", "builtin:echo")];
    let gateway = house("explain", &upstreams, blocks);
    let explained = |key: &str| {
        let output = gateway.cli(&["explain", "GET", "http://api.test/things/7/a", "--key", key]);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    let text = explained("user-1");
    for fact in [
        "/t/7/a",
        "per-client: 20 at once, then one every 100ms, by client_id",
        "at-once: 5 under way, by route",
        "by sub; user-1 goes to ",
        "10% to shadow",
        "https://app.example.com, with credentials",
        "br, gzip",
        "503 for everybody but 10.0.0.0/8",
    ] {
        assert!(text.contains(fact), "no `{fact}` in:\n{text}");
    }
    let ways = (0..20).map(|number| explained(&format!("user-{number}")).contains("goes to new"));
    let ways: Vec<bool> = ways.collect();
    assert!(ways.contains(&true) && ways.contains(&false), "{ways:?}");
}
