//! The laws of `AuthorizationStore` on the real file: one code of a request, one use of
//! a code, a replay that kills even what is just being made, and what is taken back.

use tollgate::clock::{Seconds, UnixTime};
use tollgate::oauth::application_store::{Alteration, Altered, ApplicationStore as _};
use tollgate::oauth::authorize::code::Code;
use tollgate::oauth::authorize::pending::Pending;
use tollgate::oauth::authorize::request::{Back, Prompt, Request, ResponseMode, Said};
use tollgate::oauth::authorize::store::{AuthorizationStore as _, CodeTaken, Left, Redemption, Sent};
use tollgate::oauth::client::{Application, Approval, PkceRule};
use tollgate::oauth::issuer::Sessions;
use tollgate::oauth::pkce::{Challenge, ChallengeMethod};
use tollgate::oauth::redirect::RedirectUri;
use tollgate::oauth::store::{Directory as _, Family, FamilyHandles, GrantStore as _, Taken};
use tollgate::store::Store;
use tollgate::token::handle::{Handle, HandleKind};
use tollgate::token::id::{ClientId, Subject, UserName};
use tollgate::token::scope::Scopes;

use crate::support::{NOW, Place, access, client, digest, main_issuer, notice, refresh, rotation, runtime};

fn scopes(text: &str) -> Scopes {
    Scopes::parse(text).unwrap()
}

fn challenge() -> Option<Challenge> {
    Some(Challenge { method: ChallengeMethod::S256, text: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned() })
}

fn back() -> Back {
    let (uri, state) = ("https://app.example/cb".to_owned(), Some("s 1".to_owned()));
    Back { uri, said: Said::Yes, mode: ResponseMode::FormPost, state }
}

fn code(text: &str) -> Code {
    Code {
        digest: digest(text),
        issuer: main_issuer(),
        client: ClientId::new("app"),
        back: back(),
        subject: Subject::new("u-1"),
        user: UserName::new("alice"),
        scopes: scopes("a b"),
        challenge: challenge(),
        nonce: Some("n".to_owned()),
        signed_in: UnixTime(NOW.0 - 9),
        issued: NOW,
        expires: NOW.after(Seconds(60)),
    }
}

fn pending(number: &str) -> Pending {
    Pending {
        number: digest(number),
        issuer: main_issuer(),
        browser: digest("browser"),
        request: Request {
            client: ClientId::new("app"),
            back: back(),
            scope: Some(vec!["a".to_owned(), "b".to_owned()]),
            challenge: challenge(),
            nonce: Some("n".to_owned()),
            prompt: Prompt { consent: true, ..Prompt::default() },
            login_hint: Some("alice".to_owned()),
            max_age: Some(Seconds(30)),
        },
        stale: Some(digest("session")),
        expires: NOW.after(Seconds(600)),
    }
}

fn family(of: &Code) -> Family {
    let issuer = main_issuer();
    Family {
        id: of.family(),
        client: of.client.clone(),
        subject: of.subject.clone(),
        user: of.user.clone(),
        scopes: of.scopes.clone(),
        handles: FamilyHandles {
            family: Handle::of_family(&issuer, &of.family()),
            user: Handle::of_user(&issuer, &of.subject),
            client: Handle::of_client(&issuer, &of.client),
            issuer: Handle::of_issuer(&issuer),
        },
        opened: NOW,
        expires: Some(NOW.after(Seconds(1000))),
        issuer,
    }
}

fn redemption(of: &Code, mark: &str) -> Redemption {
    let family = family(of);
    let mut token = access(&format!("access {mark}"), Some(&family), Some(NOW.after(Seconds(300))));
    (token.subject, token.scopes) = (of.subject.clone(), scopes("a b"));
    Redemption {
        code: of.digest,
        now: NOW,
        refresh: Some(refresh(&format!("refresh {mark}"))),
        access: Some(token),
        sessions: Sessions::Many,
        on_replay: notice(HandleKind::Family, family.handles.family, None),
        family,
    }
}

#[test]
fn a_request_is_kept_whole_and_answered_once() {
    let (place, runtime) = (Place::new(), runtime());
    let store = place.open();
    runtime.block_on(store.keep_pending(pending("p1"))).unwrap();
    let found = runtime.block_on(store.find_pending(digest("p1"), NOW)).unwrap().expect("it waits");
    assert_eq!(found.request, pending("p1").request);
    assert_eq!((found.browser, found.stale), (digest("browser"), Some(digest("session"))));
    assert!(runtime.block_on(store.find_pending(digest("p1"), NOW.after(Seconds(600)))).unwrap().is_none(), "ended");
    let sent = |text: &str| runtime.block_on(store.send_code(code(text), Some(digest("p1")))).unwrap();
    assert_eq!((sent("c1"), sent("c2")), (Sent::Done, Sent::Gone), "one code of a request");
    assert!(runtime.block_on(store.find_code(digest("c2"))).unwrap().is_none());
    let kept = runtime.block_on(store.find_code(digest("c1"))).unwrap().unwrap();
    let expected = Code { back: Back { mode: ResponseMode::Query, state: None, ..back() }, ..code("c1") };
    assert_eq!((kept.code, kept.used), (expected, false));
    assert_eq!(runtime.block_on(store.drop_pending(digest("p1"))).unwrap(), Sent::Gone);
}

/// Two hundred redemptions of one code at once, each with tokens of its own: one is
/// first, and since others came, what it made is dead, in this process and after it.
#[test]
fn of_many_redemptions_at_once_one_is_first_and_its_tokens_die() {
    let (place, runtime) = (Place::new(), runtime());
    {
        let store = place.open();
        runtime.block_on(store.send_code(code("c"), None)).unwrap();
        let outcomes: Vec<CodeTaken> = runtime.block_on(async {
            let redeem = |i: u32| {
                let store = store.clone();
                tokio::spawn(async move { store.take_code(redemption(&code("c"), &i.to_string())).await })
            };
            let tasks: Vec<_> = (0..200).map(redeem).collect();
            let mut out = Vec::new();
            for task in tasks {
                out.push(task.await.unwrap().unwrap());
            }
            out
        });
        let count = |wanted| outcomes.iter().filter(|taken| **taken == wanted).count();
        assert_eq!((count(CodeTaken::Fresh), count(CodeTaken::Replayed)), (1, 199));
    }
    let store = place.open();
    for i in 0..200 {
        let token = runtime.block_on(store.find_refresh(digest(&format!("refresh {i}")))).unwrap();
        assert!(token.is_none_or(|token| token.revoked), "refresh {i} lives");
        assert!(runtime.block_on(store.find_access(digest(&format!("access {i}")))).unwrap().is_none());
    }
    let mut notices = Vec::new();
    store.load_revocations(NOW, |notice| notices.push(notice)).unwrap();
    assert_eq!(notices.len(), 1, "one notice, however many came");
    assert_eq!(notices[0].handle, Handle::of_family(&main_issuer(), &code("c").family()));
}

#[test]
fn burnt_ended_and_called_back_codes_give_nothing() {
    let (place, runtime) = (Place::new(), runtime());
    let store = place.open();
    let take = |redemption| runtime.block_on(store.take_code(redemption)).unwrap();
    let send = |text: &str| runtime.block_on(store.send_code(code(text), None)).unwrap();
    assert_eq!(take(redemption(&code("unknown"), "0")), CodeTaken::Unknown);
    send("late");
    let late = Redemption { now: NOW.after(Seconds(60)), ..redemption(&code("late"), "1") };
    assert_eq!(take(late), CodeTaken::Unknown);
    send("burnt");
    runtime.block_on(store.burn_code(digest("burnt"), NOW)).unwrap();
    assert_eq!(take(redemption(&code("burnt"), "2")), CodeTaken::Replayed);
    send("user");
    let user = notice(HandleKind::User, Handle::of_user(&main_issuer(), &Subject::new("u-1")), Some(NOW));
    runtime.block_on(store.revoke(vec![user], "test")).unwrap();
    assert_eq!(take(redemption(&code("user"), "3")), CodeTaken::Unknown, "its user was called back meanwhile");
}

fn pair() -> (Subject, ClientId) {
    (Subject::new("u-1"), ClientId::new("app"))
}

#[test]
fn a_grant_lives_while_a_token_does_and_is_taken_back_in_parts() {
    let (place, runtime) = (Place::new(), runtime());
    let store = place.open();
    let (user, app) = pair();
    let consent = |now| runtime.block_on(store.consent(&main_issuer(), &user, &app, now)).unwrap();
    assert!(consent(NOW).is_none());
    runtime.block_on(store.send_code(code("c"), None)).unwrap();
    assert!(!consent(NOW).unwrap().live, "no token yet");
    assert_eq!(runtime.block_on(store.take_code(redemption(&code("c"), "1"))).unwrap(), CodeTaken::Fresh);
    let before = consent(NOW).unwrap();
    assert_eq!((before.live, before.last_used, before.granted), (true, Some(NOW), NOW));
    assert!(!consent(NOW.after(Seconds(1000))).unwrap().live, "every token has ended");
    runtime.block_on(store.send_code(code("under way"), None)).unwrap();

    let left = || Left { keep: scopes("a"), with_held: scopes("a"), until: NOW.after(Seconds(600)) };
    let narrow = runtime.block_on(store.narrow(&main_issuer(), &user, &app, left())).unwrap();
    assert_eq!((narrow.len(), narrow[0].family), (1, family(&code("c")).handles.family));
    let token = runtime.block_on(store.find_access(digest("access 1"))).unwrap().unwrap();
    let found = runtime.block_on(store.find_refresh(digest("refresh 1"))).unwrap().unwrap();
    assert_eq!(
        (token.scopes, found.family.scopes, consent(NOW).unwrap().scopes),
        (scopes("a"), scopes("a"), scopes("a"))
    );
    let wide = redemption(&code("under way"), "2");
    assert_eq!(runtime.block_on(store.take_code(wide.clone())).unwrap(), CodeTaken::Unknown, "prepared with more");
    let narrower = Redemption { family: Family { scopes: scopes("a"), ..wide.family.clone() }, ..wide };
    assert_eq!(runtime.block_on(store.take_code(narrower)).unwrap(), CodeTaken::Fresh);
    drop(store);

    let store = place.open();
    assert_eq!(store.narrowings(NOW).unwrap(), narrow, "and others learn of it");
    assert!(store.narrowings(NOW.after(Seconds(600))).unwrap().is_empty());
    let dead = runtime.block_on(store.take_back(&main_issuer(), &user, &app, NOW.after(Seconds(600)))).unwrap();
    assert_eq!(dead.map(|dead| dead.len()), Some(2));
    assert!(runtime.block_on(store.find_access(digest("access 1"))).unwrap().is_none());
    let rotated = rotation(&family(&code("c")), "refresh 1", "x", NOW);
    assert_eq!(runtime.block_on(store.take_refresh(rotated)).unwrap(), Taken::Unknown);
    assert!(runtime.block_on(store.consents(&main_issuer(), &user, NOW)).unwrap().is_empty());
    assert!(runtime.block_on(store.take_back(&main_issuer(), &user, &app, NOW)).unwrap().is_none());
}

#[test]
fn what_has_ended_is_swept() {
    let (place, runtime) = (Place::new(), runtime());
    let store = place.open();
    runtime.block_on(store.keep_pending(pending("p"))).unwrap();
    runtime.block_on(store.send_code(code("c"), None)).unwrap();
    let bare = Redemption { refresh: None, access: None, ..redemption(&code("c"), "1") };
    assert_eq!(runtime.block_on(store.take_code(bare)).unwrap(), CodeTaken::Fresh);
    assert!(runtime.block_on(store.consent(&main_issuer(), &pair().0, &pair().1, NOW)).unwrap().unwrap().live);
    store.sweep(NOW.after(Seconds(2000))).unwrap();
    assert!(runtime.block_on(store.find_pending(digest("p"), NOW)).unwrap().is_none());
    assert!(!runtime.block_on(store.consent(&main_issuer(), &pair().0, &pair().1, NOW)).unwrap().unwrap().live);
    let again = runtime.block_on(store.find_code(digest("c"))).unwrap();
    assert!(again.is_some_and(|kept| kept.used), "a used code is told from an unknown one for a day");
    store.sweep(NOW.after(Seconds(2 * 86_400))).unwrap();
    assert!(runtime.block_on(store.find_code(digest("c"))).unwrap().is_none());
}

#[test]
fn applications_are_kept_whole() {
    let (place, runtime) = (Place::new(), runtime());
    let application = Application {
        description: Some("Sells".to_owned()),
        redirect_uris: ["https://a.example/cb", "com.a:/cb"].map(|uri| RedirectUri::parse(uri).unwrap()).to_vec(),
        post_logout_redirect_uris: vec!["https://a.example/bye".to_owned()],
        pkce: Some(PkceRule::Optional),
        owner: Some(Subject::new("u-1")),
        approval: Approval::Waiting,
        ..Application::default()
    };
    let added = |store: &Store| {
        let client = tollgate::oauth::client::Client { application: application.clone(), ..client("made") };
        runtime.block_on(store.add_application(&main_issuer(), client, Some(digest("manager")), NOW)).unwrap();
    };
    let store = place.open();
    let id = ClientId::new("made");
    assert!(runtime.block_on(store.client(&main_issuer(), &id)).unwrap().is_none(), "and the cache remembers that");
    added(&store);
    let found = runtime.block_on(store.client(&main_issuer(), &id)).unwrap().expect("seen at once");
    assert_eq!(found.application, application);
    drop(store);
    let store = place.open();
    let alter = |change| runtime.block_on(store.alter_application(&main_issuer(), &id, change, NOW)).unwrap();
    let kept = runtime.block_on(store.application(&main_issuer(), &id)).unwrap().unwrap();
    assert_eq!((kept.registration, kept.secrets.len(), kept.created), (Some(digest("manager")), 1, NOW));
    assert_eq!(runtime.block_on(store.waiting_applications(&main_issuer())).unwrap().len(), 1);
    assert_eq!(alter(Alteration::Approve), Altered::Done);
    assert!(runtime.block_on(store.waiting_applications(&main_issuer())).unwrap().is_empty());
    assert_eq!(alter(Alteration::AddSecret(digest("second"))), Altered::Done);
    let secrets = |store: &Store| runtime.block_on(store.client(&main_issuer(), &id)).unwrap().unwrap().secrets.len();
    assert_eq!(secrets(&store), 2);
    assert_eq!(alter(Alteration::OnlySecret(digest("third"))), Altered::Done);
    assert_eq!(secrets(&store), 1);
    let mine = runtime.block_on(store.applications_of(&main_issuer(), &Subject::new("u-1"))).unwrap();
    let others = runtime.block_on(store.applications_of(&main_issuer(), &Subject::new("u-2"))).unwrap();
    assert_eq!((mine.len(), others.len()), (1, 0));
    let called = notice(HandleKind::Client, Handle::of_client(&main_issuer(), &id), Some(NOW));
    let remove = |called| runtime.block_on(store.remove_application(&main_issuer(), &id, called, NOW)).unwrap();
    assert_eq!((remove(called.clone()), remove(called)), (Altered::Done, Altered::Missing));
    assert!(runtime.block_on(store.client(&main_issuer(), &id)).unwrap().is_none());
}
