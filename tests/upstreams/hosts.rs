//! Which host a server is asked for: the caller's, or the one that the file gives.

use crate::gateway::{Caller, start};
use crate::server::Server;

#[test]
fn a_server_that_knows_its_own_name_only_is_asked_for_it() {
    let server = Server::start("virtual");
    let gateway =
        start("host", &format!("{{ servers: [{}], host: api.internal, health: {{ path: /healthz }} }}", server.url()));
    let mut caller = Caller::of(&gateway);
    for _ in 0..2 {
        assert_eq!(caller.get("/x").status, 200);
        let head = server.mood.last.lock().expect("unpoisoned").to_ascii_lowercase();
        assert!(head.contains("\r\nhost: api.internal\r\n"), "{head}");
        assert!(head.contains("\r\nx-forwarded-host: a.test\r\n"), "{head}");
        assert!(head.contains("host=\"a.test\""), "{head}");
        assert_eq!(head.matches("\nhost: ").count(), 1, "{head}");
    }
    let plain = start("host-plain", &format!("{{ servers: [{}] }}", server.url()));
    assert_eq!(Caller::of(&plain).get("/x").status, 200);
    let head = server.mood.last.lock().expect("unpoisoned").to_ascii_lowercase();
    assert!(head.contains("\r\nhost: a.test\r\n"), "{head}");
}
