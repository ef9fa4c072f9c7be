//! Where a listener listens: an address with a port, or a path in the file system.
//! What else there is to say of a path (who may connect) is part of it, since the two
//! are made in one step.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The beginning of an address that is a path.
pub const UNIX: &str = "unix:";

/// Where a listener listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Address {
    /// Address and port.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(UnixPlace),
}

/// A socket in the file system.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnixPlace {
    /// Where it is.
    pub path: PathBuf,
    /// Its permission bits: who may connect needs to write.
    pub mode: u32,
    /// User id of its owner; `None`: whoever runs the gateway.
    pub owner: Option<u32>,
    /// Its group's id; `None`: that of the gateway.
    pub group: Option<u32>,
}

impl Address {
    /// Address and port, unless it is a path.
    pub fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Address::Tcp(address) => Some(*address),
            Address::Unix(_) => None,
        }
    }

    /// Whether only this machine gets there.
    pub fn is_local(&self) -> bool {
        match self {
            Address::Tcp(address) => address.ip().is_loopback(),
            Address::Unix(_) => true,
        }
    }

    /// Whether two listeners cannot both be there. Port 0 is always free.
    pub fn collides(&self, other: &Address) -> bool {
        match (self, other) {
            (Address::Tcp(one), Address::Tcp(two)) => one == two && one.port() != 0,
            (Address::Unix(one), Address::Unix(two)) => one.path == two.path,
            (Address::Tcp(_), Address::Unix(_)) | (Address::Unix(_), Address::Tcp(_)) => false,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => address.fmt(f),
            Address::Unix(place) => write!(f, "{UNIX}{}", place.path.display()),
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Address {
        Address::Tcp(address)
    }
}
