//! Standing back once before something is sent. The requests that came in one wave then
//! take each step together: its code is in the cache for all of them, and the other side,
//! woken by the first `send`, has no time to fall asleep before the next.
//! Must never: make anybody wait for what is not ready to run.

use std::task::{Context, Poll};

/// One step of one task; the others that are ready go first.
#[derive(Debug, Default)]
pub struct Wave {
    stood_back: bool,
}

impl Wave {
    /// Pending the first time, with the task woken at once; ready from then on.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.stood_back, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::{Context, Waker};

    use super::Wave;

    #[tokio::test]
    async fn whoever_is_ready_goes_first_and_once_is_enough() {
        let other = tokio::spawn(async {});
        let mut wave = Wave::default();
        poll_fn(|cx| wave.poll(cx)).await;
        assert!(other.is_finished());
        let again = wave.poll(&mut Context::from_waker(Waker::noop()));
        assert!(again.is_ready());
    }
}
