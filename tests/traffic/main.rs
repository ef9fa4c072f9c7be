//! What routes do with traffic, through the real program and real sockets: each rule,
//! its refusals, and what an attacker would try with it.

#[path = "../support/mod.rs"]
mod support;

mod compression;
mod cors;
mod explain;
mod headers;
mod house;
mod limits;
mod maintenance;
mod mirror;
mod rewriting;
mod split;
mod wire;
