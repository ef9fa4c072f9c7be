//! Whether a backend is still at the other end of its connection. It is asked (PING, RFC
//! 9113 §6.7) when a request has waited in vain, and not by the clock: gRPC servers take
//! pings without need for a flood, and close the connections of whoever sends them.
//! Must never: wait for it for ever.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use h2::{Ping, PingPong};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Sleep;

/// The asking.
pub(super) struct Doubt<'a> {
    bell: &'a Notify,
    rung: Pin<Box<Notified<'a>>>,
    pings: Option<PingPong>,
    patience: Duration,
    /// Until when the answer has to come; `None`: nothing was asked.
    end: Option<Pin<Box<Sleep>>>,
}

impl<'a> Doubt<'a> {
    /// Asks whenever `bell` is rung; the answer may take `patience`.
    pub(super) fn about(bell: &'a Notify, pings: Option<PingPong>, patience: Duration) -> Doubt<'a> {
        Doubt { bell, rung: Box::pin(bell.notified()), pings, patience, end: None }
    }

    /// Ready when the backend has not answered in time.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(pings) = &mut self.pings else { return Poll::Pending };
        while self.rung.as_mut().poll(cx).is_ready() {
            self.rung.set(self.bell.notified());
            // One question at a time; a connection that is closing takes none.
            if self.end.is_none() && pings.send_ping(Ping::opaque()).is_ok() {
                self.end = Some(Box::pin(tokio::time::sleep(self.patience)));
                // The ping leaves with the next look at the connection.
                cx.waker().wake_by_ref();
            }
        }
        let Some(end) = &mut self.end else { return Poll::Pending };
        if pings.poll_pong(cx).is_ready() {
            self.end = None;
            return Poll::Pending;
        }
        end.as_mut().poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
    use tokio::sync::Notify;
    use tokio::time::timeout;

    use super::Doubt;

    const LONG: Duration = Duration::from_secs(10);

    /// Ends when the backend is given up.
    async fn asks(near: DuplexStream, bell: &Notify, patience: Duration) {
        let (sender, mut connection) = h2::client::handshake(near).await.expect("a handshake");
        let mut doubt = Doubt::about(bell, connection.ping_pong(), patience);
        poll_fn(|cx| {
            assert!(std::pin::pin!(&mut connection).poll(cx).is_pending(), "the connection stands");
            doubt.poll(cx)
        })
        .await;
        drop(sender);
    }

    /// The payload of the next ping.
    async fn ping(far: &mut DuplexStream, came: &mut Vec<u8>) -> Vec<u8> {
        loop {
            let at = came.windows(5).position(|bytes| bytes == [0, 0, 8, 6, 0]);
            if let Some(at) = at.filter(|at| came.len() >= at + 17) {
                return came.drain(..at + 17).skip(at + 9).collect();
            }
            assert!(far.read_buf(came).await.expect("bytes") > 0);
        }
    }

    #[tokio::test]
    async fn one_that_does_not_answer_is_given_up() {
        let (near, _far) = tokio::io::duplex(64 * 1024);
        let bell = Notify::new();
        bell.notify_one();
        timeout(LONG, asks(near, &bell, Duration::from_millis(20))).await.expect("in time");
    }

    #[tokio::test]
    async fn one_that_answers_is_asked_again_at_the_next_doubt() {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        let bell = Notify::new();
        let answering = async {
            far.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.expect("SETTINGS");
            let mut came = Vec::new();
            for _ in 0..3 {
                // One that is rung while the last answer is under way asks nothing new.
                let payload = loop {
                    bell.notify_one();
                    if let Ok(payload) = timeout(Duration::from_millis(20), ping(&mut far, &mut came)).await {
                        break payload;
                    }
                };
                far.write_all(&[&[0, 0, 8, 6, 1, 0, 0, 0, 0], &payload[..]].concat()).await.expect("the answer");
            }
        };
        let outcome = async {
            tokio::select! {
                () = asks(near, &bell, LONG) => panic!("given up"),
                () = answering => {}
            }
        };
        timeout(LONG, outcome).await.expect("in time");
    }
}
