//! Which server of an upstream is asked next, and which of them is passed over: rules
//! over facts that others publish. Every moment, every random number and every count is
//! an argument, so each rule can be tried without a socket or a clock.

pub mod budget;
pub mod condition;
pub mod ejection;
pub mod gate;
pub mod moment;
pub mod rendezvous;
pub mod round_robin;
pub mod slow_start;
pub mod streak;
pub mod two_choices;
pub mod vital;
