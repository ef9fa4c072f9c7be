//! Requests to an authority: TLS always, one connection each, everything bounded. The
//! protocol's own part is the package's; this is only the wire. Whom to believe is
//! Mozilla's list, as for upstreams, unless the file names an authority of its own.
//! Must never: follow a URL that is not https.

use std::error::Error as StdError;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, HeaderValue, RETRY_AFTER};
use http::uri::PathAndQuery;
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::acme::error::AcmeError;
use crate::clock::Seconds;

/// How long one request may take, its connection included.
const TIME: Duration = Duration::from_secs(30);

/// How long one address of the authority may take to connect; then the next is tried.
const CONNECT: Duration = Duration::from_secs(5);

/// Bytes of an answer: a chain of certificates is the longest.
const MAX_ANSWER: usize = 1 << 20;

/// The port of https.
const PORT: u16 = 443;

type Fault = Box<dyn StdError + Send + Sync>;

/// A client for one authority.
#[derive(Clone)]
pub struct Fetch {
    tls: Arc<ClientConfig>,
    /// Seconds that the last answer asked to wait; 0: none.
    retry_after: Arc<AtomicU64>,
}

impl Fetch {
    /// Believes the public authorities, or these.
    pub fn new(roots: Option<&[CertificateDer<'static>]>) -> Result<Fetch, AcmeError> {
        let failed = |error: rustls::Error| AcmeError::Here(format!("TLS cannot be set up: {error}"));
        let roots = match roots {
            None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
            Some(listed) => {
                let mut store = RootCertStore::empty();
                store.add_parsable_certificates(listed.iter().cloned());
                store
            }
        };
        let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(failed)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Fetch { tls: Arc::new(tls), retry_after: Arc::default() })
    }

    /// How long the authority's last answer asked to wait.
    pub fn retry_after(&self) -> Option<Seconds> {
        Some(Seconds(self.retry_after.load(Ordering::Relaxed))).filter(|wait| wait.0 > 0)
    }

    async fn ask(self, request: Request<BodyWrapper<Bytes>>) -> Result<Response<Full<Bytes>>, Fault> {
        let (mut head, body) = request.into_parts();
        let authority = head.uri.authority().cloned().ok_or("a URL without a host")?;
        if head.uri.scheme_str() != Some("https") {
            return Err(format!("{} is not https", head.uri).into());
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let stream = connect(&host, authority.port_u16().unwrap_or(PORT)).await?;
        let stream = TlsConnector::from(self.tls).connect(ServerName::try_from(host)?, stream).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Dropped with this future, it takes the connection with it.
        let mut driver = tokio::task::JoinSet::new();
        driver.spawn(connection);
        head.headers.insert(HOST, HeaderValue::from_str(authority.as_str())?);
        let path = head.uri.path().to_owned();
        head.uri = head.uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/")).into();
        let plain = head.method == Method::GET;
        let (head, body) = sender.send_request(Request::from_parts(head, body)).await?.into_parts();
        self.retry_after.store(seconds(head.headers.get(RETRY_AFTER)), Ordering::Relaxed);
        if plain && !head.status.is_success() {
            return Err(format!("it answers {} at {path}", head.status).into());
        }
        let body = Limited::new(body, MAX_ANSWER).collect().await?.to_bytes();
        Ok(Response::from_parts(head, Full::new(body)))
    }
}

/// A wait in seconds; a date is left to our own rule.
fn seconds(value: Option<&HeaderValue>) -> u64 {
    value.and_then(|value| value.to_str().ok()?.trim().parse().ok()).unwrap_or(0)
}

async fn connect(host: &str, port: u16) -> Result<TcpStream, Fault> {
    let found = tokio::net::lookup_host((host, port)).await;
    let addresses: Vec<SocketAddr> = found.map_err(|error| format!("{host}: {error}"))?.collect();
    let mut last: Fault = format!("{host} has no address").into();
    for address in addresses {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = format!("{host} ({address}): {error}").into(),
            Err(_) => last = format!("{host} ({address}) does not answer").into(),
        }
    }
    Err(last)
}

impl HttpClient for Fetch {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let asked = timeout(TIME, self.clone().ask(request));
        Box::pin(async move {
            match asked.await {
                Ok(answer) => answer.map(BytesResponse::from).map_err(Error::Other),
                Err(_) => Err(Error::Other("no answer in time".into())),
            }
        })
    }
}
