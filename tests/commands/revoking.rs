//! `token revoke` and `revocations`: which notice comes of which words, and that a
//! list survives its way out and in again.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tollgate::clock::{Seconds, UnixTime};
use tollgate::revocation::notice::Notice;
use tollgate::token::handle::{Handle, HandleKind};
use tollgate::token::id::{ClientId, FamilyId, IssuerName, KeyId, Subject};

use crate::support::{NOW, World};

fn notices(world: &World) -> Vec<Notice> {
    let mut notices = Vec::new();
    world.store.load_revocations(NOW, |notice| notices.push(notice)).unwrap();
    notices
}

fn notice(kind: HandleKind, issuer: &str, handle: Handle, issued_before: Option<UnixTime>, until: u64) -> Notice {
    Notice { kind, issuer: IssuerName::new(issuer), handle, issued_before, until: UnixTime(until) }
}

#[test]
fn each_handle_has_its_words() {
    let (main, partner) = (IssuerName::new("main"), IssuerName::new("partner"));
    let family = FamilyId([7; 16]);
    let (ours, foreign) = (NOW.0 + 600 + 60, NOW.0 + 86_400 + 60);
    let user = Handle::of_user(&main, &Subject::new("u-9"));
    let client = Handle::of_client(&partner, &ClientId::new("app"));
    let cases = [
        (
            format!("--family {family} --issuer main"),
            notice(HandleKind::Family, "main", Handle::of_family(&main, &family), None, ours),
        ),
        ("--user u-9 --issuer main".into(), notice(HandleKind::User, "main", user, Some(NOW), ours)),
        ("--client app --issuer partner".into(), notice(HandleKind::Client, "partner", client, Some(NOW), foreign)),
        (
            "--key k1 --issuer main".into(),
            notice(HandleKind::Key, "main", Handle::of_key(&main, &KeyId::new("k1")), None, ours),
        ),
        (
            "--issued-before --issuer main".into(),
            notice(HandleKind::Issuer, "main", Handle::of_issuer(&main), Some(NOW), ours),
        ),
        (
            "--user u-9 --issued-before 2020-01-01T00:00:00Z --until 1900000000 --issuer main".into(),
            notice(HandleKind::User, "main", user, Some(UnixTime(1_577_836_800)), 1_900_000_000),
        ),
    ];
    for (words, expected) in cases {
        let world = World::new();
        world.run(&format!("token revoke {words}"), "").result.unwrap();
        assert_eq!(notices(&world), [expected], "{words}");
    }
}

#[test]
fn a_user_is_found_by_name() {
    let world = World::new();
    world.run("user add alice --subject u-1", "pw\n").result.unwrap();
    world.run("token revoke --user alice --issuer main", "").result.unwrap();
    assert_eq!(notices(&world)[0].handle, Handle::of_user(&IssuerName::new("main"), &Subject::new("u-1")));
}

#[test]
fn a_jwt_is_called_back_by_what_it_says_until_it_ends() {
    let world = World::new();
    let jwt = |claims: &str| {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", part("{\"alg\":\"ES256\"}"), part(claims), part("signature"))
    };
    let end = NOW.0 + 1_000;
    let token = jwt(&format!("{{\"iss\":\"https://partner.example\",\"jti\":\"j-1\",\"exp\":{end}}}"));
    let heard = world.run("token revoke --token -", &format!("{token}\n"));
    heard.result.as_ref().unwrap();
    assert!(!heard.out.contains(&token) && !heard.talk.contains(&token));
    let partner = IssuerName::new("partner");
    let handle = Handle::of(HandleKind::Token, &partner, b"j-1");
    assert_eq!(notices(&world), [notice(HandleKind::Token, "partner", handle, None, end + 60)]);
    let stranger = jwt("{\"iss\":\"https://stranger.example\",\"jti\":\"j\"}");
    assert!(world.run("token revoke --token -", &stranger).failure().contains("https://stranger.example"));
    let ended = jwt("{\"iss\":\"https://main.example\",\"jti\":\"j\",\"exp\":1000}");
    assert!(world.run("token revoke --token -", &ended).talk.contains("ended already"));
    for nonsense in ["", "a.b", "a.!!.c", "tga_short"] {
        assert!(world.run("token revoke --token -", nonsense).failure().contains("no token of ours"), "{nonsense}");
    }
    assert_eq!(notices(&world).len(), 1);
}

#[test]
fn wrong_times_and_missing_issuers_are_usage() {
    let world = World::new();
    let soon = world.run("token revoke --user u --issued-before soon --issuer main", "");
    assert!(soon.failure().contains("is not a time"));
    assert_eq!(soon.result.unwrap_err().code(), 2);
    assert!(world.run("token revoke --user u", "").failure().contains("--issuer; there are: main, partner"));
    assert!(world.run("token revoke --family 12 --issuer main", "").failure().contains("32 hexadecimal digits"));
    assert!(notices(&world).is_empty());
}

#[test]
fn an_import_is_exact_and_can_be_repeated() {
    let world = World::new();
    let until = NOW.0 + 500;
    let line = |i: u32| format!("{{\"kind\":\"token\",\"issuer\":\"main\",\"value\":\"j-{i}\",\"until\":{until}}}\n");
    let mut lines: String = (0..25_000).map(line).collect();
    lines.push_str("\n{\"kind\":\"token\",\"issuer\":\"main\",\"value\":\"old\",\"until\":1000}\n");
    let heard = world.run("revocations import -", &lines);
    assert_eq!(heard.talk, "25000 revocations read, 25000 of them new; 1 had ended already.\n");
    let again = world.run("revocations import -", &lines);
    assert_eq!(again.talk, "25000 revocations read, 0 of them new; 1 had ended already.\n");
    let exported = world.run("revocations export", "").out;
    assert_eq!(exported.lines().count(), 25_000);
    let other = World::new();
    other.run("revocations import -", &exported).result.unwrap();
    let sorted = |world: &World| {
        let mut handles: Vec<Handle> = notices(world).iter().map(|n| n.handle).collect();
        handles.sort();
        handles
    };
    assert!(sorted(&world) == sorted(&other));
    let listed = world.run("revocations list --limit 3", "");
    assert_eq!(listed.out.lines().count(), 4);
    assert!(listed.talk.contains("3 of 25000 shown"));
    assert_eq!(world.run("revocations list --kind user -o json", "").out.trim(), "[]");
}

#[test]
fn a_bad_line_is_named_and_stops_the_import() {
    let world = World::new();
    let good = format!("{{\"kind\":\"token\",\"issuer\":\"main\",\"value\":\"j\",\"until\":{}}}\n", NOW.0 + 9);
    let cases = [
        ("{\"kind\":\"tokn\"}\n".to_owned(), "standard input:2: unknown kind `tokn`"),
        (good.replace("main", "mian"), "standard input:2: issuer `mian` is not in the configuration"),
        ("x".repeat(20_000), "standard input:2: longer than"),
    ];
    for (bad, expected) in cases {
        let failure = world.run("revocations import -", &format!("{good}{bad}")).failure();
        assert!(failure.contains(expected), "{failure}");
        assert!(failure.ends_with("nothing was imported"), "{failure}");
    }
    assert!(notices(&world).is_empty());
    assert!(world.run("revocations import /nowhere/at/all", "").failure().contains("cannot read `/nowhere/at/all`"));
}

#[test]
fn pruning_removes_only_what_ended() {
    let world = World::new();
    let main = IssuerName::new("main");
    let of = |name: &str, until: u64| {
        notice(HandleKind::Token, "main", Handle::of(HandleKind::Token, &main, name.as_bytes()), None, until)
    };
    let both = vec![of("old", NOW.0), of("live", NOW.after(Seconds(1)).0)];
    world.store.record_revocations(both, "test").unwrap();
    assert_eq!(world.run("revocations prune", "").talk, "1 ended revocations removed.\n");
    assert_eq!(notices(&world), [of("live", NOW.0 + 1)]);
}
