//! The same key finds the same server, also when others come and go.

use std::collections::BTreeMap;

use crate::gateway::{Caller, start};
use crate::server::Server;

const KEYS: usize = 40;

fn owners(caller: &mut Caller, line: impl Fn(usize) -> String) -> BTreeMap<usize, String> {
    let ask = |key: usize, caller: &mut Caller| {
        let got = caller.ask("GET", "/x", &line(key));
        assert_eq!(got.status, 200);
        got.body
    };
    (0..KEYS).map(|key| (key, ask(key, caller))).collect()
}

#[test]
fn a_key_stays_with_its_server_and_only_a_dead_servers_keys_move() {
    let mut servers: Vec<Server> = ["one", "two", "three"].map(Server::start).into();
    let list: Vec<String> = servers.iter().map(Server::url).collect();
    let servers_key = format!("servers: [{}]", list.join(", "));
    let gateway = start("sticking", &format!("{{ {servers_key}, balance: hash(header X-Key) }}"));
    let line = |key: usize| format!("x-key: user-{key}\r\n");
    let first = owners(&mut Caller::of(&gateway), line);
    let names: std::collections::BTreeSet<&String> = first.values().collect();
    assert_eq!(names.len(), 3, "{first:?}");
    for _ in 0..3 {
        assert_eq!(owners(&mut Caller::of(&gateway), line), first, "whichever worker is asked");
    }
    // Another gateway of the same file agrees.
    let second = start("sticking-too", &format!("{{ {servers_key}, balance: hash(cookie k) }}"));
    let cookie = |key: usize| format!("cookie: a=b; k=user-{key}\r\n");
    assert_eq!(owners(&mut Caller::of(&second), cookie), first);

    servers[1].kill();
    let after = owners(&mut Caller::of(&gateway), line);
    for (key, owner) in &first {
        let now = &after[key];
        assert!(if owner == "two" { now != "two" } else { now == owner }, "{key}: {owner} then {now}");
    }
}
