//! What moving a request costs.

use std::sync::Arc;

use http::request::Parts;

use crate::edge::body::inbound::Inbound;
use crate::edge::connection::Connection;

fn size_of_answer<A>(_: impl Fn(Arc<Connection>, Box<Parts>, Inbound) -> A) -> usize {
    size_of::<A>()
}

#[test]
fn a_requests_future_is_small() {
    // Every request moves it at least once, so its size is time.
    let size = size_of_answer(super::serve);
    assert!(size <= 2 * 1024, "{size} bytes");
}
