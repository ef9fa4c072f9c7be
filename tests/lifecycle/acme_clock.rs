//! Certificates over months and failures: a gateway inside the test, whose clock is the
//! test's own. What waits a minute or sixty days waits as long as it takes to say so.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tollgate::cli::compiling::running_context;
use tollgate::clock::{Clock as _, ManualClock, Seconds, SystemClock};
use tollgate::config::files::DiskFiles;
use tollgate::config::load::load;
use tollgate::gateway::{self, Parts};
use tollgate::random::{Random, SeededRandom};

use crate::acme_authority::{AcmeAuthority, Fault, Script, handshake};
use crate::authority::{Authority, put};
use crate::support::gateway::Folder;
use crate::support::http::curl;
use crate::support::port::own;
use crate::support::yaml::standard;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A gateway inside this process.
struct House {
    gateway: Option<gateway::Gateway>,
    clock: Arc<ManualClock>,
    _folder: Folder,
}

/// An authority at an address, whose TLS is signed by `web`, and a gateway that asks it.
fn house(at: SocketAddr, web: &Authority, more: &str) -> House {
    let folder = Folder::new("acme-clock");
    put(&folder.path().join("web.pem"), &web.pem());
    let acme = format!(
        "tls: {{ acme: {{ names: shop.example, directory: \"https://localhost:{}/directory\", challenge: http-01, \
         ca: web.pem, terms_agreed: true{more} }} }}",
        at.port()
    );
    let state = folder.path().join("state");
    let yaml = standard("builtin:echo")
        .replace("tls: self-signed", &acme)
        .replace("${env:TOLLGATE_STATE:-state}", state.to_str().expect("UTF-8"));
    let file = folder.path().join("gateway.yaml");
    fs::write(&file, yaml).expect("the configuration");
    let random = SeededRandom::new(11);
    let snapshot = load(&file, &DiskFiles, &running_context(&random)).unwrap_or_else(|problems| panic!("{problems}"));
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let random: Arc<dyn Random> = Arc::new(SeededRandom::new(7));
    let gateway = gateway::start(snapshot, &Parts { clock: clock.clone(), random }).expect("a gateway");
    House { gateway: Some(gateway), clock, _folder: folder }
}

impl House {
    fn gateway(&self) -> &gateway::Gateway {
        self.gateway.as_ref().expect("it runs")
    }

    fn address(&self, listener: &str) -> SocketAddr {
        let door = self.gateway().doors.iter().find(|(name, _)| **name == *listener);
        door.and_then(|(_, address)| address.tcp()).expect("a listener")
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(Seconds(seconds));
    }

    /// What `/readyz?verbose` says about the certificate.
    fn stands(&self) -> String {
        let admin = self.gateway().admin.expect("metrics");
        let page = curl(&[&format!("http://{admin}/readyz?verbose")]).body;
        page.lines().find(|line| line.contains("certificate:")).expect("a certificate").to_owned()
    }

    fn metric(&self, name: &str) -> f64 {
        let admin = self.gateway().admin.expect("metrics");
        let page = curl(&[&format!("http://{admin}/metrics")]).body;
        let line = page.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name}"));
        line.rsplit(' ').next().expect("a value").parse().expect("a number")
    }

    /// Waits until the certificate stands so.
    fn until(&self, part: &str) {
        let start = Instant::now();
        loop {
            let stands = self.stands();
            if stands.contains(part) {
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "in vain: `{part}` in `{stands}`");
        }
    }

    /// Waits until it was looked twice whether anything is due, and nothing was.
    fn rests(&self, before: &str) {
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(2_500) {
            assert_eq!(self.stands(), before);
        }
    }

    fn is_served(&self, authority: &AcmeAuthority) -> bool {
        let seen = handshake(self.address("public"), "shop.example", &["h2"]).expect("a handshake");
        authority.issued().last() == Some(&seen.certificate)
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(gateway) = self.gateway.take() {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(gateway.end(Duration::from_secs(10), std::future::ready(())));
        }
    }
}

/// The authority that a house has asked once in vain.
fn authority(at: SocketAddr, web: &Authority, house: &House, script: Script) -> AcmeAuthority {
    house.until("failures so far 1: the authority cannot be asked");
    let script = Script { challenge: "http-01", ..script };
    let authority = AcmeAuthority::start_at(at, web, script, house.clock.clone());
    authority.lead_to(house.address("clear"), house.address("public"));
    authority
}

#[test]
fn an_authority_that_is_down_is_asked_again() {
    let (web, at) = (Authority::new("web of the test"), own());
    let house = house(at, &web, "");
    let authority = authority(at, &web, &house, Script::default());
    assert!(house.stands().contains("is a stand-in"), "{}", house.stands());
    let seen = handshake(house.address("public"), "shop.example", &["h2"]).expect("the listener serves meanwhile");
    assert_eq!((seen.names(), seen.proof()), (vec!["shop.example".to_owned()], None));
    let before = house.stands();
    house.advance(50);
    house.rests(&before);
    house.advance(30);
    house.until("shop.example ends ");
    assert!(house.is_served(&authority));
    assert_eq!(house.metric("tollgate_acme_orders_total{certificate=\"shop.example\",result=\"failed\"}"), 1.0);
    authority.assert_content();
}

#[test]
fn a_certificate_is_renewed_a_month_before_its_end() {
    let (web, at) = (Authority::new("web of the test"), own());
    let house = house(at, &web, "");
    let authority = authority(at, &web, &house, Script::default());
    house.advance(80);
    house.until("shop.example ends ");
    assert!(house.is_served(&authority));
    let first = house.stands();
    house.advance(55 * DAY);
    house.rests(&first);
    assert!(house.is_served(&authority));
    house.advance(5 * DAY);
    authority.wait("the second one", |books| books.issued.len() == 2);
    while house.stands() == first {}
    assert!(house.is_served(&authority), "the new one, at once");
    assert_eq!(authority.ask(|books| (books.accounts.len(), books.orders.len())), (1, 2), "by the same account");
    authority.assert_content();
}

#[test]
fn an_authority_that_calls_certificates_back_is_heard_in_time() {
    let (web, at) = (Authority::new("web of the test"), own());
    let house = house(at, &web, "");
    let far = house.clock.now().0 + 80 * DAY;
    let authority = authority(at, &web, &house, Script { advice: Some((far, far + DAY)), ..Script::default() });
    house.advance(80);
    house.until("shop.example ends ");
    let first = house.stands();
    house.rests(&first);
    assert_eq!(authority.ask(|books| books.orders[0].replaces.clone()), None, "nothing was there before");
    // In a month from now, which is a month before our own rule.
    let soon = house.clock.now().0 + 30 * DAY;
    authority.change(|books| books.script.advice = Some((soon, soon + DAY)));
    house.advance(5 * HOUR);
    house.rests(&first);
    house.advance(2 * HOUR);
    let start = Instant::now();
    while !(soon..=soon + DAY).contains(&(house.metric("tollgate_acme_certificate_renewal_timestamp_seconds") as u64)) {
        assert!(start.elapsed() < Duration::from_secs(60), "the advice is not heeded: {}", house.stands());
    }
    let advised = house.stands();
    house.advance(28 * DAY);
    house.rests(&advised);
    house.advance(3 * DAY);
    authority.wait("the second one", |books| books.issued.len() == 2);
    assert!(authority.ask(|books| books.orders[1].replaces.is_some()), "the authority knows what it is for");
    authority.assert_content();
}

#[test]
fn a_certificate_that_is_due_at_once_is_not_ordered_for_ever() {
    let (web, at) = (Authority::new("web of the test"), own());
    let house = house(at, &web, "");
    let lives = [(100 * DAY, DAY); 3].into();
    let authority = authority(at, &web, &house, Script { lives, ..Script::default() });
    house.advance(80);
    house.until("failures so far 2: it should be renewed at");
    assert!(house.is_served(&authority), "it is good for a day");
    let rests = house.stands();
    house.advance(80);
    house.rests(&rests);
    house.advance(80);
    house.until("failures so far 3: it should be renewed at");
    assert_eq!(authority.issued().len(), 2, "each wait is twice the one before");
    authority.assert_content();
}

#[test]
fn a_refusal_is_told_and_waited_out_as_long_as_the_authority_wants() {
    let web = Authority::new("web of the test");
    let refusal = Fault {
        kind: "rateLimited",
        detail: "too many certificates\nalready issued".to_owned(),
        retry_after: Some(2 * HOUR),
    };
    let script = Script { challenge: "http-01", refusals: [refusal].into(), ..Script::default() };
    let authority = AcmeAuthority::start(&web, script);
    let port = authority.directory().rsplit(':').next().and_then(|rest| rest.split('/').next()?.parse().ok());
    let house = house(SocketAddr::from(([127, 0, 0, 1], port.expect("a port"))), &web, "");
    authority.lead_to(house.address("clear"), house.address("public"));
    house.until("the authority refuses: too many certificates already issued (rateLimited)");
    let before = house.stands();
    house.advance(2 * HOUR - 10);
    house.rests(&before);
    assert_eq!(authority.ask(|books| books.orders.len()), 0);
    house.advance(HOUR);
    house.until("shop.example ends ");
    authority.assert_content();
}

#[test]
fn an_hour_has_few_orders_whatever_fails() {
    let (web, at) = (Authority::new("web of the test"), own());
    let house = house(at, &web, "");
    let authority = authority(at, &web, &house, Script::default());
    // Names lead where nothing answers, so every proof fails.
    authority.lead_to(own(), own());
    house.advance(80);
    let first = house.clock.now();
    for failed in 1..=4 {
        house
            .until(&format!("failures so far {}: the authority refuses: shop.example: Connection refused", failed + 1));
        assert_eq!(authority.ask(|books| (books.looks, books.orders.len())), (failed, failed));
        house.advance(12 * MINUTE);
    }
    authority.lead_to(house.address("clear"), house.address("public"));
    // The wait after the failure is over by now; the hour is not.
    house.advance(9 * MINUTE);
    house.until(&format!("is a stand-in, next order {}, failures so far 5", first.after(Seconds(HOUR))));
    let rests = house.stands();
    house.rests(&rests);
    assert_eq!(authority.ask(|books| books.orders.len()), 4);
    house.advance(5 * MINUTE);
    house.until("shop.example ends ");
    assert_eq!(authority.ask(|books| books.orders.len()), 5);
    authority.assert_content();
}

#[test]
fn an_account_is_bound_to_one_elsewhere_and_made_again_if_it_is_lost() {
    let (web, at) = (Authority::new("web of the test"), own());
    let key = (0..32).collect::<Vec<u8>>();
    let house =
        house(at, &web, ", external_account: { key_id: kid-1, hmac_key: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8 }");
    let authority = authority(at, &web, &house, Script { external: Some(("kid-1", key)), ..Script::default() });
    house.advance(80);
    house.until("shop.example ends ");
    // The authority has lost everything it knew.
    authority.change(|books| books.accounts.clear());
    house.advance(61 * DAY);
    house.until("(accountDoesNotExist)");
    house.advance(80);
    authority.wait("the second one", |books| books.issued.len() == 2);
    assert_eq!(authority.ask(|books| books.accounts.len()), 1);
    authority.assert_content();
}
