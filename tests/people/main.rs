//! What people do at a gateway with a browser: over real TLS, with real cookies and the
//! real store. First by hand, form by form; then with Chromium, as people see it.

mod applications;
mod attacks;
mod chromium;
mod consent;
mod flow;
mod house;
mod intra;
mod lasting;
mod libraries;
mod sessions;
mod sign_in;
#[path = "../support/mod.rs"]
mod support;
