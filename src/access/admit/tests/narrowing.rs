//! A grant that its person narrowed: tokens that are out go on with what is left.

use std::sync::Arc;

use http::Method;
use serde_json::json;

use super::{NOW, World, lacks, verdict, world};
use crate::access::admit::Decision;
use crate::access::tenure::{Ending, Tenure};
use crate::clock::Seconds;
use crate::revocation::narrowing::Narrowing;
use crate::token::handle::Handle;
use crate::token::id::{FamilyId, IssuerName};
use crate::token::scope::Scopes;

fn narrow(world: &World, left: &str) {
    let issuer = IssuerName::new("main");
    let family = FamilyId::parse("000102030405060708090a0b0c0d0e0f").unwrap();
    let family = Handle::of_family(&issuer, &family);
    let left = Scopes::parse(left).unwrap();
    world.revoked.narrow(&Narrowing { issuer, family, left, until: NOW.after(Seconds(900)) });
}

#[test]
fn a_living_token_loses_what_was_taken_back() {
    for cache in [0, 10] {
        let mut world = world(cache);
        let token = world.token(json!({ "scope": "orders:read orders:write" }));
        let other = world.token(json!({ "scope": "orders:read orders:write", "fam": "ff".repeat(16), "jti": "j2" }));
        let post = |world: &mut World, token: &str| verdict(world.ask_at(Method::POST, token, NOW));
        assert_eq!(post(&mut world, &token), Ok(()));
        narrow(&world, "orders:read orders:delete");
        assert_eq!(post(&mut world, &token), lacks("orders:read orders:write"));
        assert_eq!(post(&mut world, &other), Ok(()), "another grant is not touched");
        for _ in 0..2 {
            let Decision::Permit(permit) = world.ask_at(Method::GET, &token, NOW) else { panic!("refused") };
            assert_eq!(&*permit.claims().unwrap().scope_text, "orders:read", "and the backend hears of no more");
        }
        narrow(&world, "orders:write");
        assert_eq!(world.get(&token), lacks("orders:read"), "nothing comes back by a second edit");
        world.revoked.forget(NOW.after(Seconds(900)));
    }
}

#[test]
fn what_lasts_ends_when_what_it_needs_was_taken_back() {
    let mut world = world(10);
    let token = world.token(json!({ "scope": "orders:read orders:write" }));
    let permit = |world: &mut World, method| match world.ask_at(method, &token, NOW) {
        Decision::Permit(permit) => permit,
        other => panic!("{other:?}"),
    };
    let (reads, writes) = (permit(&mut world, Method::GET), permit(&mut world, Method::POST));
    let policy = Arc::new(std::mem::take(&mut world.policy));
    let tenure = |permit| Tenure::of(&permit, &policy).unwrap();
    let (reads, writes) = (tenure(reads), tenure(writes));
    assert_eq!((reads.ended(&world.revoked, NOW), writes.ended(&world.revoked, NOW)), (None, None));
    narrow(&world, "orders:read");
    assert_eq!((reads.ended(&world.revoked, NOW), writes.ended(&world.revoked, NOW)), (None, Some(Ending::Narrowed)));
    narrow(&world, "orders:write");
    assert_eq!(reads.ended(&world.revoked, NOW), Some(Ending::Narrowed), "nothing is left");
}

#[test]
fn what_is_left_counts_with_what_it_holds() {
    let mut world = world(10);
    let implied = |text: &str| Scopes::parse(text).unwrap();
    let holder = implied("admin").iter().next().cloned().unwrap();
    world.policy.profiles[0].implies = vec![(holder, implied("orders:read"))];
    let token = world.token(json!({ "scope": "admin orders:write" }));
    narrow(&world, "admin orders:read");
    assert_eq!(world.get(&token), Ok(()), "admin holds orders:read");
}
