//! Listening sockets that were opened before this process began: by systemd, or by the
//! gateway whose place it takes. They are found by their listener's name, or else by
//! where they listen. Must never: close one that a listener of the file asks for.

use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;

use socket2::{Domain, Socket};

use crate::edge::listen::ear::{Ear, Holder};
use crate::snapshot::Address;

/// Sockets with the names they came under.
#[derive(Debug, Default)]
pub struct Inherited(Vec<(String, Ear)>);

impl Inherited {
    /// Adds one; refuses what is no stream socket that listens.
    pub fn add(&mut self, name: String, socket: OwnedFd, holder: Holder) -> io::Result<()> {
        let socket = Socket::from(socket);
        if !socket.is_listener()? {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it does not listen"));
        }
        socket.set_nonblocking(true)?;
        let ear = match socket.domain()? {
            Domain::UNIX => Ear::from(UnixListener::from(socket)),
            Domain::IPV4 | Domain::IPV6 => Ear::from(TcpListener::from(socket)),
            _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, "neither an address nor a path")),
        };
        self.0.push((name, ear.held_by(holder)));
        Ok(())
    }

    /// Takes the sockets of a listener: at least `workers` if there are any, since one
    /// may be in several hands, but never fewer than there are.
    pub fn take(&mut self, listener: &str, address: &Address, workers: usize) -> io::Result<Vec<Ear>> {
        let named = self.0.iter().any(|(name, _)| name == listener);
        let (mut mine, others) = std::mem::take(&mut self.0)
            .into_iter()
            .partition::<Vec<_>, _>(|(name, ear)| if named { name == listener } else { listens_at(ear, address) });
        self.0 = others;
        let mut ears: Vec<Ear> = mine.drain(..).map(|(_, ear)| ear).collect();
        let there = ears.len();
        while there > 0 && ears.len() < workers {
            ears.push(ears[ears.len() % there].another()?);
        }
        Ok(ears)
    }

    /// Names of those that nobody took.
    pub fn left(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        names.dedup();
        names
    }
}

fn listens_at(ear: &Ear, address: &Address) -> bool {
    match address {
        Address::Tcp(wanted) => ear.address() == Some(*wanted),
        Address::Unix(place) => ear.path().as_ref() == Some(&place.path),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::os::fd::OwnedFd;

    use super::Inherited;
    use crate::edge::listen::ear::Holder;
    use crate::snapshot::Address;

    fn listener() -> (OwnedFd, SocketAddr) {
        let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = socket.local_addr().expect("bound");
        (socket.into(), address)
    }

    #[test]
    fn by_name_or_else_by_address_and_in_as_many_hands_as_needed() {
        let mut all = Inherited::default();
        let ((one, first), (two, second)) = (listener(), listener());
        all.add("public".to_owned(), one, Holder::Us).expect("a listener");
        all.add("tollgate.socket".to_owned(), two, Holder::Supervisor).expect("a listener");
        let elsewhere = Address::Tcp(SocketAddr::from(([127, 0, 0, 1], 1)));
        let named = all.take("public", &elsewhere, 3).expect("handles");
        assert_eq!(named.iter().map(super::Ear::address).collect::<Vec<_>>(), vec![Some(first); 3]);
        assert!(all.take("tokens", &elsewhere, 1).expect("nothing").is_empty());
        assert_eq!(all.left(), ["tollgate.socket"]);
        let found = all.take("tokens", &Address::Tcp(second), 1).expect("a handle");
        assert_eq!((found[0].address(), found[0].holder), (Some(second), Holder::Supervisor));
        assert!(all.left().is_empty());
    }

    #[test]
    fn what_does_not_listen_is_refused() {
        let (socket, address) = listener();
        let connected = TcpStream::connect(address).expect("it listens");
        assert!(Inherited::default().add("a".to_owned(), connected.into(), Holder::Us).is_err());
        drop(socket);
    }
}
