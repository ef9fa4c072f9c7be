//! What only the store can say about an opaque token, asked once however many
//! requests wait for it, and answered in time or not at all: an answer that does not
//! come is "cannot tell", never "no". Must never: block the worker's thread.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::access::denial::Denial;
use crate::clock::Seconds;
use crate::edge::shared::Shared;
use crate::oauth::store::{Access, GrantStore as _};
use crate::token::secret::SecretDigest;

/// How long a request waits for the store.
const PATIENCE: Duration = Duration::from_secs(2);

/// Questions of one worker that may be under way; more are "cannot tell" at once.
const MAX_OPEN: usize = 1024;

/// When to come back after "cannot tell".
const RETRY: Seconds = Seconds(1);

/// What the store said: a row, none, or nothing it could say.
type Said = Result<Option<Arc<Access>>, Denial>;

/// An answer that is still to come, for as many as wait for it.
type Awaited = watch::Receiver<Option<Said>>;

/// The questions of one worker that are under way, by digest.
#[derive(Clone, Debug, Default)]
pub struct Inquiries(Arc<Mutex<HashMap<[u8; 32], Awaited>>>);

impl Inquiries {
    /// The row of the token with this digest.
    pub async fn ask(&self, shared: &Arc<Shared>, digest: SecretDigest) -> Said {
        let mut answer = self.join(shared, digest)?;
        let said = tokio::time::timeout(PATIENCE, answer.wait_for(Option::is_some)).await;
        match said {
            Ok(Ok(said)) => said.clone().unwrap_or(Err(Denial::CannotTell(RETRY))),
            // Too slow, or the runtime of the store is gone.
            Ok(Err(_)) | Err(_) => Err(Denial::CannotTell(RETRY)),
        }
    }

    /// Joins the question that is under way, or begins it.
    fn join(&self, shared: &Arc<Shared>, digest: SecretDigest) -> Result<Awaited, Denial> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = open.get(&digest.0) {
            return Ok(under_way.clone());
        }
        if open.len() >= MAX_OPEN {
            return Err(Denial::CannotTell(RETRY));
        }
        let (tell, answer) = watch::channel(None);
        open.insert(digest.0, answer.clone());
        let place = Place { open: self.clone(), digest };
        let service = Arc::clone(&shared.service);
        shared.runtime.spawn(async move {
            // Also when the store hangs: the place must come free.
            let row = tokio::time::timeout(PATIENCE, service.store.find_access(digest)).await;
            drop(place);
            let said = match row {
                Ok(Ok(row)) => Ok(row.map(Arc::new)),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the store could not be asked about a token");
                    Err(Denial::CannotTell(RETRY))
                }
                Err(_) => Err(Denial::CannotTell(RETRY)),
            };
            let _ = tell.send(Some(said));
        });
        Ok(answer)
    }
}

/// A question's place among those under way.
struct Place {
    open: Inquiries,
    digest: SecretDigest,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.digest.0);
    }
}
