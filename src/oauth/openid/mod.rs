//! OpenID Connect on top of the grants: who signed in, told to the application that
//! asked. An ID token is for the client and never for an API; its type keeps it from
//! passing as an access token.

pub(in crate::oauth) mod claims;
pub(in crate::oauth) mod discovery;
pub(in crate::oauth) mod end_session;
pub(in crate::oauth) mod id_token;
pub(in crate::oauth) mod userinfo;
