//! Opaque tokens: asked for once, then remembered like the others.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderMap, Method};

use super::{NOW, World, verdict, world};
use crate::access::admit::{Decision, Known, Presented, Question, admit_with};
use crate::access::denial::Denial;
use crate::access::route::Route;
use crate::access::verifier::OpaqueFacts;
use crate::clock::{Seconds, UnixTime};
use crate::random::SeededRandom;
use crate::revocation::notice::Notice;
use crate::token::handle::{Handle, HandleKind};
use crate::token::id::{ClientId, IssuerName, Subject};
use crate::token::opaque;
use crate::token::scope::Scopes;

fn row(issuer: usize, expires: Option<UnixTime>) -> OpaqueFacts {
    OpaqueFacts {
        issuer,
        token: Handle(42),
        family: None,
        client: ClientId::new("app"),
        subject: Subject::new("alice"),
        scopes: Scopes::parse("orders:read").unwrap(),
        issued: UnixTime(NOW.0 - 5),
        expires,
    }
}

#[test]
fn an_opaque_token_is_a_question_first() {
    for cache in [0, 10] {
        let mut world = world(cache);
        let token = opaque::mint(opaque::ACCESS_PREFIX, &SeededRandom::new(5));
        let other = opaque::mint(opaque::ACCESS_PREFIX, &SeededRandom::new(6));
        let question = |world: &mut World, token: &str, now| match world.ask_at(Method::GET, token, now) {
            Decision::Ask(question) => question,
            decision => panic!("{decision:?}"),
        };
        let asked = question(&mut world, token.expose(), NOW);
        let Question::Opaque { digest, issuers, .. } = &asked;
        assert_eq!((*digest, &issuers[..]), (token.digest(), &[1][..]));
        assert_eq!(asked.answer(None, &world.policy, NOW).unwrap_err(), Denial::Unknown);
        assert_eq!(asked.answer(Some(row(0, None)), &world.policy, NOW).unwrap_err(), Denial::Unknown);

        let answered = asked.answer(Some(row(1, Some(UnixTime(NOW.0 + 9)))), &world.policy, NOW).unwrap();
        let with = |world: &mut World, token: &str, answered| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
            let request = Presented { method: &Method::GET, headers: &headers, query: None, form: None };
            let (policy, rings) = (&world.policy, &world.rings[..]);
            let known = Known { policy, rings, revoked: &world.revoked, fingerprints: &world.fingerprints };
            admit_with(&world.route, &request, answered, &known, &mut world.seen, NOW)
        };
        let swapped = with(&mut world, other.expose(), answered.clone());
        assert!(matches!(swapped, Decision::Ask(_)), "an answer about another token");
        assert_eq!(verdict(with(&mut world, token.expose(), answered)), Ok(()));
        assert_eq!(world.seen.len(), usize::from(cache > 0));

        if cache > 0 {
            assert_eq!(world.get(token.expose()), Ok(()), "remembered");
            let late = world.ask_at(Method::GET, token.expose(), UnixTime(NOW.0 + 9));
            assert_eq!(verdict(late), Err(Denial::Expired));
            world.revoked.add(&Notice {
                kind: HandleKind::Token,
                issuer: IssuerName::new("legacy"),
                handle: Handle(42),
                issued_before: None,
                until: NOW.after(Seconds(60)),
            });
            assert_eq!(world.get(token.expose()), Err(Denial::Revoked));
            let endless = question(&mut world, other.expose(), NOW);
            let answered = endless.answer(Some(row(1, None)), &world.policy, NOW).unwrap();
            with(&mut world, other.expose(), answered);
            assert!(matches!(world.ask_at(Method::GET, other.expose(), UnixTime(NOW.0 + 60)), Decision::Ask(_)));
        }
    }
}

#[test]
fn opaque_shapes_that_cannot_be_ours_are_not_asked_for() {
    let mut world = world(10);
    let token = opaque::mint(opaque::ACCESS_PREFIX, &SeededRandom::new(5)).expose().to_owned();
    let refresh = opaque::mint(opaque::REFRESH_PREFIX, &SeededRandom::new(5)).expose().to_owned();
    for text in [&token[..token.len() - 1], &format!("{token}A"), &refresh, "tga_", &format!("{token}=")] {
        assert_eq!(world.get(text), Err(Denial::Malformed), "{text}");
    }
    world.route = Arc::new(Route { issuers: vec![0], ..(*world.route).clone() });
    assert_eq!(world.get(&token), Err(Denial::Malformed), "the route takes no opaque tokens");
}
