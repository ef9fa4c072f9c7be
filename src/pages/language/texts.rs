//! Everything the pages say, by what it is for. `{}` stands for one value, which is escaped
//! when it is shown. One struct, so that a language that lacks a text does not compile.

/// The texts of one language.
#[derive(Debug)]
pub struct Texts {
    // Around every page.
    /// Skip to the content.
    pub skip: &'static str,
    /// Signed in as {}.
    pub signed_in_as: &'static str,
    /// Sign out.
    pub sign_out: &'static str,
    /// Terms of use.
    pub terms: &'static str,
    /// Privacy.
    pub privacy: &'static str,
    /// Help.
    pub support: &'static str,
    /// Your account.
    pub account: &'static str,
    /// Back.
    pub back: &'static str,
    /// Cancel.
    pub cancel: &'static str,
    /// Save.
    pub save: &'static str,
    /// This page was open for too long, so nothing was done. Please check it and send it again.
    pub stale: &'static str,
    /// never.
    pub never: &'static str,
    /// Your change is saved.
    pub done_saved: &'static str,
    /// The application is deleted.
    pub done_deleted: &'static str,
    /// The application is approved.
    pub done_approved: &'static str,
    /// The application is turned down and deleted.
    pub done_turned_down: &'static str,
    /// The application no longer has access.
    pub done_taken_back: &'static str,
    /// Signed out there.
    pub done_ended: &'static str,
    // The sign-in form.
    /// Sign in.
    pub sign_in: &'static str,
    /// to continue to {}.
    pub sign_in_for: &'static str,
    /// User name.
    pub user_name: &'static str,
    /// Password.
    pub password: &'static str,
    /// User name or password is wrong.
    pub wrong: &'static str,
    /// Too many tries. Please wait {} seconds and try again.
    pub wait: &'static str,
    /// Signing in is not possible at this moment. Please try again.
    pub busy: &'static str,
    /// This page was open for too long. Please enter your password again.
    pub sign_in_stale: &'static str,
    // What an application asks.
    /// {} asks for access.
    pub consent_title: &'static str,
    /// Choose what it may do in your name.
    pub consent_lead: &'static str,
    /// {} may.
    pub consent_scopes: &'static str,
    /// It asks for nothing but to know who you are.
    pub consent_nothing: &'static str,
    /// This application was registered by somebody other than {}. Agree only if you know it.
    pub consent_foreign: &'static str,
    /// Afterwards you return to {}.
    pub consent_back: &'static str,
    /// You can take this back at any time in your account.
    pub consent_later: &'static str,
    /// Allow.
    pub allow: &'static str,
    /// Deny.
    pub deny: &'static str,
    // The home page.
    /// What would you like to see?
    pub home_lead: &'static str,
    /// See what applications may do in your name, and take it back.
    pub home_authorized: &'static str,
    /// See where you are signed in, and sign out there.
    pub home_sessions: &'static str,
    /// Register applications and look after their secrets.
    pub home_applications: &'static str,
    /// Applications of others that need your approval: {}.
    pub home_waiting: &'static str,
    // Applications of developers.
    /// Your applications.
    pub applications: &'static str,
    /// Applications that you registered.
    pub applications_lead: &'static str,
    /// You have not registered any application yet.
    pub applications_none: &'static str,
    /// You have registered as many applications as you may.
    pub applications_full: &'static str,
    /// Register an application.
    pub register: &'static str,
    /// Live.
    pub state_live: &'static str,
    /// Waiting for approval.
    pub state_waiting: &'static str,
    /// Stopped.
    pub state_disabled: &'static str,
    /// It can be used once an administrator has approved it.
    pub waiting_note: &'static str,
    /// Name.
    pub name: &'static str,
    /// What people see when it asks for access.
    pub name_hint: &'static str,
    /// Description (optional).
    pub description: &'static str,
    /// What it is for, in a sentence.
    pub description_hint: &'static str,
    /// Redirect addresses.
    pub redirects: &'static str,
    /// Where people return to, one a line, such as `https://example.com/callback`.
    pub redirects_hint: &'static str,
    /// What it may ask for.
    pub scopes: &'static str,
    /// Where it runs.
    pub kind: &'static str,
    /// On a server.
    pub confidential: &'static str,
    /// It can keep a secret.
    pub confidential_hint: &'static str,
    /// With its users.
    pub public: &'static str,
    /// In a browser, or on phones and computers: it cannot keep a secret.
    pub public_hint: &'static str,
    /// Change.
    pub edit: &'static str,
    /// Change {}.
    pub edit_title: &'static str,
    /// Please mend this first:
    pub faults: &'static str,
    /// Give it a name of at most 100 characters.
    pub fault_name: &'static str,
    /// Describe it in at most 500 characters.
    pub fault_description: &'static str,
    /// Give at least one redirect address.
    pub fault_redirect_missing: &'static str,
    /// Give at most 20 redirect addresses.
    pub fault_redirect_many: &'static str,
    /// This redirect address cannot be used: {}.
    pub fault_redirect: &'static str,
    /// Choose at least one thing it may ask for.
    pub fault_scope: &'static str,
    // One application.
    /// Client ID.
    pub client_id: &'static str,
    /// Secrets.
    pub secrets: &'static str,
    /// Secret {}.
    pub secret_number: &'static str,
    /// This is the new secret. Copy it now: it is not shown again.
    pub secret_fresh: &'static str,
    /// made {}.
    pub secret_made: &'static str,
    /// last used: {}.
    pub secret_used: &'static str,
    /// Add a second secret.
    pub secret_add: &'static str,
    /// Replace all secrets.
    pub secret_rotate: &'static str,
    /// Remove.
    pub secret_remove: &'static str,
    /// Remove secret {}.
    pub secret_remove_which: &'static str,
    /// It runs with its users and has no secret.
    pub secret_none: &'static str,
    /// Delete.
    pub delete: &'static str,
    /// Delete {}?
    pub delete_title: &'static str,
    /// It stops working at once, everywhere and for everyone. This cannot be undone.
    pub delete_text: &'static str,
    // Approval.
    /// Approve applications.
    pub waiting: &'static str,
    /// Look at the addresses closely: people are sent there.
    pub waiting_lead: &'static str,
    /// No application waits for approval.
    pub waiting_none: &'static str,
    /// Registered by.
    pub owner: &'static str,
    /// Approve.
    pub approve: &'static str,
    /// Approve {}.
    pub approve_which: &'static str,
    /// Turn down.
    pub turn_down: &'static str,
    /// Turn down {}.
    pub turn_down_which: &'static str,
    // Applications with access.
    /// Applications with access.
    pub authorized: &'static str,
    /// These applications may act in your name.
    pub authorized_lead: &'static str,
    /// No application may act in your name.
    pub authorized_none: &'static str,
    /// granted {}.
    pub granted: &'static str,
    /// last used: {}.
    pub last_used: &'static str,
    /// Take access back.
    pub take_back: &'static str,
    /// Take access back from {}.
    pub take_back_from: &'static str,
    /// Change what {} may do.
    pub edit_grant: &'static str,
    /// What {} may do.
    pub grant_title: &'static str,
    /// Untick what it shall no longer do. It takes effect at once.
    pub grant_lead: &'static str,
    // Sessions.
    /// Where you are signed in.
    pub sessions: &'static str,
    /// Browsers that are signed in to your account.
    pub sessions_lead: &'static str,
    /// This browser.
    pub this_session: &'static str,
    /// since {}.
    pub session_began: &'static str,
    /// last used: {}.
    pub session_seen: &'static str,
    /// A browser that did not say what it is.
    pub unknown_browser: &'static str,
    /// Sign out there.
    pub end_session: &'static str,
    /// Sign out there: {}, since {}.
    pub end_session_which: &'static str,
    /// Sign out everywhere else.
    pub end_others: &'static str,
    // Signing out.
    /// Do you want to sign out?
    pub sign_out_text: &'static str,
    /// You are signed out.
    pub signed_out: &'static str,
    /// You can close this page.
    pub signed_out_text: &'static str,
    // On the way back.
    /// Back to the application.
    pub send_back: &'static str,
    /// If nothing happens, choose “Continue”.
    pub send_back_text: &'static str,
    /// Continue.
    pub go_on: &'static str,
    // What did not work.
    /// Begin again.
    pub begin_again: &'static str,
    /// This application is not known here.
    pub trouble_client: &'static str,
    /// The application that sent you here has to correct its link. Nothing was given to it.
    pub trouble_client_text: &'static str,
    /// The way back is not known.
    pub trouble_redirect: &'static str,
    /// The application named an address that is not registered for it, so you were not sent there. Please tell its makers.
    pub trouble_redirect_text: &'static str,
    /// The request cannot be read.
    pub trouble_request: &'static str,
    /// The application that sent you here made a mistake. Please tell its makers.
    pub trouble_request_text: &'static str,
    /// This request is over.
    pub trouble_over: &'static str,
    /// It was answered already, it is too old, or it began in another browser. Go back to the application and begin again there.
    pub trouble_over_text: &'static str,
    /// That form was not taken.
    pub trouble_form: &'static str,
    /// It did not come from a page that is open in this browser. Nothing was done. You can begin again.
    pub trouble_form_text: &'static str,
    /// You are not signed in any more.
    pub trouble_session: &'static str,
    /// Nothing was done. Sign in again; then go back with your browser, where everything you entered is still there, and send it again.
    pub trouble_session_text: &'static str,
    /// This page is not for you.
    pub trouble_forbidden: &'static str,
    /// You are signed in, but you may not see this.
    pub trouble_forbidden_text: &'static str,
    /// There is no such page.
    pub trouble_nothing: &'static str,
    /// Perhaps it was deleted, or the address is wrong.
    pub trouble_nothing_text: &'static str,
    /// Too many requests.
    pub trouble_many: &'static str,
    /// Please wait {} seconds and try again.
    pub trouble_many_text: &'static str,
    /// This is not possible at this moment.
    pub trouble_unavailable: &'static str,
    /// Please try again in a little while. Nothing was changed.
    pub trouble_unavailable_text: &'static str,
    /// Something went wrong here.
    pub trouble_internal: &'static str,
    /// It is our fault, and it was noted.
    pub trouble_internal_text: &'static str,
}
