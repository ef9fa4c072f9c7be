//! What a caller presents to pass, where it stands, and what a backend gets in its place.
//! Must never: let anybody pass; that is `access`.

pub mod application_key;
pub mod deprecated;
pub mod form;
pub mod inquiry;
pub mod mint;
pub mod user_token;
