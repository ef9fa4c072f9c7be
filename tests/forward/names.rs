//! Servers that the file names by name: looked up beside the requests, and followed when
//! their addresses change.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tollgate::edge::fleet::Fleet;
use tollgate::edge::fleet::resolver::Resolver;
use tollgate::snapshot::{Server, Site, Upstream};

use crate::backend::{Then, says_at};
use crate::gateway::{Gateway, route};
use crate::wire::get;

const ONE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\none";
const TWO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\ntwo";

/// The world's names: one address, or none.
struct Table(Mutex<Option<IpAddr>>);

impl Table {
    fn set(&self, address: Option<IpAddr>) {
        *self.0.lock().expect("unpoisoned") = address;
    }
}

impl Resolver for Table {
    fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let address = *self.0.lock().expect("unpoisoned");
        address.map(|address| vec![address]).ok_or_else(|| io::ErrorKind::HostUnreachable.into())
    }
}

fn loopback(last: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, last).into()
}

async fn until(what: &str, done: impl AsyncFn() -> bool) {
    let soon = async {
        while !done().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), soon).await.expect(what);
}

fn failures(fleet: &Fleet) -> u64 {
    fleet.lookups().iter().map(|name| name.failures).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_moves_takes_the_requests_along() {
    let first = says_at(SocketAddr::from((loopback(1), 0)), ONE, Then::Keep).await;
    let port = first.address.port();
    let second = says_at(SocketAddr::from((loopback(2), port)), TWO, Then::Keep).await;
    let mut named = route("/a", first.address);
    named.servers = vec![Server { site: Site::Network { host: "b.test".into(), port }, weight: 1, tls: None }];
    let gateway = Gateway::serve(vec![named]);
    let unknown = get(gateway.address, "/a", "").await;
    assert_eq!((unknown.status, unknown.json()["reason"].as_str()), (503, Some("upstream_unresolved")));
    assert_eq!(unknown.all("retry-after"), ["1"]);

    let fleet = &gateway.shared.fleet;
    let said = gateway.shared.worlds.load().snapshot.upstreams[0].clone();
    fleet.adapt(&[Upstream { dns_refresh: Duration::from_millis(20), ..said }]);
    let table = Arc::new(Table(Mutex::new(Some(loopback(1)))));
    let lookups = tokio::spawn(Arc::clone(fleet).look_up(Arc::clone(&table) as Arc<dyn Resolver>));
    fleet.settle(Duration::from_secs(60)).await;
    let body = async || get(gateway.address, "/a", "").await.body;
    assert_eq!(body().await, b"one");

    table.set(Some(loopback(2)));
    until("the new address", async || body().await == b"two").await;
    let before = first.requests().len();
    table.set(None);
    until("a look-up that fails", async || failures(fleet) > 0).await;
    for _ in 0..5 {
        assert_eq!(body().await, b"two", "the last good answer stays");
    }
    assert_eq!(first.requests().len(), before, "nobody goes to the old address");
    assert!(second.requests().len() >= 6);
    lookups.abort();
}
