//! The throttle against the clock: how many tries are free, how waits grow, and that
//! nobody can lock another out.

use std::collections::HashMap;
use std::net::IpAddr;

use super::{ADDRESS_WAIT_MOST, MAX_ENTRIES, PAIR_WAIT_MOST, Party, Throttle};
use crate::clock::{Seconds, UnixTime};
use crate::dialect::Dialect;
use crate::oauth::issuer::{Issuer, KeySettings, RefreshSettings, ThrottleSettings, TokenFormat, TokenSettings};
use crate::token::id::IssuerName;
use crate::token::key::Algorithm;

const NOW: UnixTime = UnixTime(1_700_000_000);
const ANA: Party<'_> = Party::User("ana");

fn issuer() -> Issuer {
    Issuer {
        name: IssuerName::new("main"),
        profile: 0,
        url: "https://a.example".into(),
        base: "/oauth2".into(),
        token: TokenSettings { format: TokenFormat::Jwt, lifetime: Some(Seconds(600)), ..TokenSettings::default() },
        refresh: RefreshSettings { rotate: true, grace: Seconds(10), ..RefreshSettings::default() },
        keys: KeySettings {
            algorithm: Algorithm::Es256,
            given: None,
            rotate: None,
            publish_ahead: Seconds(0),
            keep_verifying: Seconds(0),
        },
        catalogue: Vec::new(),
        default_scopes: None,
        scope_rules: Default::default(),
        dialect: std::sync::Arc::new(Dialect::standard()),
        clients: HashMap::new(),
        users: HashMap::new(),
        generate_client: None,
        cors_origins: Vec::new(),
        assertions: None,
        throttle: ThrottleSettings { per_address: 3, free_failures: 10, within: Seconds(900) },
        people: None,
        registration: None,
    }
}

fn address(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

#[test]
fn an_address_has_its_share_of_each_second() {
    let (throttle, issuer) = (Throttle::new(), issuer());
    for _ in 0..3 {
        assert_eq!(throttle.admit(&issuer, address(1), NOW), Ok(()));
    }
    assert_eq!(throttle.admit(&issuer, address(1), NOW), Err(Seconds(1)));
    assert_eq!(throttle.admit(&issuer, address(2), NOW), Ok(()), "another address is not affected");
    assert_eq!(throttle.admit(&issuer, address(1), NOW.after(Seconds(1))), Ok(()));
}

#[test]
fn one_ipv6_network_is_one_address() {
    let (throttle, issuer) = (Throttle::new(), issuer());
    let six = |text: &str| text.parse::<IpAddr>().unwrap();
    for text in ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:1"] {
        assert_eq!(throttle.admit(&issuer, six(text), NOW), Ok(()));
    }
    assert!(throttle.admit(&issuer, six("2001:db8::3"), NOW).is_err());
    assert_eq!(throttle.admit(&issuer, six("2001:db8:0:1::1"), NOW), Ok(()));
    assert_eq!(throttle.admit(&issuer, six("::ffff:192.0.2.9"), NOW), Ok(()));
}

#[test]
fn ten_failures_are_free_and_then_waits_double() {
    let (throttle, issuer) = (Throttle::new(), issuer());
    for i in 0..10 {
        assert_eq!(throttle.may_try(&issuer, address(1), ANA, NOW), Ok(()), "try {i}");
        throttle.failed(&issuer, address(1), ANA, NOW);
    }
    let mut now = NOW;
    for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, PAIR_WAIT_MOST.0, PAIR_WAIT_MOST.0] {
        assert_eq!(throttle.may_try(&issuer, address(1), ANA, now), Err(Seconds(wait)));
        now = now.after(Seconds(wait));
        assert_eq!(throttle.may_try(&issuer, address(1), ANA, now), Ok(()));
        throttle.failed(&issuer, address(1), ANA, now);
    }
}

#[test]
fn nobody_locks_another_out() {
    let (throttle, issuer) = (Throttle::new(), issuer());
    for _ in 0..50 {
        throttle.failed(&issuer, address(1), ANA, NOW);
    }
    assert!(throttle.may_try(&issuer, address(1), ANA, NOW).is_err());
    assert_eq!(throttle.may_try(&issuer, address(2), ANA, NOW), Ok(()), "the same name from elsewhere");
    assert_eq!(throttle.may_try(&issuer, address(1), Party::User("bob"), NOW), Ok(()), "another name from there");
    assert_eq!(throttle.may_try(&issuer, address(1), Party::Client("ana"), NOW), Ok(()), "a client is no user");
}

#[test]
fn spraying_slows_the_address_but_not_who_signed_in_from_there() {
    let (throttle, issuer) = (Throttle::new(), issuer());
    throttle.failed(&issuer, address(1), Party::User("typo"), NOW);
    throttle.succeeded(&issuer, address(1), ANA, NOW);
    for i in 0..200 {
        throttle.failed(&issuer, address(1), Party::User(&format!("user{i}")), NOW);
    }
    assert_eq!(throttle.may_try(&issuer, address(1), Party::User("new"), NOW), Err(ADDRESS_WAIT_MOST));
    assert_eq!(throttle.may_try(&issuer, address(1), ANA, NOW), Ok(()));
    assert_eq!(throttle.may_try(&issuer, address(2), Party::User("new"), NOW), Ok(()));
}

#[test]
fn success_and_time_forgive() {
    let (throttle, issuer) = (Throttle::new(), issuer());
    for _ in 0..12 {
        throttle.failed(&issuer, address(1), ANA, NOW);
    }
    throttle.succeeded(&issuer, address(1), ANA, NOW);
    assert_eq!(throttle.may_try(&issuer, address(1), ANA, NOW), Ok(()));
    for _ in 0..9 {
        throttle.failed(&issuer, address(1), ANA, NOW);
    }
    let later = NOW.after(Seconds(900));
    throttle.failed(&issuer, address(1), ANA, later);
    assert_eq!(throttle.may_try(&issuer, address(1), ANA, later), Ok(()), "nine old failures are forgotten");
}

#[test]
fn tables_are_bounded_and_swept() {
    let (throttle, issuer) = (Throttle::new(), issuer());
    for i in 0..MAX_ENTRIES + 100 {
        throttle.failed(&issuer, address(1), Party::User(&i.to_string()), NOW);
    }
    assert!(throttle.len() <= MAX_ENTRIES, "{}", throttle.len());
    assert_eq!(throttle.sweep(NOW.after(Seconds(899))), 0);
    assert!(throttle.sweep(NOW.after(Seconds(901))) > 0);
    assert!(throttle.is_empty());
}
