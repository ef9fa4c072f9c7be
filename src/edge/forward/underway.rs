//! A request whose body is still on its way while its answer is awaited: an upload, or a
//! gRPC call whose caller talks first. It rests on its token as an answer does, and ends
//! with it. Once it has come whole it only waits, and is not ended any more: what it asks
//! for may be done already.
//! Must never: cost a request anything whose body came with its head.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::edge::body::upload::UploadState;
use crate::edge::body::watch::Watch;
use crate::edge::upstream::error::ForwardError;

pin_project! {
    /// An exchange that is watched while its request is on its way.
    pub struct Underway<'a, F, W> {
        #[pin]
        exchange: F,
        // `None`: there is no body, or nothing that may end it.
        upload: Option<Arc<UploadState>>,
        begin: W,
        watch: &'a mut Option<Box<Watch>>,
    }
}

impl<'a, F, W> Underway<'a, F, W> {
    /// Watches `exchange` while `upload` goes on. `begin` makes the watch when it is needed,
    /// if there is one; it is left in `watch`, for the answer.
    pub fn new(
        exchange: F,
        upload: Option<Arc<UploadState>>,
        begin: W,
        watch: &'a mut Option<Box<Watch>>,
    ) -> Underway<'a, F, W> {
        Underway { exchange, upload, begin, watch }
    }
}

impl<T, F, W> Future for Underway<'_, F, W>
where
    F: Future<Output = Result<T, ForwardError>>,
    W: Fn() -> Option<Box<Watch>>,
{
    type Output = Result<T, ForwardError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let outcome = this.exchange.poll(cx);
        if outcome.is_ready() || this.upload.as_ref().is_none_or(|upload| upload.is_complete()) {
            return outcome;
        }
        if this.watch.is_none() {
            **this.watch = (this.begin)();
        }
        match &mut **this.watch {
            Some(watch) => watch.poll(cx).map(|cut| Err(cut.error())),
            None => {
                *this.upload = None;
                Poll::Pending
            }
        }
    }
}
