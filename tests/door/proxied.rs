//! Callers that a proxy names: by the PROXY protocol, over TCP and paths, before clear
//! text and before TLS; and what a stranger gets who tries the same.

use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::version::TLS13;
use rustls::{ClientConnection, StreamOwned};
use rustls_pki_types::ServerName;
use tollgate::edge::listen::proxy_protocol::receive::TIME;
use tollgate::snapshot::{Door, DoorLimits, PerAddress, ProxyProtocol};

use crate::house::{House, limits};
use crate::pace::{note, undisturbed};
use crate::tls::{client, door};
use crate::wire::{Wire, tcp};

const LINE: &[u8] = b"PROXY TCP4 203.0.113.9 10.0.0.1 4711 443\r\n";
const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00";

/// Version 2, with the address 203.0.113.9 and a name in an extension.
fn binary() -> Vec<u8> {
    let block = [&[203, 0, 113, 9, 10, 0, 0, 1, 0x12, 0x67, 1, 187][..], &[2, 0, 3], b"a.b"].concat();
    let length = u16::try_from(block.len()).expect("short");
    [&b"\r\n\r\n\0\r\nQUIT\n\x21\x11"[..], &length.to_be_bytes(), &block].concat()
}

/// One clear door whose trusted proxies are this machine.
fn house(mode: ProxyProtocol, limits: DoorLimits) -> House {
    let house = House::clear(limits);
    house.reload(|listener| {
        listener.proxy_protocol = mode;
        listener.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    });
    house
}

fn facts(wire: &mut Wire) -> String {
    wire.get("/facts").body
}

#[test]
fn the_named_address_is_the_callers() {
    for mode in [ProxyProtocol::Accept, ProxyProtocol::Require] {
        let house = house(mode, limits());
        for header in [LINE.to_vec(), binary()] {
            let facts = facts(&mut Wire::sending(house.address(), &header));
            assert!(facts.contains("peer=203.0.113.9"), "{facts}");
        }
        let facts = facts(&mut Wire::sending(house.address(), LOCAL));
        assert!(facts.contains("peer=127.0.0.1"), "a health check is the proxy's own: {facts}");
    }
}

#[test]
fn a_header_in_pieces_with_the_request_behind_it() {
    let house = house(ProxyProtocol::Require, limits());
    for header in [LINE.to_vec(), binary()] {
        let whole = [&header[..], b"GET /facts HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
        for cut in [1, 5, 6, 11, 12, 15, 16, header.len() - 1, header.len(), header.len() + 9] {
            let mut wire = Wire::sending(house.address(), &whole[..cut]);
            // The gateway has surely seen the first piece when it has answered another caller.
            facts(&mut Wire::sending(house.address(), LINE));
            wire.send(&whole[cut..]);
            let facts = wire.answer().body;
            assert!(facts.contains("peer=203.0.113.9"), "cut at {cut}: {facts}");
        }
    }
}

#[test]
fn required_means_required_and_accepted_means_either() {
    let required = house(ProxyProtocol::Require, limits());
    assert!(Wire::sending(required.address(), b"GET /facts HTTP/1.1\r\nHost: a\r\n\r\n").gets_nothing());
    assert_eq!(required.served(), 0);
    required.eventually_counts(&["connection_refusals_total", "proxy_header", " 1"]);
    let accepted = house(ProxyProtocol::Accept, limits());
    let facts = facts(&mut Wire::connect(accepted.address()));
    assert!(facts.contains("peer=127.0.0.1"), "{facts}");
    let mut post = Wire::sending(accepted.address(), b"P");
    post.send(b"OST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(post.answer().body, "/post");
}

#[test]
fn broken_headers_are_closed_and_counted() {
    let house = house(ProxyProtocol::Accept, limits());
    let long = [&b"PROXY TCP4 "[..], &[b'1'; 200]].concat();
    for broken in
        [&b"PROXY TCP4 1.2.3.4\r\n"[..], &long, b"\r\n\r\n\0\r\nQUIT\n\x31\x11\x00\x00", b"PROXY TCP4 1.2.3.4\r!"]
    {
        assert!(Wire::sending(house.address(), broken).gets_nothing(), "{broken:?}");
    }
    assert_eq!(house.served(), 0);
    house.eventually_counts(&["connection_refusals_total", "proxy_header", " 4"]);
}

#[test]
fn a_header_that_does_not_end_is_not_waited_for() {
    undisturbed(TIME, || {
        let house = house(ProxyProtocol::Accept, limits());
        let begun = Instant::now();
        let slow = Wire::sending(house.address(), b"PROXY TCP4 203.0.113.9");
        let left = Wire::sending(house.address(), b"PROXY TCP4 203.0.113.9");
        left.finish_sending();
        house.eventually_counts(&["connection_refusals_total", "proxy_header", " 1"]);
        note(begun.elapsed());
        assert!(begun.elapsed() < TIME, "who has left is not waited for");
        assert!(slow.gets_nothing());
        assert!(begun.elapsed() >= TIME);
    });
}

#[test]
fn a_strangers_header_is_a_bad_request() {
    let house = House::clear(limits());
    house.reload(|listener| {
        listener.proxy_protocol = ProxyProtocol::Accept;
        listener.trusted_proxies = vec!["192.0.2.0/24".parse().expect("a network")];
    });
    let mut wire = Wire::sending(house.address(), LINE);
    assert_eq!(wire.answer().status, 400);
    let facts = facts(&mut Wire::connect(house.address()));
    assert!(facts.contains("peer=127.0.0.1"), "and without one he is served: {facts}");
}

#[test]
fn the_header_stands_before_tls() {
    let (config, roots) = door(&["a.example"]);
    let house = House::open(vec![(Door::Tls(config), limits())], 1);
    house.reload(|listener| {
        listener.proxy_protocol = ProxyProtocol::Require;
        listener.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")];
    });
    let mut stream = tcp(house.address());
    stream.write_all(&binary()).expect("sent");
    let name = ServerName::try_from("a.example").expect("a name");
    let session = ClientConnection::new(client(roots, &TLS13, &["http/1.1"]), name).expect("a session");
    let facts = Wire::over(StreamOwned::new(session, stream)).get("/facts").body;
    assert!(facts.contains("peer=203.0.113.9") && facts.contains("secure=true"), "{facts}");
}

#[test]
fn limits_per_address_are_those_of_the_named_address() {
    let per_address = PerAddress { connections: Some(1), rate: None, handshakes: None };
    let house = house(ProxyProtocol::Require, DoorLimits { per_address, ..limits() });
    let mut first = Wire::sending(house.address(), LINE);
    assert!(facts(&mut first).contains("peer=203.0.113.9"));
    assert!(Wire::sending(house.address(), &binary()).gets_nothing());
    house.eventually_counts(&["connection_refusals_total", "address_limit", " 1"]);
    let other = b"PROXY TCP4 203.0.113.10 10.0.0.1 4711 443\r\n";
    let mut second = Wire::sending(house.address(), other);
    assert!(facts(&mut second).contains("peer=203.0.113.10"));
    // The proxy itself is not counted.
    let _checks: Vec<_> = (0..4).map(|_| Wire::sending(house.address(), LOCAL)).collect();
    assert!(facts(&mut Wire::sending(house.address(), LOCAL)).contains("peer=127.0.0.1"));
}

#[test]
fn one_address_has_its_share_and_gets_it_back() {
    let per_address = PerAddress { connections: Some(2), rate: None, handshakes: None };
    let house = House::open(vec![(Door::Clear, DoorLimits { per_address, ..limits() })], 2);
    let mut first = Wire::connect(house.address());
    let mut second = Wire::connect(house.address());
    assert_eq!((first.get("/1").body, second.get("/2").body), ("/1".to_owned(), "/2".to_owned()));
    assert!(Wire::connect(house.address()).gets_nothing());
    house.eventually_counts(&["connection_refusals_total", "address_limit", " 1"]);
    assert_eq!(first.get("/1").body, "/1");
    drop(second);
    house.eventually("a place is free", || house.shared.doors[0].open() < 2);
    assert_eq!(Wire::connect(house.address()).get("/again").body, "/again");
}

#[test]
fn new_connections_of_one_address_have_a_rate() {
    let per_address = PerAddress { connections: None, rate: Some(5), handshakes: None };
    let house = House::clear(DoorLimits { per_address, ..limits() });
    let begun = Instant::now();
    let served = (0..40).filter(|_| !Wire::connect(house.address()).refuses("/x")).count();
    let most = 5 + usize::try_from(begun.elapsed().as_millis() / 200).expect("short") + 1;
    assert!((5..=most).contains(&served), "{served} of 40 in {:?}", begun.elapsed());
    house.eventually_counts(&["connection_refusals_total", "address_rate"]);
    house.eventually("the rate is refilled", || !Wire::connect(house.address()).refuses("/x"));
}

#[test]
fn a_path_is_a_door_like_any_other() {
    let (house, path) = House::at_a_path("plain", limits());
    let connect = || {
        let stream = UnixStream::connect(&path).expect("the door is open");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a deadline");
        Wire::over(stream)
    };
    let mut wire = connect();
    assert!(wire.get("/facts").body.contains("peer=127.0.0.1"));
    house.reload(|listener| {
        listener.proxy_protocol = ProxyProtocol::Accept;
        listener.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")];
    });
    let mut named = connect();
    named.send(&binary()[..14]);
    assert_eq!(wire.get("/meanwhile").body, "/meanwhile");
    named.send(&binary()[14..]);
    assert!(named.get("/facts").body.contains("peer=203.0.113.9"));
    drop((wire, named));
    let desk = Arc::clone(&house.desk);
    house.drain(Duration::from_secs(60), std::future::pending()).outcome();
    assert!(desk.served.load(std::sync::atomic::Ordering::SeqCst) >= 3);
    assert!(UnixStream::connect(&path).is_err());
    let _ = std::fs::remove_file(path);
}

/// What a refused caller sees: the end, or a reset.
trait Refused {
    fn gets_nothing(self) -> bool;
    fn refuses(self, path: &str) -> bool;
}

impl Refused for Wire<TcpStream> {
    fn gets_nothing(mut self) -> bool {
        self.rest_until_broken() == 0
    }

    fn refuses(self, path: &str) -> bool {
        self.ask_once(path).is_none()
    }
}
