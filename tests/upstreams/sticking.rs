//! The same key finds the same server, also when others come and go.

use std::collections::BTreeMap;

use crate::gateway::{Caller, start};
use crate::server::Server;
use crate::support::gateway::Gateway;
use crate::support::token::post;

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

/// A gateway of whose tokens `balance` reads a part, in front of these servers.
fn with_tokens(name: &str, servers: &str, balance: &str) -> Gateway {
    let users: Vec<String> =
        (0..KEYS).map(|n| format!("      - {{ name: user-{n}, password: \"${{env:P:-p4ssw0rd}}\" }}\n")).collect();
    let yaml = format!(
        r#"version: 1
listeners: {{ public: {{ address: "127.0.0.1:0", tls: self-signed }}, clear: {{ address: "127.0.0.1:0" }} }}
issuers:
  main:
    url: https://issuer.example
    host: any
    scopes: {{ read: Read }}
    throttle: {{ per_address: 100000, free_failures: 1000, within: 15m }}
    clients:
      - {{ id: shop, secret: "${{env:S:-shop-secret}}", grants: [password], scopes: [read] }}
    users:
{}upstreams:
  b: {{ servers: [{servers}], balance: {balance} }}
routes: [{{ name: all, path: /x, upstream: b, access: token }}]
store: {{ folder: "${{env:TOLLGATE_STATE:-state}}" }}
runtime: {{ workers: 2 }}
"#,
        users.concat()
    );
    Gateway::start(name, &yaml)
}

#[test]
fn a_person_stays_with_a_server_whatever_token_he_brings() {
    let servers: Vec<Server> = ["one", "two", "three"].map(Server::start).into();
    let list = servers.iter().map(Server::url).collect::<Vec<_>>().join(", ");
    let token = |gateway: &Gateway, key: usize| {
        let name = format!("user-{key}");
        let fields = [("grant_type", "password"), ("username", &*name), ("password", "p4ssw0rd"), ("scope", "read")];
        let answer = post(gateway, "token", "shop:shop-secret", &fields);
        format!("authorization: Bearer {}\r\n", answer.json()["access_token"].as_str().expect("a token"))
    };
    let by_subject = with_tokens("sticking-sub", &list, "hash(sub)");
    let tokens: Vec<String> = (0..KEYS).map(|key| token(&by_subject, key)).collect();
    let first = owners(&mut Caller::of(&by_subject), |key| tokens[key].clone());
    let names: std::collections::BTreeSet<&String> = first.values().collect();
    assert_eq!(names.len(), 3, "{first:?}");
    for _ in 0..3 {
        assert_eq!(owners(&mut Caller::of(&by_subject), |key| tokens[key].clone()), first, "whichever worker is asked");
    }
    let fresh = token(&by_subject, 7);
    assert_eq!(Caller::of(&by_subject).ask("GET", "/x", &fresh).body, first[&7], "another token of the same person");
    // A header that says another name does not matter.
    let lie = format!("{}x-sub: user-1\r\nsub: user-1\r\n", tokens[0]);
    assert_eq!(Caller::of(&by_subject).ask("GET", "/x", &lie).body, first[&0]);
    // The same by the name of a claim, at another gateway.
    let by_claim = with_tokens("sticking-claim", &list, "hash(claims.sub)");
    let tokens: Vec<String> = (0..KEYS).map(|key| token(&by_claim, key)).collect();
    assert_eq!(owners(&mut Caller::of(&by_claim), |key| tokens[key].clone()), first);
    let by_client = with_tokens("sticking-client", &list, "hash(client_id)");
    let mut caller = Caller::of(&by_client);
    let all: std::collections::BTreeSet<String> =
        (0..6).map(|key| caller.ask("GET", "/x", &token(&by_client, key)).body).collect();
    assert_eq!(all.len(), 1, "all of one client go to one server");
}
