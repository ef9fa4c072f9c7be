//! Who is in the fleet after reloads and look-ups, and what stays with whom.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::balance::condition::Fault;
use crate::balance::vital::Standing;
use crate::edge::fleet::Fleet;
use crate::edge::fleet::resolver::Resolver;
use crate::edge::worker::pulse::Tick;
use crate::snapshot::{Server, Site, Upstream};

fn server(host: &str, weight: u32) -> Server {
    Server { site: Site::Network { host: host.into(), port: 80 }, weight, tls: None }
}

fn upstream(name: &str, servers: Vec<Server>) -> Upstream {
    Upstream { dns_refresh: Duration::from_millis(20), ..Upstream::of(name.into(), servers) }
}

fn labels(fleet: &Fleet, name: &str) -> Vec<String> {
    fleet.group(&name.into()).members().iter().map(|member| member.label.to_string()).collect()
}

fn ip(last: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, last).into()
}

#[test]
fn a_server_that_stays_keeps_its_state_over_a_reload_and_takes_its_new_weight() {
    let fleet = Fleet::new(1, &[upstream("u", vec![server("10.0.0.1", 1), server("10.0.0.2", 1)])]);
    let group = fleet.group(&"u".into());
    let first = Arc::clone(&group.members()[0]);
    group.fault(&first.state, Fault::Connect);
    let now = Tick::now().moment();
    assert_eq!(first.vital().standing(now), Standing::Ejected);

    fleet.adapt(&[upstream("u", vec![server("10.0.0.3", 1), server("10.0.0.1", 5)])]);
    let members = fleet.group(&"u".into()).members();
    assert_eq!(labels(&fleet, "u"), ["10.0.0.3:80", "10.0.0.1:80"]);
    assert!(Arc::ptr_eq(&members[1].state, &first.state));
    assert_eq!((members[1].server.weight, members[1].vital().standing(now)), (5, Standing::Ejected));
    assert!(matches!(members[0].vital().standing(now), Standing::Warming(_)), "who comes later begins slowly");
}

#[test]
fn an_upstream_that_is_gone_serves_until_nobody_can_ask_for_it() {
    let fleet = Fleet::new(1, &[upstream("old", vec![server("10.0.0.1", 1)])]);
    let next = [upstream("new", vec![server("10.0.0.2", 1)])];
    let before = fleet.revision();
    fleet.adapt(&next);
    assert_eq!(labels(&fleet, "old"), ["10.0.0.1:80"]);
    fleet.prune(&next);
    assert!(labels(&fleet, "old").is_empty() && fleet.groups().len() == 1);
    assert!(fleet.revision() > before);
}

#[test]
fn a_name_is_all_of_its_addresses_and_a_failed_look_up_takes_none_away() {
    let fleet = Fleet::new(1, &[upstream("u", vec![server("b.test", 1), server("10.0.0.2", 1)])]);
    assert_eq!(labels(&fleet, "u"), ["10.0.0.2:80"]);
    let v6: IpAddr = "fd00::1".parse().expect("an address");
    fleet.learn("b.test", Ok(vec![ip(9), v6, ip(8), ip(9), ip(2)]));
    assert_eq!(labels(&fleet, "u"), ["10.0.0.2:80", "10.0.0.8:80", "10.0.0.9:80"], "no address is there twice");
    let revision = fleet.revision();
    fleet.learn("b.test", Err(io::ErrorKind::TimedOut.into()));
    fleet.learn("b.test", Ok(Vec::new()));
    fleet.learn("b.test", Ok(vec![ip(8), ip(9), ip(2), v6]));
    fleet.learn("stranger.test", Ok(vec![ip(1)]));
    assert_eq!(fleet.revision(), revision, "nothing has changed");
    fleet.learn("b.test", Ok(vec![v6]));
    assert_eq!(labels(&fleet, "u"), ["[fd00::1]:80", "10.0.0.2:80"]);
    let tally = &fleet.lookups()[0];
    assert_eq!((tally.successes, tally.failures), (3, 2));
}

/// Names in a table that a test changes.
#[derive(Default)]
struct Table(Mutex<Vec<IpAddr>>);

impl Resolver for Table {
    fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        assert_eq!(host, "b.test");
        Ok(self.0.lock().expect("unpoisoned").clone())
    }
}

#[tokio::test]
async fn names_are_looked_up_again_and_again() {
    let fleet = Fleet::new(1, &[upstream("u", vec![server("b.test", 1)])]);
    let table = Arc::new(Table::default());
    table.0.lock().expect("unpoisoned").push(ip(1));
    let task = tokio::spawn(Arc::clone(&fleet).look_up(Arc::clone(&table) as Arc<dyn Resolver>));
    fleet.settle(Duration::from_secs(60)).await;
    assert_eq!(labels(&fleet, "u"), ["10.0.0.1:80"]);
    *table.0.lock().expect("unpoisoned") = vec![ip(2), ip(3)];
    let changed = async {
        while labels(&fleet, "u") != ["10.0.0.2:80", "10.0.0.3:80"] {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), changed).await.expect("the new addresses");
    task.abort();
}
