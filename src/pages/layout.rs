//! Which template a page has, and what the template needs beyond the page itself. One
//! total match: a page without a template does not compile.

use askama::Template;

use crate::oauth::view::{
    Application, ApplicationForm, Applications, Authorized, Confirm, Consent, Fault, FormPost, Freshness, Grant, Home,
    Kind, Sessions, SignIn, SignInRefused, State, View, Waiting,
};
use crate::pages::assets;
use crate::pages::shell::Shell;
use crate::pages::way;

/// Writes the page.
pub(super) fn render(s: Shell<'_>, view: &View) -> askama::Result<String> {
    match view {
        View::SignIn(view) => SignInPage { fault: refused(&s, view), s, view }.render(),
        View::Consent(view) => ConsentPage { s, view }.render(),
        View::Home(view) => HomePage { s, view }.render(),
        View::Applications(view) => ApplicationsPage { s, view }.render(),
        View::Application(view) => ApplicationPage { s, view }.render(),
        View::ApplicationForm(view) => form(s, view).render(),
        View::Waiting(view) => WaitingPage { s, view }.render(),
        View::Authorized(view) => AuthorizedPage { s, view }.render(),
        View::Grant(view) => GrantPage { s, view }.render(),
        View::Sessions(view) => SessionsPage { s, view }.render(),
        View::Confirm(view) => confirm(s, view).render(),
        View::FormPost(view) => {
            let script = assets::script_path(&s.frame.paths.assets);
            SendBackPage { s, view, script }.render()
        }
        View::Failure(failure) => {
            let ((title, text), way) = (way::words(&s, failure), way::out(&s, failure));
            let detail = failure.detail;
            TroublePage { s, title, text, detail, way }.render()
        }
    }
}

macro_rules! page {
    ($path:literal, $name:ident of $view:ty { $($field:ident: $kind:ty),* }) => {
        #[derive(Template)]
        #[template(path = $path, config = "src/pages/askama.toml")]
        struct $name<'a> { s: Shell<'a>, view: &'a $view, $($field: $kind),* }
    };
}

page!("sign_in.html", SignInPage of SignIn { fault: Option<String> });
page!("consent.html", ConsentPage of Consent {});
page!("home.html", HomePage of Home {});
page!("applications.html", ApplicationsPage of Applications {});
page!("application.html", ApplicationPage of Application {});
page!("waiting.html", WaitingPage of Waiting {});
page!("authorized.html", AuthorizedPage of Authorized {});
page!("grant.html", GrantPage of Grant {});
page!("sessions.html", SessionsPage of Sessions {});
page!("send_back.html", SendBackPage of FormPost { script: String });
page!("application_form.html", FormPage of ApplicationForm {
    title: String,
    action: String,
    cancel: String,
    faults: Vec<Mend>
});

#[derive(Template)]
#[template(path = "confirm.html", config = "src/pages/askama.toml")]
struct ConfirmPage<'a> {
    s: Shell<'a>,
    title: String,
    text: &'static str,
    action: String,
    pending: Option<&'a str>,
    word: &'static str,
    look: &'static str,
    button: &'static str,
    cancel: String,
}

#[derive(Template)]
#[template(path = "trouble.html", config = "src/pages/askama.toml")]
struct TroublePage<'a> {
    s: Shell<'a>,
    title: &'static str,
    text: String,
    /// For whoever makes the application; it is in English, like the protocol.
    detail: Option<&'static str>,
    way: Option<(String, &'static str)>,
}

/// What has to be mended in a form, and where.
struct Mend {
    field: &'static str,
    text: String,
    /// In English, like the protocol.
    detail: Option<&'static str>,
}

impl FormPage<'_> {
    /// Whether something about that field has to be mended.
    fn wrong(&self, field: &str) -> bool {
        self.faults.iter().any(|fault| fault.field == field)
    }
}

fn refused(s: &Shell<'_>, view: &SignIn) -> Option<String> {
    view.refused.map(|refused| match refused {
        SignInRefused::Wrong => s.t.wrong.to_owned(),
        SignInRefused::TooMany(seconds) => s.fill(s.t.wait, seconds),
        SignInRefused::Busy => s.t.busy.to_owned(),
        SignInRefused::Stale => s.t.sign_in_stale.to_owned(),
    })
}

fn form<'a>(s: Shell<'a>, view: &'a ApplicationForm) -> FormPage<'a> {
    let below = &s.frame.paths.applications;
    let mend = |fault: &Fault| {
        let mut detail = None;
        let (field, text) = match fault {
            Fault::Name => ("name", s.t.fault_name.to_owned()),
            Fault::Description => ("description", s.t.fault_description.to_owned()),
            Fault::RedirectMissing => ("redirect_uris", s.t.fault_redirect_missing.to_owned()),
            Fault::RedirectMany => ("redirect_uris", s.t.fault_redirect_many.to_owned()),
            Fault::Redirect(line, why) => {
                detail = Some(*why);
                ("redirect_uris", s.fill(s.t.fault_redirect, line))
            }
            Fault::Scope => ("scopes", s.t.fault_scope.to_owned()),
            Fault::Full => ("name", s.t.applications_full.to_owned()),
        };
        Mend { field, text, detail }
    };
    let faults = view.faults.iter().map(mend).collect();
    let (title, action, cancel) = match &view.id {
        None => (s.t.register.to_owned(), format!("{below}/new"), below.clone()),
        Some(id) => (s.fill(s.t.edit_title, &view.name), format!("{below}/{id}/edit"), format!("{below}/{id}")),
    };
    FormPage { s, view, title, action, cancel, faults }
}

fn confirm<'a>(s: Shell<'a>, view: &'a Confirm) -> ConfirmPage<'a> {
    let paths = &s.frame.paths;
    match view {
        Confirm::SignOut { pending } => ConfirmPage {
            title: s.t.sign_out.to_owned(),
            text: s.t.sign_out_text,
            action: paths.sign_out.clone(),
            pending: pending.as_deref(),
            word: "sign_out",
            look: "main",
            button: s.t.sign_out,
            cancel: paths.account.clone(),
            s,
        },
        Confirm::Delete { id, name } => ConfirmPage {
            title: s.fill(s.t.delete_title, name),
            text: s.t.delete_text,
            action: format!("{}/{id}/delete", paths.applications),
            pending: None,
            word: "delete",
            look: "bad",
            button: s.t.delete,
            cancel: format!("{}/{id}", paths.applications),
            s,
        },
    }
}
