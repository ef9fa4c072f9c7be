//! What only the store can say about a credential, asked once however many requests wait
//! for it, and answered in time or not at all: an answer that does not come is "cannot
//! tell", never "no". Opaque tokens and application keys have places of their own, so
//! that made-up ones of one kind keep none of the other from being asked about.
//! Must never: block the worker's thread.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::access::denial::Denial;
use crate::clock::Seconds;
use crate::oauth::store::StoreError;
use crate::telemetry::Telemetry;
use crate::telemetry::outcome::{Inquired, Unanswered};

/// How long a request waits for the store.
const PATIENCE: Duration = Duration::from_secs(2);

/// Questions about tokens that one worker may have under way; more are "cannot tell" at
/// once.
pub const TOKENS: usize = 1024;

/// Questions about application keys. An answer only changes the words of a refusal, so
/// it is worth less of the store's time than a token that may pass.
pub const KEYS: usize = 64;

/// When to come back after "cannot tell".
const RETRY: Seconds = Seconds(1);

/// What the store said, or why it said nothing.
type Said<T> = Result<T, Unanswered>;

/// An answer that is still to come, for as many as wait for it.
type Awaited<T> = watch::Receiver<Option<Said<T>>>;

/// The questions of one kind that one worker has under way, by what is asked about.
#[derive(Debug)]
pub struct Inquiries<K, T> {
    open: Arc<Mutex<HashMap<K, Awaited<T>>>>,
    most: usize,
    kind: Inquired,
}

impl<K, T> Inquiries<K, T>
where
    K: Eq + Hash + Clone + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// None under way, and never more than `most`.
    pub fn of(kind: Inquired, most: usize) -> Inquiries<K, T> {
        Inquiries { open: Arc::default(), most, kind }
    }

    /// What the store says about `key`. `look` is begun only where nobody asks already.
    ///
    /// # Errors
    /// `CannotTell`: too many questions are under way, or there was no answer in time.
    pub async fn ask<F>(
        &self,
        key: K,
        (runtime, telemetry): (&Handle, &Telemetry),
        look: impl FnOnce() -> F,
    ) -> Result<T, Denial>
    where
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let said = match self.join(key, runtime, look) {
            Ok(answer) => awaited(answer).await,
            Err(full) => Err(full),
        };
        said.map_err(|why| {
            telemetry.unanswered(self.kind, why);
            Denial::CannotTell(RETRY)
        })
    }

    /// Joins the question that is under way, or begins it.
    fn join<F>(&self, key: K, runtime: &Handle, look: impl FnOnce() -> F) -> Said<Awaited<T>>
    where
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = open.get(&key) {
            return Ok(under_way.clone());
        }
        if open.len() >= self.most {
            return Err(Unanswered::Full);
        }
        let (tell, answer) = watch::channel(None);
        open.insert(key.clone(), answer.clone());
        let place = Place { open: Arc::clone(&self.open), key };
        let (look, kind) = (look(), self.kind);
        runtime.spawn(async move {
            // Also when the store hangs: the place must come free.
            let row = tokio::time::timeout(PATIENCE, look).await;
            drop(place);
            let said = match row {
                Ok(Ok(row)) => Ok(row),
                Ok(Err(error)) => {
                    tracing::warn!(%error, about = kind.label(), "the store could not be asked");
                    Err(Unanswered::Failed)
                }
                Err(_) => Err(Unanswered::Failed),
            };
            let _ = tell.send(Some(said));
        });
        Ok(answer)
    }
}

async fn awaited<T: Clone>(mut answer: Awaited<T>) -> Said<T> {
    match tokio::time::timeout(PATIENCE, answer.wait_for(Option::is_some)).await {
        Ok(Ok(said)) => said.clone().unwrap_or(Err(Unanswered::Failed)),
        // Too slow, or the runtime of the store is gone.
        Ok(Err(_)) | Err(_) => Err(Unanswered::Failed),
    }
}

/// A question's place among those under way.
struct Place<K: Eq + Hash, T> {
    open: Arc<Mutex<HashMap<K, Awaited<T>>>>,
    key: K,
}

impl<K: Eq + Hash, T> Drop for Place<K, T> {
    fn drop(&mut self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
