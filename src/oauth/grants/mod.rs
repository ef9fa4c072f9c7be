//! One file per grant: a proven client's wish goes in, tokens or a refusal come out.
//! No bytes, no HTTP. A new grant (the authorization code has its seat here) is one
//! file and one arm in `decide`.

pub(in crate::oauth) mod authorization_code;
pub(in crate::oauth) mod client_credentials;
pub(in crate::oauth) mod decide;
pub(in crate::oauth) mod jwt_bearer;
pub(in crate::oauth) mod open;
pub(in crate::oauth) mod password;
pub(in crate::oauth) mod refresh_token;
pub(in crate::oauth) mod scope;
