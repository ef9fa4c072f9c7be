//! Interim answers (RFC 9110 §15.2) on their way to a caller: put down by whoever hears
//! them from a backend, taken by the caller's connection before it sends the answer.
//! Must never: hold more than a few, whatever a backend says.

use std::sync::{Arc, Mutex};

use http::Response;

use crate::edge::worker::lock;

/// Interim answers that may wait; more of them, which nobody needs, are left out.
const MOST: usize = 8;

/// Those of one request.
#[derive(Clone, Debug, Default)]
pub struct Interims(Arc<Mutex<Vec<Response<()>>>>);

impl Interims {
    /// One more.
    pub fn put(&self, interim: Response<()>) {
        let mut waiting = lock(&self.0);
        if waiting.len() < MOST {
            waiting.push(interim);
        }
    }

    /// Those that wait, in order.
    pub fn take(&self) -> Vec<Response<()>> {
        std::mem::take(&mut *lock(&self.0))
    }
}
