//! A connection to one server: TCP or a Unix socket, TLS on top where the file says so.
//! The address is known already, so nothing here asks for a name. All of it has one
//! time limit, since a caller waits for the whole of it.

use std::io;
use std::time::Duration;

use rustls::CertificateError;
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use crate::edge::fleet::member::{Address, Member};
use crate::edge::io::Socket;
use crate::edge::stream::Stream;
use crate::edge::upstream::error::{ForwardError, TlsFault};
use crate::snapshot::ClientTls;

/// A fresh connection.
#[derive(Debug)]
pub struct Connected {
    /// Its bytes.
    pub stream: Stream,
    /// The protocol that both sides agreed on by ALPN (RFC 7301), if they did.
    pub protocol: Option<Box<[u8]>>,
}

/// Connects to `member` within `patience`. `protocols` are offered by ALPN, the best one
/// first; none: ALPN is left out.
pub async fn open(member: &Member, patience: Duration, protocols: &[&[u8]]) -> Result<Connected, ForwardError> {
    let opened = async {
        let socket = socket(&member.address).await?;
        match &member.server.tls {
            None => Ok(Connected { stream: Stream::Clear(socket), protocol: None }),
            Some(tls) => Box::pin(secure(socket, tls, protocols)).await,
        }
    };
    tokio::time::timeout(patience, opened).await.unwrap_or(Err(ForwardError::ConnectTimeout))
}

async fn socket(address: &Address) -> Result<Socket, ForwardError> {
    let socket = match address {
        Address::Tcp(address) => TcpStream::connect(address).await.map(Socket::clear),
        Address::Unix(path) => UnixStream::connect(path).await.map(Socket::clear),
        Address::Builtin => Err(io::ErrorKind::AddrNotAvailable.into()),
    };
    socket.map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => ForwardError::ConnectTimeout,
        _ => ForwardError::Connect,
    })
}

async fn secure(socket: Socket, tls: &ClientTls, protocols: &[&[u8]]) -> Result<Connected, ForwardError> {
    let connector = TlsConnector::from(tls.config.clone());
    let offered = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let shaken = connector.with_alpn(offered).connect(tls.name.clone(), socket).await;
    let stream = shaken.map_err(|error| fault_of(&error))?;
    let protocol = stream.get_ref().1.alpn_protocol().map(Into::into);
    Ok(Connected { stream: stream.into(), protocol })
}

/// What a failed handshake says about the two sides.
fn fault_of(error: &io::Error) -> ForwardError {
    let Some(cause) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        return ForwardError::Tls(TlsFault::Broken);
    };
    ForwardError::Tls(match cause {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => TlsFault::Name,
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => TlsFault::Expired,
            _ => TlsFault::Untrusted,
        },
        rustls::Error::AlertReceived(_) => TlsFault::Refused,
        _ => TlsFault::Broken,
    })
}
