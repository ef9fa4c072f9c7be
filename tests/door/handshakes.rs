//! Handshakes that begin and do not go on: what they take from others.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::version::TLS13;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use rustls_pki_types::ServerName;
use tollgate::snapshot::{Door, DoorLimits, PerAddress};

use crate::house::{House, limits};
use crate::tls::{client, door};
use crate::wire::{Wire, tcp};

/// The beginning of a ClientHello that never ends.
const BEGUN: &[u8] = b"\x16\x03\x01\x02\x00\x01";

/// A house that shakes hands under `limits`, and a caller who trusts it.
fn house(limits: DoorLimits, workers: usize) -> (House, Arc<ClientConfig>) {
    let (config, roots) = door(&["a.example"]);
    (House::open(vec![(Door::Tls(config), limits)], workers), client(roots, &TLS13, &["http/1.1"]))
}

/// A caller who goes all the way.
fn whole(at: SocketAddr, config: &Arc<ClientConfig>) -> Wire<StreamOwned<ClientConnection, std::net::TcpStream>> {
    let name = ServerName::try_from("a.example").expect("a name");
    let session = ClientConnection::new(Arc::clone(config), name).expect("a session");
    Wire::over(StreamOwned::new(session, tcp(at)))
}

fn under_way(house: &House) -> usize {
    house.shared.doors[0].half_open.count()
}

#[test]
fn at_the_bound_a_newcomer_waits_until_a_slow_one_has_made_room() {
    let (house, config) = house(DoorLimits { handshakes: 2, ..limits() }, 1);
    let mut slow: Vec<_> = (0..2).map(|_| Wire::sending(house.address(), BEGUN)).collect();
    house.eventually("two are under way", || under_way(&house) == 2);
    let mut caller = whole(house.address(), &config);
    assert_eq!(caller.get("/in").body, "/in");
    assert!(slow[0].is_closed(), "the oldest has made room");
    house.eventually_counts(&["tls_handshakes_total", "crowded_out", " 1"]);
    house.eventually_counts(&["connections_held_back_total", "door-0", " 1"]);
    house.eventually("the other one was left alone", || under_way(&house) == 1);
    assert_eq!(caller.get("/on").body, "/on");
    drop(slow);
    house.eventually("who has left is forgotten", || under_way(&house) == 0);
}

#[test]
fn a_flood_of_half_open_handshakes_holds_no_more_than_the_bound() {
    let (house, config) = house(DoorLimits { handshakes: 16, ..limits() }, 2);
    let mut settled = whole(house.address(), &config);
    assert_eq!(settled.get("/before").body, "/before");
    let flood: Vec<_> = (0..64).map(|_| Wire::sending(house.address(), BEGUN)).collect();
    let mut most = 0;
    let mut caller = whole(house.address(), &config);
    let newcomer = std::thread::spawn(move || caller.get("/new").body);
    while !newcomer.is_finished() {
        most = most.max(under_way(&house));
        assert_eq!(settled.get("/during").body, "/during");
    }
    assert_eq!(newcomer.join().expect("no panic"), "/new");
    assert!(most <= 16, "{most}");
    // All of the flood are there, and who made room for the newcomer is gone.
    house.eventually("as many as may be", || under_way(&house) >= 15);
    drop(flood);
}

#[test]
fn an_address_has_its_share_of_them() {
    let per_address = PerAddress { handshakes: Some(1), ..PerAddress::default() };
    let (house, config) = house(DoorLimits { per_address, ..limits() }, 2);
    let slow = Wire::sending(house.address(), BEGUN);
    house.eventually("one is under way", || under_way(&house) == 1);
    assert!(Wire::connect(house.address()).is_closed());
    house.eventually_counts(&["connection_refusals_total", "address_handshakes", " 1"]);
    drop(slow);
    house.eventually("it has ended", || under_way(&house) == 0);
    let through = (0..3).map(|_| {
        let mut caller = whole(house.address(), &config);
        assert_eq!(caller.get("/in").body, "/in", "those who are through do not count");
        caller
    });
    assert_eq!(through.collect::<Vec<_>>().len(), 3);
}
