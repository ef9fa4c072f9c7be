//! The list of grants this server knows, as one match without a wildcard: a new grant
//! makes the compiler point here. What every grant asks first is asked here once.

use crate::dialect::condition::Condition;
use crate::dialect::request::GrantRequest;
use crate::oauth::answer::Refused;
use crate::oauth::authorize::store::AuthorizationStore;
use crate::oauth::client::GrantKind;
use crate::oauth::grants::{authorization_code, client_credentials, jwt_bearer, password, refresh_token};
use crate::oauth::issue::Granted;
use crate::oauth::service::Case;
use crate::oauth::store::{Directory, GrantStore};
use crate::oauth::user::PasswordCheck;

/// Gives the client what it asked for, or says why not.
pub(in crate::oauth) async fn decide<S: GrantStore + AuthorizationStore + Directory, P: PasswordCheck>(
    case: &Case<'_, S, P>,
    request: &GrantRequest,
    scope: Option<&[String]>,
) -> Result<Granted, Refused> {
    if !case.client.grants.contains(&kind(request)) {
        return Err(Condition::GrantNotAllowed.into());
    }
    match request {
        GrantRequest::ClientCredentials => client_credentials::grant(case, scope).await,
        GrantRequest::Bots { bots } => client_credentials::bots(case, bots).await,
        GrantRequest::Password { username, password } => password::grant(case, username, password, scope).await,
        GrantRequest::JwtBearer { assertion } => jwt_bearer::grant(case, assertion, scope).await,
        GrantRequest::RefreshToken { token } => refresh_token::grant(case, token, scope).await,
        GrantRequest::AuthorizationCode(code) => authorization_code::grant(case, code).await,
    }
}

/// Which grant is asked for.
pub(in crate::oauth) fn kind(request: &GrantRequest) -> GrantKind {
    match request {
        GrantRequest::ClientCredentials | GrantRequest::Bots { .. } => GrantKind::ClientCredentials,
        GrantRequest::Password { .. } => GrantKind::Password,
        GrantRequest::JwtBearer { .. } => GrantKind::JwtBearer,
        GrantRequest::RefreshToken { .. } => GrantKind::RefreshToken,
        GrantRequest::AuthorizationCode(_) => GrantKind::AuthorizationCode,
    }
}
