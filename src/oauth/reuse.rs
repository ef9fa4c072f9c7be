//! The same wish while its token lives: some old systems give the same token again, with
//! the rest of its time. It is kept sealed under a key that only the client's secret
//! gives, so the store alone reveals nothing. Must never: give a token that was called
//! back, or one of more or fewer scopes.

use crate::dialect::issued::{Issued, Making, Party};
use crate::oauth::answer::Refused;
use crate::oauth::inspect::of_row;
use crate::oauth::introspect::live_access;
use crate::oauth::issue::Bearer;
use crate::oauth::issuer::{TokenFormat, TokenReuse};
use crate::oauth::service::Case;
use crate::oauth::store::{Access, GrantStore, Reusable};
use crate::token::seal::{self, SealKey};
use crate::token::secret::{Secret, SecretDigest};

/// A wish that may have been granted before.
pub(in crate::oauth) struct Wish {
    key: [u8; 32],
    seal: SealKey,
}

impl Wish {
    /// The wish of this client for such a token; `None` where every wish gets a token of
    /// its own: by the issuer's word, or because no secret was shown.
    pub(in crate::oauth) fn of<S, P>(case: &Case<'_, S, P>, bearer: &Bearer<'_>) -> Option<Wish> {
        let token = &case.desk.issuer.token;
        let again = token.reuse == TokenReuse::Live && token.format == TokenFormat::Opaque && token.lifetime.is_some();
        let secret = case.secret.filter(|_| again)?;
        let (issuer, scopes) = (case.desk.issuer.name.as_str(), bearer.scopes.to_string());
        let mut wish = Vec::new();
        for part in [issuer, bearer.client.as_str(), bearer.subject.as_str(), &scopes] {
            wish.extend((part.len() as u64).to_be_bytes());
            wish.extend(part.bytes());
        }
        Some(Wish { key: SecretDigest::of(&wish).0, seal: SealKey::from_client_secret(secret) })
    }

    /// The token it got before, if that lives and was sealed under the secret that is
    /// shown now.
    pub(in crate::oauth) async fn granted<S: GrantStore, P>(
        &self,
        case: &Case<'_, S, P>,
        party: &Party,
    ) -> Result<Option<Issued>, Refused> {
        let Some(found) = case.service.store.find_reusable(self.key).await? else { return Ok(None) };
        let Ok(token) = seal::open(&self.seal, &found.sealed) else { return Ok(None) };
        let Ok(token) = String::from_utf8(token.to_vec()) else { return Ok(None) };
        let (issued, expires) = (found.access.issued, found.access.expires);
        let live = live_access(case.service, case.desk, of_row(found.access, &[]), case.now);
        Ok(live.map(|live| Issued {
            access: Secret::new(token),
            issued,
            told: case.now,
            making: Making::Known,
            expires_in: expires.map(|end| end.since(issued)),
            refresh: None,
            id_token: None,
            scope: live.scope,
            party: party.clone(),
        }))
    }

    /// A fresh token as it is to be found again.
    pub(in crate::oauth) fn keep<S, P>(
        &self,
        case: &Case<'_, S, P>,
        token: &Secret,
        access: Access,
    ) -> Result<Reusable, Refused> {
        let sealed = seal::seal(&self.seal, &*case.service.random, token.expose().as_bytes());
        let sealed = sealed.map_err(|error| Refused::internal(error.to_string()))?;
        Ok(Reusable { key: self.key, sealed, access })
    }
}
