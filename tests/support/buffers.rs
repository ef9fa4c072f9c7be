//! What the kernel keeps of bytes that nobody takes, so that a test can tell it from what
//! the gateway keeps.

/// Bytes that two connections, one behind the other, may have in the kernel's buffers at
/// most, as its settings are.
pub fn of_two_connections() -> usize {
    let largest = ["tcp_rmem", "tcp_wmem"].map(|name| {
        let text = std::fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).expect("Linux tells");
        text.split_whitespace().last().and_then(|most| most.parse::<usize>().ok()).expect("a number")
    });
    2 * largest.iter().sum::<usize>()
}
