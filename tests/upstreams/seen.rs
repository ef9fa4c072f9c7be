//! What an operator sees of a request that went wrong or took a detour: one line of the
//! access log with the server, the tries and the reason, and a series with the same reason.

use serde_json::Value;

use crate::gateway::{Caller, metric, start, until};
use crate::server::Server;
use crate::support::gateway::Gateway;

/// The next line of the access log.
fn line(gateway: &Gateway) -> Value {
    serde_json::from_str(&gateway.line().expect("a line")).expect("JSON")
}

#[test]
fn the_log_names_the_server_that_answered_and_counts_the_tries_before_it() {
    let (mut dead, good) = (Server::start("dead"), Server::start("good"));
    dead.kill();
    let gateway = start("seen", &format!("{{ servers: [{}, {}], balance: round-robin }}", dead.url(), good.url()));
    let mut caller = Caller::of(&gateway);
    let mut retried = 0;
    for _ in 0..4 {
        assert_eq!(caller.get("/x").status, 200);
        let said = line(&gateway);
        assert_eq!(
            (said["server"].as_str(), said["protocol"].as_str()),
            (Some(&*good.address.to_string()), Some("HTTP/1.1"))
        );
        retried += said["retries"].as_u64().unwrap_or(0);
    }
    assert_eq!(retried, 1, "the dead one is passed over after its first");
    assert_eq!(metric(&gateway, "tollgate_upstream_retries_total", "upstream=\"b\""), Some(1.0));
}

#[test]
fn a_failure_has_one_reason_in_body_log_and_metric() {
    let mut gone = Server::start("gone");
    gone.kill();
    let hanging = Server::start("hanging");
    let cases = [
        (format!("{{ servers: [{}] }}", gone.url()), "/x", 502, "upstream_connect"),
        (
            format!("{{ servers: [{}], timeouts: {{ first_byte: 200ms }} }}", hanging.url()),
            "/hold",
            504,
            "upstream_timeout",
        ),
        ("{ servers: [\"http://name.invalid\"] }".to_owned(), "/x", 503, "upstream_unresolved"),
    ];
    for (upstream, path, status, reason) in cases {
        let gateway = start("reason", &upstream);
        let got = Caller::of(&gateway).get(path);
        let said = line(&gateway);
        assert_eq!((got.status, got.reason().as_str()), (status, reason));
        assert_eq!((said["status"].as_u64(), said["reason"].as_str()), (Some(status.into()), Some(reason)));
        let server = said["server"].as_str().map(str::to_owned);
        assert_eq!(server.is_some(), reason != "upstream_unresolved", "{said}");
        let series = format!("reason=\"{reason}\",upstream=\"b\"");
        assert_eq!(metric(&gateway, "tollgate_request_reasons_total", &series), Some(1.0), "{reason}");
    }
}

#[test]
fn who_left_while_a_server_was_silent_is_told_of_with_the_server() {
    let hanging = Server::start("hanging");
    let gateway = start("left", &format!("{{ servers: [{}] }}", hanging.url()));
    let mut caller = std::net::TcpStream::connect(gateway.address("clear")).expect("a connection");
    std::io::Write::write_all(&mut caller, b"GET /hold HTTP/1.1\r\nhost: a\r\n\r\n").expect("sent");
    until("the server has the request", || hanging.mood.held.load(std::sync::atomic::Ordering::SeqCst) == 1);
    reset(caller);
    let said = line(&gateway);
    assert_eq!((said["reason"].as_str(), said["status"].as_u64()), (Some("client_closed"), Some(0)), "{said}");
    assert_eq!(said["server"].as_str(), Some(&*hanging.address.to_string()));
    assert_eq!(
        metric(&gateway, "tollgate_request_reasons_total", "reason=\"client_closed\",upstream=\"-\""),
        Some(1.0)
    );
}

/// Ends a connection so that the other side sees at once that nobody is there.
fn reset(stream: std::net::TcpStream) {
    rustix::net::sockopt::set_socket_linger(&stream, Some(std::time::Duration::ZERO)).expect("the option");
    drop(stream);
}
