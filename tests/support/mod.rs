//! What the tests that speak to a whole gateway share: start the real program with
//! a configuration of the test's own, on ports of the kernel's choice, in a folder
//! of its own; speak HTTP to it by hand. Must never: sleep to wait for something.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod answer;
pub mod backend;
pub mod browser;
pub mod buffers;
pub mod example;
pub mod files;
pub mod gateway;
pub mod h2;
pub mod http;
pub mod pace;
pub mod port;
pub mod stopwatch;
pub mod tls;
pub mod token;
pub mod yaml;
