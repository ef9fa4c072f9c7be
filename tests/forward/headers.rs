//! What a backend reads in the head, whatever the caller wrote.

use http::{HeaderName, HeaderValue, Method};
use tollgate::snapshot::Part;

use crate::backend::{OK, Then, says};
use crate::gateway::{Gateway, echo, route, token};
use crate::wire::{ask, get};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn identity_comes_from_the_token_and_from_nowhere_else() {
    let backend = says(OK, Then::Keep).await;
    let gateway = Gateway::serve(vec![
        route("/a", backend.address)
            .scoped(&[Method::GET], "a:read")
            .identity("x-user", Part::Subject)
            .identity("x-client", Part::Client)
            .identity("x-scopes", Part::Scope)
            .identity("x-mail", Part::Kept(0)),
    ]);
    let lies = "X-User: evil\nx_user: evil\nX.User: evil\nx-mail: evil\nX_Scopes: evil\nConnection: x-user, x-client";
    let token = token(&gateway, "alice", "a:read");
    let answer = get(gateway.address, "/a", &format!("authorization: Bearer {token}\n{lies}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(backend.header("x-user"), ["alice"]);
    assert_eq!(backend.header("x-client"), ["app"]);
    assert_eq!(backend.header("x-scopes"), ["a:read"]);
    assert!(!backend.only().contains("evil") && !backend.only().contains(&token), "{}", backend.only());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_public_route_removes_what_another_route_sets() {
    let backend = says(OK, Then::Keep).await;
    let gateway = Gateway::serve(vec![
        route("/public", backend.address),
        echo("/private").scoped(&[], "a:read").identity("x-user", Part::Subject),
    ]);
    assert_eq!(get(gateway.address, "/public", "x-user: evil\nX_USER: evil\nx-other: fine").await.status, 200);
    assert_eq!(backend.header("x-user"), Vec::<String>::new());
    assert_eq!(backend.header("x-other"), ["fine"]);
    assert!(!backend.only().contains("evil"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hop_by_hop_lines_end_here_and_forwarding_is_told_by_us() {
    let backend = says(OK, Then::Keep).await;
    let gateway = Gateway::serve(vec![route("/a", backend.address)]);
    let sent = "connection: x-hop\nx-hop: 1\nkeep-alive: timeout=9\nte: trailers\nupgrade: websocket\nproxy: evil\n\
                x-forwarded-for: 6.6.6.6\nx-forwarded-proto: evil\nforwarded: for=6.6.6.6\nx-real-ip: 6.6.6.6\n\
                x-original-url: /admin\nx-http-method-override: DELETE\nexpect: 100-continue\nx-kept: yes";
    assert_eq!(get(gateway.address, "/a", sent).await.status, 200);
    for gone in ["x-hop", "keep-alive", "upgrade", "proxy", "x-real-ip", "x-original-url", "expect"] {
        assert_eq!(backend.header(gone), Vec::<String>::new(), "{gone}");
    }
    // That trailers are welcome is said anew.
    assert_eq!((backend.header("connection"), backend.header("te")), (vec!["te".into()], vec!["trailers".into()]));
    assert_eq!(backend.header("x-kept"), ["yes"]);
    assert_eq!(backend.header("host"), ["api.test"]);
    assert_eq!(backend.header("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(backend.header("x-forwarded-proto"), ["http"]);
    assert_eq!(backend.header("x-forwarded-host"), ["api.test"]);
    assert_eq!(backend.header("forwarded"), ["for=127.0.0.1;proto=http;host=\"api.test\""]);
    assert!(!backend.only().contains("6.6.6.6"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trusted_proxy_is_believed() {
    let backend = says(OK, Then::Keep).await;
    let gateway = Gateway::with(vec![route("/a", backend.address)], |listener| {
        listener.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    });
    let sent = "x-forwarded-for: 203.0.113.9\nx-forwarded-proto: https\nforwarded: for=203.0.113.9";
    assert_eq!(get(gateway.address, "/a", sent).await.status, 200);
    assert_eq!(backend.header("x-forwarded-for"), ["203.0.113.9, 127.0.0.1"]);
    assert_eq!(backend.header("x-forwarded-proto"), ["https"]);
    assert_eq!(backend.header("forwarded"), ["for=203.0.113.9, for=127.0.0.1;proto=http;host=\"api.test\""]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_credential_is_stripped_kept_or_replaced_as_the_route_says() {
    let backend = says(OK, Then::Keep).await;
    let mut kept = route("/kept", backend.address);
    kept.plan.keep_authorization = true;
    let mut own = route("/own", backend.address);
    own.plan.set = vec![(HeaderName::from_static("authorization"), HeaderValue::from_static("Basic b3Vycw=="))];
    let gateway = Gateway::serve(vec![kept, own, route("/stripped", backend.address)]);
    for path in ["/kept", "/own", "/stripped"] {
        assert_eq!(get(gateway.address, path, "authorization: Bearer x").await.status, 200);
    }
    let requests = backend.requests();
    assert!(requests[0].contains("\r\nauthorization: Bearer x\r\n"));
    assert!(requests[1].contains("\r\nauthorization: Basic b3Vycw==\r\n") && !requests[1].contains("Bearer"));
    assert!(!requests[2].to_ascii_lowercase().contains("authorization"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trailers_never_say_who_passes() {
    let backend = says(OK, Then::Keep).await;
    let gateway = Gateway::serve(vec![route("/a", backend.address).identity("x-user", Part::Subject)]);
    let body = b"3\r\nabc\r\n0\r\nx-user: evil\r\nX_User: evil\r\nx-trailer: fine\r\n\r\n";
    let head = "POST /a HTTP/1.1\nhost: api.test\ntransfer-encoding: chunked\ntrailer: x-user";
    assert_eq!(ask(gateway.address, head, body).await.status, 200);
    assert!(!backend.only().contains("evil") && !backend.only().contains("\r\ntrailer"), "{}", backend.only());
    assert!(backend.only().ends_with("\r\n\r\n3\r\nabc\r\n0\r\nx-trailer: fine\r\n\r\n"), "{}", backend.only());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_echo_shows_what_a_backend_would_see() {
    let gateway = Gateway::serve(vec![echo("/e/**")]);
    let head = "POST /e/x?q=1 HTTP/1.1\nhost: api.test\nx-a: 1\nx-a: 2\ncontent-length: 5";
    let answer = ask(gateway.address, head, b"hello").await;
    let said = answer.json();
    assert_eq!((said["method"].as_str(), said["path"].as_str()), (Some("POST"), Some("/e/x")));
    assert_eq!((said["query"].as_str(), said["body"].as_str()), (Some("q=1"), Some("hello")));
    assert_eq!(said["body_bytes"], 5);
    assert_eq!(said["headers"]["x-a"], "1, 2");
    assert_eq!(said["headers"]["x-forwarded-for"], "127.0.0.1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn via_is_said_where_the_listener_has_a_name_for_it() {
    let backend = says("HTTP/1.0 200 OK\r\nvia: 1.1 behind\r\ncontent-length: 2\r\n\r\nok", Then::Keep).await;
    let named = Gateway::with(vec![route("/a", backend.address)], |listener| listener.via = Some("edge-1".into()));
    let answer = get(named.address, "/a", "via: 1.0 before, 2 other").await;
    assert_eq!(answer.all("via"), ["1.1 behind", "1.0 edge-1"], "by the version it came by");
    assert_eq!(backend.header("via"), ["1.0 before, 2 other", "1.1 edge-1"]);
    let backend = says(OK, Then::Keep).await;
    let silent = Gateway::serve(vec![route("/a", backend.address)]);
    let answer = get(silent.address, "/a", "via: 1.0 before").await;
    assert_eq!((answer.all("via"), backend.header("via")), (Vec::new(), Vec::new()));
}
