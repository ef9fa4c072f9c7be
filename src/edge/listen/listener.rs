//! Sockets to listen on: one per listener and worker, all on one address through
//! `SO_REUSEPORT`, so that the kernel spreads connections and no thread hands one to
//! another. The first socket of an address binds without that option: an address that
//! anybody else holds, even another tollgate, is found instead of silently shared.
//! A path in the file system has one socket that all workers hold.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use socket2::{Domain, Protocol, Socket, Type};

use crate::edge::listen::ear::Ear;
use crate::edge::listen::inherited::Inherited;
use crate::edge::listen::unix_socket;
use crate::snapshot::Address;

/// Connections that may wait for `accept` per socket; the kernel may allow less.
const BACKLOG: i32 = 4096;

/// One listener's sockets.
#[derive(Debug)]
pub struct Bound {
    /// Its key in the file.
    pub name: Arc<str>,
    /// Where it really listens: with the port the system chose, if it was to choose.
    pub address: Address,
    /// At least one per worker.
    pub sockets: Vec<Ear>,
}

/// Why an address could not be listened on.
#[derive(Debug)]
pub struct BindError {
    /// The listener's key in the file.
    pub listener: Arc<str>,
    /// The address it asked for.
    pub address: Address,
    /// What the system said.
    pub fault: io::Error,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BindError { listener, address, fault } = self;
        match fault.kind() {
            io::ErrorKind::AddrInUse if matches!(address, Address::Unix(_)) => write!(
                f,
                "listener `{listener}`: another process listens on {address}; stop that one (`ss -lxp` names it), or \
                 give the listener another path"
            ),
            io::ErrorKind::NotFound => {
                write!(f, "listener `{listener}`: there is no folder for {address}; make it first")
            }
            io::ErrorKind::AlreadyExists => {
                write!(f, "listener `{listener}`: {address}: {fault}; remove it, or choose another path")
            }
            io::ErrorKind::PermissionDenied if matches!(address, Address::Unix(_)) => write!(
                f,
                "listener `{listener}`: no permission to make {address}, or to give it to another owner; its folder \
                 has to be writable, and only root may give files away"
            ),
            io::ErrorKind::AddrInUse => write!(
                f,
                "listener `{listener}`: {address} is taken by another process; stop that one (`ss -ltnp` names it), \
                 or give the listener another address"
            ),
            io::ErrorKind::PermissionDenied => write!(
                f,
                "listener `{listener}`: no permission to listen on {address}; ports below 1024 need the capability \
                 CAP_NET_BIND_SERVICE"
            ),
            io::ErrorKind::AddrNotAvailable => {
                write!(f, "listener `{listener}`: {address} is not an address of this machine")
            }
            _ => write!(f, "listener `{listener}`: cannot listen on {address}: {fault}"),
        }
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.fault)
    }
}

/// Binds every listener for `workers` workers (at least one). All errors are told at
/// once; sockets bound by then are closed again.
pub fn bind(wanted: &[(Arc<str>, Address)], workers: usize) -> Result<Vec<Bound>, Vec<BindError>> {
    bind_or_take(wanted, workers, &mut Inherited::default())
}

/// The same, where what others have opened before is taken instead.
pub fn bind_or_take(
    wanted: &[(Arc<str>, Address)],
    workers: usize,
    inherited: &mut Inherited,
) -> Result<Vec<Bound>, Vec<BindError>> {
    let mut bound = Vec::with_capacity(wanted.len());
    let mut errors = Vec::new();
    for (name, address) in wanted {
        let made = match inherited.take(name, address, workers.max(1)) {
            Ok(taken) if !taken.is_empty() => {
                let really = taken[0].address().map_or_else(|| address.clone(), Address::Tcp);
                bound.push(Bound { name: Arc::clone(name), address: really, sockets: taken });
                continue;
            }
            Ok(_) => open(address, wanted, workers.max(1)),
            Err(fault) => Err(fault),
        };
        match made {
            Ok((address, sockets)) => bound.push(Bound { name: Arc::clone(name), address, sockets }),
            Err(fault) => errors.push(BindError { listener: Arc::clone(name), address: address.clone(), fault }),
        }
    }
    if errors.is_empty() { Ok(bound) } else { Err(errors) }
}

fn open(address: &Address, wanted: &[(Arc<str>, Address)], workers: usize) -> io::Result<(Address, Vec<Ear>)> {
    match address {
        Address::Tcp(tcp) => {
            let (tcp, sockets) = bind_tcp(*tcp, Family::among(*tcp, wanted), workers)?;
            Ok((Address::Tcp(tcp), sockets))
        }
        Address::Unix(place) => {
            let socket = unix_socket::bind(place, BACKLOG)?;
            Ok((address.clone(), shared(Ear::from(socket), workers)?))
        }
    }
}

/// One socket in the hands of every worker.
fn shared(socket: Ear, workers: usize) -> io::Result<Vec<Ear>> {
    let mut all = vec![socket];
    while all.len() < workers {
        all.push(all[0].another()?);
    }
    Ok(all)
}

/// Which callers an IPv6 socket takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Family {
    /// Its own only, since the same port has a listener of its own for IPv4.
    Alone,
    /// IPv4 too, where the address is `[::]`.
    Both,
}

impl Family {
    fn among(address: SocketAddr, wanted: &[(Arc<str>, Address)]) -> Family {
        let mut others = wanted.iter().filter_map(|(_, other)| other.tcp());
        let shares = others.any(|other| other.is_ipv4() && other.port() == address.port());
        if shares { Family::Alone } else { Family::Both }
    }
}

fn bind_tcp(address: SocketAddr, family: Family, workers: usize) -> io::Result<(SocketAddr, Vec<Ear>)> {
    let first = socket(address, family)?;
    first.bind(&address.into())?;
    if workers > 1 {
        // From here on nobody without the option can take the address, and our own
        // further sockets can.
        first.set_reuse_port(true)?;
    }
    let address = first.local_addr()?.as_socket().unwrap_or(address);
    let mut sockets = vec![first];
    while sockets.len() < workers {
        let next = socket(address, family)?;
        next.set_reuse_port(true)?;
        next.bind(&address.into())?;
        sockets.push(next);
    }
    for socket in &sockets {
        socket.listen(BACKLOG)?;
    }
    Ok((address, sockets.into_iter().map(|socket| Ear::from(TcpListener::from(socket))).collect()))
}

fn socket(address: SocketAddr, family: Family) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Without it a restart would have to wait for the last connections to be forgotten.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(family == Family::Alone)?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::sync::Arc;

    use super::{BindError, Bound, bind};
    use crate::snapshot::Address;

    fn one(address: &str, workers: usize) -> Result<Bound, BindError> {
        let address: SocketAddr = address.parse().expect("an address");
        let wanted = [(Arc::from("public"), Address::Tcp(address))];
        match bind(&wanted, workers) {
            Ok(mut bound) => Ok(bound.remove(0)),
            Err(mut errors) => Err(errors.remove(0)),
        }
    }

    #[test]
    fn port_0_is_resolved_once_for_all_workers() {
        let bound = one("127.0.0.1:0", 3).expect("a free port");
        let address = bound.address.tcp().expect("an address");
        assert_ne!(address.port(), 0);
        assert_eq!(bound.sockets.len(), 3);
        for socket in &bound.sockets {
            assert_eq!(socket.address(), Some(address));
        }
        TcpStream::connect(address).expect("it listens");
    }

    #[test]
    fn another_gateway_on_the_address_is_found() {
        let bound = one("127.0.0.1:0", 2).expect("a free port");
        let error = one(&bound.address.to_string(), 2).expect_err("taken");
        assert_eq!(error.fault.kind(), ErrorKind::AddrInUse);
        let text = error.to_string();
        assert!(text.contains("`public`") && text.contains(&bound.address.to_string()) && text.contains("taken"));
    }

    #[test]
    fn a_foreign_listener_on_the_address_is_found() {
        let foreign = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = foreign.local_addr().expect("bound").to_string();
        assert_eq!(one(&address, 1).expect_err("taken").fault.kind(), ErrorKind::AddrInUse);
    }

    #[test]
    fn all_errors_are_told_and_nothing_stays_bound() {
        let free = one("127.0.0.1:0", 1).expect("a free port").address.tcp().expect("an address");
        let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let taken = taken.local_addr().map(|address| (taken, address)).expect("bound");
        let nowhere: SocketAddr = "192.0.2.1:1".parse().expect("an address");
        let wanted =
            [("a", free), ("b", taken.1), ("c", nowhere)].map(|(name, at)| (Arc::from(name), Address::Tcp(at)));
        let errors = bind(&wanted, 2).expect_err("two are bad");
        assert_eq!(errors.iter().map(|error| &*error.listener).collect::<Vec<_>>(), ["b", "c"]);
        assert!(errors[1].to_string().contains("not an address of this machine"));
        TcpListener::bind(free).expect("free again");
    }

    #[test]
    fn both_families_on_one_port() {
        let v4 = one("0.0.0.0:0", 1).expect("a free port").address.tcp().expect("an address");
        let v6 = SocketAddr::from((std::net::Ipv6Addr::UNSPECIFIED, v4.port()));
        let wanted = [("four", v4), ("six", v6)].map(|(name, at)| (Arc::from(name), Address::Tcp(at)));
        let bound = bind(&wanted, 2).expect("both");
        assert_eq!(bound.len(), 2);
    }
}
