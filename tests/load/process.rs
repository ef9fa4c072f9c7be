//! What the kernel says about a process.

use std::fs;

/// Bytes that a process holds in memory now.
pub fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a living process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line about memory");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}
