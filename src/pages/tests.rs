//! Every page in every language, with the worst that others can make of its texts: what
//! they wrote stays text, every text finds its place, and no page has a style or script.

use crate::clock::UnixTime;
use crate::oauth::person::branding::Branding;
use crate::oauth::view::{
    Application, ApplicationForm, Applications, Authorized, Choice, ClientShown, Confirm, Consent, Done, Failed,
    Failure, Fault, FormPost, Frame, Freshness, Grant, GrantLine, Home, Kind, Line, Page, Paths, SecretLine,
    SessionLine, Sessions, SignIn, SignInRefused, State, View, Waiting, WaitingLine,
};
use crate::pages::language::Language;
use crate::pages::render;
use crate::token::secret::Secret;

/// What would be noticed on any page.
const EVIL: &str = "\"'><script>alert(1)</script>{{ s }}";

fn evil() -> String {
    EVIL.to_owned()
}

fn choice() -> Choice {
    Choice { scope: evil(), text: evil(), ticked: true, fixed: false }
}

fn page(view: View) -> Page {
    let path = |name: &str| format!("/o/{name}");
    let paths = Paths {
        account: path("account"),
        sign_in: path("sign_in"),
        sign_out: path("sign_out"),
        consent: path("consent"),
        applications: path("applications"),
        authorized: path("authorized"),
        sessions: path("sessions"),
        assets: path("assets"),
    };
    let frame = Frame { user: Some(evil()), form_token: "proof".to_owned(), paths };
    Page { frame, view, freshness: Freshness::Stale }
}

fn on_the_way() -> Vec<View> {
    let refusals = [SignInRefused::Wrong, SignInRefused::TooMany(7), SignInRefused::Busy, SignInRefused::Stale];
    let sign_in = |refused| {
        let (pending, client, goes_to) = (Some(evil()), Some(evil()), Some(evil()));
        View::SignIn(SignIn { pending, next: Some("sessions"), client, name: evil(), refused: Some(refused), goes_to })
    };
    let client = ClientShown { id: evil(), name: evil(), description: Some(evil()), foreign: true };
    let failures = [
        Failed::UnknownClient,
        Failed::BadRedirect,
        Failed::Malformed,
        Failed::Gone,
        Failed::Forged,
        Failed::SessionOver,
        Failed::Forbidden,
        Failed::NotFound,
        Failed::TooMany(3),
        Failed::Unavailable,
        Failed::Internal,
        Failed::SignedOut,
    ];
    let failure = |what| View::Failure(Failure { what, detail: Some("a detail") });
    let consent = Consent { pending: evil(), client, scopes: vec![choice()], goes_to: evil() };
    let none = Consent { scopes: Vec::new(), ..consent.clone() };
    let mut out: Vec<View> = refusals.map(sign_in).into();
    out.extend([View::Consent(consent), View::Consent(none)]);
    out.extend(failures.map(failure));
    out.push(View::FormPost(FormPost { action: evil(), fields: vec![("code", evil())] }));
    out
}

fn of_an_account() -> Vec<View> {
    let now = UnixTime(1_795_858_200);
    let grant = GrantLine { id: evil(), name: evil(), scopes: vec![evil()], granted: now, used: None };
    let session = |this| {
        let (id, agent, address) = (evil(), evil(), evil());
        SessionLine { id, agent, address, began: now, seen: now, this }
    };
    vec![
        View::Home(Home { develops: true, waiting: Some(2) }),
        View::Authorized(Authorized { grants: vec![grant], done: Some(Done::TakenBack) }),
        View::Authorized(Authorized { grants: Vec::new(), done: Some(Done::Saved) }),
        View::Grant(Grant { id: evil(), name: evil(), scopes: vec![choice()], granted: now, used: Some(now) }),
        View::Sessions(Sessions { sessions: vec![session(true), session(false)], done: Some(Done::Ended) }),
        View::Confirm(Confirm::SignOut { pending: Some(evil()) }),
        View::Confirm(Confirm::Delete { id: "id".to_owned(), name: evil() }),
    ]
}

fn of_a_developer() -> Vec<View> {
    let now = UnixTime(1_795_858_200);
    let line = |state| Line { id: "id".to_owned(), name: evil(), state };
    let own = [State::Live, State::Waiting, State::Disabled].map(line).into();
    let application = |kind, state| {
        let secrets = vec![SecretLine { slot: 0, made: Some(now), used: None }; 2];
        View::Application(Application {
            id: "id".to_owned(),
            name: evil(),
            description: Some(evil()),
            redirect_uris: vec![evil()],
            scopes: vec![evil()],
            kind,
            state,
            secrets,
            fresh: Some(Secret::new(evil())),
            done: Some(Done::Saved),
        })
    };
    let form = |id: Option<&str>| {
        let faults = vec![
            Fault::Name,
            Fault::Description,
            Fault::RedirectMissing,
            Fault::RedirectMany,
            Fault::Redirect(evil(), "why"),
            Fault::Scope,
            Fault::Full,
        ];
        let id = id.map(str::to_owned);
        let (name, description, redirect_uris, scopes) = (evil(), evil(), evil(), vec![choice()]);
        View::ApplicationForm(ApplicationForm {
            id,
            name,
            description,
            redirect_uris,
            scopes,
            kind: Kind::Public,
            faults,
        })
    };
    let waiting = WaitingLine {
        id: evil(),
        name: evil(),
        description: Some(evil()),
        owner: Some(evil()),
        redirect_uris: vec![evil()],
        scopes: vec![evil()],
        kind: Kind::Confidential,
    };
    vec![
        View::Applications(Applications { own, full: true, done: Some(Done::Deleted) }),
        View::Applications(Applications { own: Vec::new(), full: false, done: None }),
        application(Kind::Confidential, State::Live),
        application(Kind::Public, State::Waiting),
        form(None),
        form(Some("id")),
        View::Waiting(Waiting { applications: vec![waiting], done: Some(Done::Approved) }),
        View::Waiting(Waiting { applications: Vec::new(), done: Some(Done::TurnedDown) }),
    ]
}

#[test]
fn what_others_wrote_stays_text_on_every_page() {
    let branding = Branding {
        name: evil(),
        notice: Some(evil()),
        terms: Some("https://example.com/?a=1&b=\"2\"".to_owned()),
        privacy: Some("https://example.com/privacy".to_owned()),
        support: Some("mailto:help@example.com".to_owned()),
        ..Branding::default()
    };
    let views = [on_the_way(), of_an_account(), of_a_developer()].concat();
    for view in views {
        let page = page(view);
        for language in Language::ALL {
            let html = render(&page, &branding, language).expect("a page");
            assert!(html.contains(&format!("<html lang=\"{}\">", language.tag())));
            assert!(!html.contains("<script>") && !html.contains("\"'>"), "{html}");
            assert!(!html.contains(" style=") && !html.contains("<style"), "{html}");
            for handler in [" onclick=", " onload=", " onsubmit=", "javascript:"] {
                assert!(!html.contains(handler), "{html}");
            }
            assert!(!html.contains("{}") && !html.contains("{{ s.") && !html.contains("{%"), "{html}");
            assert_eq!(html.matches("<h1>").count(), 1, "one heading: {html}");
            assert_eq!(html.matches("<main").count(), 1);
        }
    }
}

#[test]
fn a_moment_is_told_to_the_minute() {
    let view = View::Grant(Grant {
        id: String::new(),
        name: String::new(),
        scopes: Vec::new(),
        granted: UnixTime(1_795_858_200),
        used: None,
    });
    let html = render(&page(view), &Branding::default(), Language::English).expect("a page").replace('\u{2060}', "");
    assert!(html.contains("granted 2026-11-28\u{a0}09:30\u{a0}UTC · last used: never"), "{html}");
}
