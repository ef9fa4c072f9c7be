//! One request's hold on what carries it. Dropped, it closes the connection, or resets
//! its stream on a shared one.

use std::sync::Arc;

use crate::edge::upstream::carrier::Carrier;
use crate::edge::upstream::pool::{Pool, Seat};
use crate::edge::upstream::ticket::Ticket;

/// A request's hold.
#[derive(Debug)]
pub struct Lease {
    carrier: Carrier,
    seat: Seat,
    ticket: Ticket,
}

impl Lease {
    /// Holds `carrier`, whose place among its pool's is `seat`.
    pub(in crate::edge::upstream) fn of(carrier: Carrier, seat: Seat) -> Lease {
        Lease { carrier, seat, ticket: Ticket::default() }
    }

    /// What carries the request.
    pub fn carrier(&mut self) -> &mut Carrier {
        &mut self.carrier
    }

    /// The same, to be looked at.
    pub fn peek(&self) -> &Carrier {
        &self.carrier
    }

    /// Holds the request's place among those under way as long as the connection.
    pub fn carry(&mut self, ticket: Ticket) {
        self.ticket = ticket;
    }

    /// Whose connection it is.
    pub fn pool(&self) -> &Arc<Pool> {
        self.seat.pool()
    }

    /// The answer is through: a connection that is clean on both sides serves again.
    pub fn finish(self) {
        let Lease { carrier, seat, ticket } = self;
        drop(ticket);
        match carrier {
            Carrier::Http1(link) => {
                if link.is_clean() {
                    seat.keep(link);
                }
            }
            // Its stream has ended, and the connection goes on without it.
            Carrier::Http2(_) => {}
        }
    }
}
