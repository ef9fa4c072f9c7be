//! From a name to addresses: the one question this process asks of the world's names,
//! behind a trait so that a test can be the world.

use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};

/// Finds addresses. Laws: it may block for as long as it likes, since it is called on
/// threads where nobody waits for others; it remembers nothing.
pub trait Resolver: Send + Sync {
    /// The addresses of `host`, in any order; an empty answer is a failed one.
    fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's own (`getaddrinfo`): hosts file, DNS, whatever the machine is set up for.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok((host, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
    }
}
