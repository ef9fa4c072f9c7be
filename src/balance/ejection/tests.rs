//! Groups of servers, faults in any order, and what must hold after each.

use std::time::Duration;

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};

use super::{Effect, Rule, judge};
use crate::balance::condition::{Conditions, Fault};
use crate::balance::moment::Moment;
use crate::balance::two_choices;
use crate::balance::vital::{Standing, Vital};

const SECOND: Duration = Duration::from_secs(1);

fn rule() -> Rule {
    let spans = (Duration::from_secs(10), Duration::from_secs(60));
    Rule { on: Conditions::GATEWAY, failures: 3, spans, max_percent: 50 }
}

fn servers(count: usize) -> Vec<Vital> {
    (0..count).map(|_| Vital::new()).collect()
}

fn fail(group: &[Vital], index: usize, fault: Fault, now: Moment) -> Effect {
    judge(&group.iter().collect::<Vec<_>>(), index, fault, Some(rule()), now)
}

#[test]
fn so_many_faults_in_a_row_eject_and_one_success_forgives() {
    let group = servers(3);
    let reset = |at| fail(&group, 0, Fault::Reset, Moment(at));
    assert_eq!([reset(1), reset(2)], [Effect::Counted; 2]);
    group[0].well();
    assert_eq!([reset(3), reset(4)], [Effect::Counted; 2]);
    assert_eq!(reset(5), Effect::Ejected(10 * SECOND));
    assert_eq!(reset(6), Effect::Counted, "those on their way say nothing new");
    assert_eq!(group[0].standing(Moment(10_004)), Standing::Ejected);
    assert!(matches!(group[0].standing(Moment(10_005)), Standing::Warming(_)));
}

#[test]
fn each_absence_soon_after_another_is_twice_as_long() {
    let group = servers(3);
    let mut now = Moment(1);
    let spans: Vec<_> = (0..5)
        .map(|_| {
            let effect = (0..3).fold(None, |_, _| Some(fail(&group, 0, Fault::Timeout, now)));
            let Some(Effect::Ejected(span)) = effect else { panic!("{effect:?}") };
            now = now.after(span + SECOND);
            group[0].standing(now);
            span.as_secs()
        })
        .collect();
    assert_eq!(spans, [10, 20, 40, 60, 60]);
    now = now.after(61 * SECOND);
    let effect = (0..3).fold(None, |_, _| Some(fail(&group, 0, Fault::Timeout, now)));
    assert_eq!(effect, Some(Effect::Ejected(10 * SECOND)), "good for longer than it was out");
}

#[test]
fn half_of_the_servers_stay_whatever_happens() {
    let group = servers(4);
    let eject = |index: usize| (0..3).fold(None, |_, _| Some(fail(&group, index, Fault::Status(503), Moment(5))));
    assert_eq!([eject(0), eject(1)], [Some(Effect::Ejected(10 * SECOND)); 2]);
    assert_eq!([eject(2), eject(3)], [Some(Effect::TooManyOut); 2]);
}

#[test]
fn a_server_that_takes_no_connection_rests_at_once_and_in_the_end_is_ejected() {
    let group = servers(2);
    let mut now = Moment(1);
    let effects: Vec<_> = (0..4)
        .map(|_| {
            let effect = fail(&group, 0, Fault::Connect, now);
            let (Effect::Resting(span) | Effect::Ejected(span)) = effect else { panic!("{effect:?}") };
            now = now.after(span);
            group[0].standing(now);
            effect
        })
        .collect();
    let rest = |millis| Effect::Resting(Duration::from_millis(millis));
    assert_eq!(effects, [rest(500), rest(1000), Effect::Ejected(10 * SECOND), rest(10_000)]);
}

#[test]
fn a_server_that_stands_alone_is_never_passed_over() {
    let group = servers(1);
    for at in 0..20 {
        assert_eq!(fail(&group, 0, Fault::Connect, Moment(at)), Effect::Counted);
    }
    assert!(group[0].is_plain());
}

#[test]
fn without_a_rule_only_rests_are_left() {
    let group = servers(2);
    let refs: Vec<&Vital> = group.iter().collect();
    let effects =
        [Fault::Reset, Fault::Status(500), Fault::Timeout].map(|fault| judge(&refs, 0, fault, None, Moment(1)));
    assert_eq!(effects, [Effect::Counted; 3]);
    assert_eq!(judge(&refs, 0, Fault::Connect, None, Moment(1)), Effect::Resting(SECOND / 2));
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![Just(Fault::Connect), Just(Fault::Reset), Just(Fault::Timeout), (500_u16..=510).prop_map(Fault::Status),]
}

proptest! {
    #[test]
    fn the_share_that_is_ejected_stays_below_its_cap(
        count in 2_usize..8,
        max_percent in 1_u32..=100,
        events in prop::collection::vec((any::<prop::sample::Index>(), fault(), 0_u64..2_000), 1..200),
    ) {
        let group = servers(count);
        let refs: Vec<&Vital> = group.iter().collect();
        let rule = Rule { max_percent, ..rule() };
        let most = (count * max_percent as usize / 100).max(1);
        let mut now = Moment(1);
        for (index, fault, pause) in events {
            now = Moment(now.0 + pause);
            let before = refs.iter().filter(|v| v.standing(now) == Standing::Ejected).count();
            if let Effect::Ejected(span) = judge(&refs, index.index(count), fault, Some(rule), now) {
                prop_assert!(before < most);
                prop_assert!(span >= rule.spans.0 && span <= rule.spans.1);
            }
        }
    }

    #[test]
    fn an_ejected_server_is_never_asked_while_a_fit_one_is_there(
        fit in prop::collection::vec(any::<bool>(), 2..8),
        random: u64,
    ) {
        let group = servers(fit.len());
        for (vital, fit) in group.iter().zip(&fit) {
            if !fit {
                vital.pass_over(Moment(5), SECOND);
            }
        }
        let weight = |i: usize| group[i].share(Moment(6), Duration::ZERO);
        let picked = two_choices::pick(group.len(), weight, |_| 0, random);
        prop_assert_eq!(picked.is_some(), fit.contains(&true));
        prop_assert!(picked.is_none_or(|i| fit[i]));
    }
}
