//! Pages as values: what is on them, not how they look. `pages` turns one into HTML in
//! the person's language; this floor knows neither. Whatever came from somebody else
//! (names, texts of the catalogue, scopes) is plain text here and escaped there.

pub mod account;
pub mod application;
pub mod authorize;
pub mod page;

pub use account::{Authorized, Confirm, Done, Grant, GrantLine, Home, SessionLine, Sessions};
pub use application::{
    Application, ApplicationForm, Applications, Fault, Kind, Line, SecretLine, State, Waiting, WaitingLine,
};
pub use authorize::{Choice, ClientShown, Consent, Failed, Failure, FormPost, SignIn, SignInRefused};
pub use page::{Frame, Freshness, Page, Paths, View};
