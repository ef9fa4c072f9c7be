//! Interim answers (RFC 9110 §15.2) on their way to a caller: put down by whoever hears
//! them from a backend, taken by the caller's connection before it sends the answer.
//! Must never: hold more than a few, whatever a backend says, or switch protocols.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use http::{Response, StatusCode, header, response};

use crate::edge::forward::headers::clean_answer;
use crate::edge::forward::stamp::Stamp;
use crate::edge::worker::lock;

/// Interim answers that may wait; more of them, which nobody needs, are left out.
const MOST: usize = 8;

/// Bytes of one's header lines; a longer one is left out.
const MOST_BYTES: usize = 8 * 1024;

/// Interim answers before the one that counts; a backend that says more gives a bad one.
pub const MAX_INFORMING: usize = 16;

/// Those of the request under way.
#[derive(Debug, Default)]
pub struct Interims {
    /// Whether any waits: mostly none does, and nobody looks further.
    any: AtomicBool,
    waiting: Mutex<Vec<Response<()>>>,
}

impl Interims {
    /// One more.
    pub fn put(&self, interim: Response<()>) {
        let mut waiting = lock(&self.waiting);
        if waiting.len() < MOST {
            waiting.push(interim);
            self.any.store(true, Ordering::Release);
        }
    }

    /// One that a backend has said, without what belongs to the connection it came by.
    /// `100 Continue` ends here: whoever waits to send his body hears it from us, when
    /// somebody wants it.
    pub fn pass(&self, head: response::Parts) {
        let bytes: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if bytes > MOST_BYTES || matches!(head.status, StatusCode::CONTINUE | StatusCode::SWITCHING_PROTOCOLS) {
            return;
        }
        let mut interim = Response::from_parts(head, ());
        clean_answer(interim.headers_mut());
        interim.headers_mut().remove(header::CONTENT_LENGTH);
        self.put(interim);
    }

    /// Those that wait, in order.
    pub fn take(&self) -> Vec<Response<()>> {
        if !self.any.load(Ordering::Acquire) {
            return Vec::new();
        }
        let mut waiting = lock(&self.waiting);
        self.any.store(false, Ordering::Release);
        std::mem::take(&mut *waiting)
    }
}

/// How an answer is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Awaiting<'a> {
    /// How long it may take once the backend has all of the request.
    pub wait: std::time::Duration,
    /// Where interim answers go on to the caller, if he can be told.
    pub interims: Option<&'a Interims>,
    /// What the request is stamped with besides its own lines; those of a copy are among them.
    pub stamp: Option<&'a Stamp>,
}

#[cfg(test)]
mod tests {
    use http::{Response, StatusCode};

    use super::{Interims, MOST, MOST_BYTES};

    fn said(interims: &Interims, status: u16, value: &str) {
        let response = Response::builder().status(status).header("link", value).header("content-length", "5");
        interims.pass(response.body(()).expect("a head").into_parts().0);
    }

    #[test]
    fn few_and_small_ones_wait_and_none_that_is_the_connections() {
        let interims = Interims::default();
        assert!(interims.take().is_empty());
        said(&interims, 100, "a");
        said(&interims, 101, "a");
        said(&interims, 103, &"a".repeat(MOST_BYTES));
        (0..2 * MOST).for_each(|n| said(&interims, 103, &n.to_string()));
        let taken = interims.take();
        assert_eq!(taken.len(), MOST);
        assert_eq!(
            (taken[0].status(), &taken[0].headers()["link"]),
            (StatusCode::EARLY_HINTS, &"0".parse().expect("v"))
        );
        assert!(!taken[0].headers().contains_key("content-length"));
        assert!(interims.take().is_empty());
    }
}
