//! Work that is done where its result is wanted, and finished elsewhere if nobody wants
//! it any more: a caller who leaves must not leave half a revocation behind.
//! Must never: let a panic of the work reach the connection.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// A future that goes on after it is dropped.
pub struct Finish<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    rest: Option<Pin<Box<F>>>,
    elsewhere: Handle,
}

/// The work panicked; what it said is on standard error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Panicked;

impl std::fmt::Display for Panicked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the work panicked")
    }
}

impl<F> Finish<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    /// Does `work` as it is polled; on `elsewhere`, what is left of it when this is dropped.
    pub fn new(work: F, elsewhere: Handle) -> Finish<F> {
        Finish { rest: Some(Box::pin(work)), elsewhere }
    }
}

impl<F> Future for Finish<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    type Output = Result<F::Output, Panicked>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(mut work) = self.rest.take() else { return Poll::Ready(Err(Panicked)) };
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)));
        match polled {
            Ok(Poll::Pending) => {
                self.rest = Some(work);
                Poll::Pending
            }
            Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
            Err(_) => Poll::Ready(Err(Panicked)),
        }
    }
}

impl<F> Drop for Finish<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn drop(&mut self) {
        if let Some(rest) = self.rest.take() {
            drop(self.elsewhere.spawn(async move { drop(rest.await) }));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use tokio::sync::oneshot;

    use super::{Finish, Panicked};

    #[tokio::test]
    async fn what_is_dropped_is_finished_elsewhere() {
        let (go, gone) = oneshot::channel::<()>();
        let (says, said) = oneshot::channel::<u32>();
        let work = async move {
            gone.await.expect("the test goes on");
            says.send(7).expect("the test listens");
        };
        let mut finish = Box::pin(Finish::new(work, tokio::runtime::Handle::current()));
        assert!(finish.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(finish);
        go.send(()).expect("the work goes on");
        assert_eq!(said.await, Ok(7));
    }

    #[tokio::test]
    async fn a_panic_stays_with_the_work() {
        let here = tokio::runtime::Handle::current();
        let broken = Finish::new(async { panic!("as the test wants") }, here.clone());
        let done: Result<(), Panicked> = broken.await;
        assert_eq!(done, Err(Panicked));
        assert_eq!(pin!(Finish::new(async { 3 }, here)).await, Ok(3));
    }
}
