//! What has been called back, and how long that matters. Pure: the list is memory,
//! the notices are values; who makes them durable and who carries them is above.

mod cuts;
pub mod line;
pub mod list;
pub mod narrowing;
pub mod notice;
mod shard;
