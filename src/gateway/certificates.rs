//! The certificates that the gateway gets by itself, joined to its listeners: each listener
//! of a snapshot shows what is kept or a stand-in from the first handshake on, and lets an
//! authority look for proofs. A new certificate needs no new snapshot: it is swapped in
//! where handshakes look, so a configuration that is broken meanwhile stands in nobody's
//! way.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::sign::CertifiedKey;

use crate::acme::board::{ALPN, Board};
use crate::acme::kept::Kept;
use crate::acme::pair::{self, Pair};
use crate::acme::resolver::Resolver;
use crate::acme::shelf::{Shelf, Slot, Standing};
use crate::acme::wanted::{Challenge, Wanted};
use crate::clock::{Clock, UnixTime};
use crate::config::self_signed::{SelfSigned as _, ThrowAway};
use crate::random::{Random, bytes};
use crate::snapshot::{Door, Snapshot};
use crate::telemetry::Telemetry;

/// What is held of them, one for the process.
pub struct Certificates {
    /// What is in force.
    pub shelf: Shelf,
    /// What is in the state folder.
    pub kept: Kept,
    /// What authorities may look for.
    pub board: Arc<Board>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Certificates {
    /// For a state folder; nothing is read yet.
    pub fn within(state: &Path, clock: &Arc<dyn Clock>, random: &Arc<dyn Random>) -> Arc<Certificates> {
        Arc::new(Certificates {
            shelf: Shelf::default(),
            kept: Kept::within(state),
            board: Arc::default(),
            clock: Arc::clone(clock),
            random: Arc::clone(random),
        })
    }

    /// Makes the TLS listeners of a snapshot show them.
    pub fn fit(&self, snapshot: &mut Snapshot) {
        let proves = snapshot.managed().any(|wanted| wanted.challenge == Challenge::TlsAlpn01);
        for listener in &mut snapshot.listeners {
            let Door::Tls(config) = &mut listener.door else { continue };
            if listener.managed.is_empty() && !proves {
                continue;
            }
            let slots: Vec<(&Wanted, Arc<Slot>)> =
                listener.managed.iter().map(|wanted| (wanted, self.slot(wanted))).collect();
            let mut fitted = ServerConfig::clone(config);
            let files = Arc::clone(&fitted.cert_resolver);
            fitted.cert_resolver = Arc::new(Resolver::new(Arc::clone(&self.board), &slots, files));
            if proves {
                fitted.alpn_protocols.push(ALPN.to_vec());
            }
            *config = Arc::new(fitted);
        }
    }

    /// The place of one, with what is kept of it or a stand-in if it has none yet.
    pub fn slot(&self, wanted: &Wanted) -> Arc<Slot> {
        self.shelf.slot(wanted, || {
            let now = self.clock.now();
            let stand_in = self.nearest(wanted, now).or_else(|| vouching(wanted, now));
            let slot = Slot::standing_in(wanted, stand_in, now);
            if let Some(pair) = self.read(wanted) {
                self.show(&slot, pair);
            }
            slot
        })
    }

    /// What is kept of one and can be used.
    pub fn read(&self, wanted: &Wanted) -> Option<Pair> {
        let pem = self.kept.certificate(&wanted.id())?;
        match pair::read(&pem, &wanted.names) {
            Ok(pair) => Some(pair),
            Err(error) => {
                tracing::warn!(certificate = wanted.name(), %error, "what is kept is left aside");
                None
            }
        }
    }

    /// Shows one from now on; when it is renewed is drawn once.
    pub fn show(&self, slot: &Slot, pair: Pair) {
        let due = pair.life.renewal(self.chance());
        slot.hold(pair, due, self.clock.now());
    }

    /// The kept certificate that has most of the names, where one has any: that a name was
    /// added must not take the certificate from the others.
    fn nearest(&self, wanted: &Wanted, now: UnixTime) -> Option<CertifiedKey> {
        let kept = self.kept.certificates();
        let usable = kept.iter().filter_map(|pem| pair::read(pem, &[]).ok()).filter(|pair| now <= pair.life.until);
        let near = usable.filter(|pair| pair.covers(&wanted.names) > 0);
        near.max_by_key(|pair| (pair.covers(&wanted.names), pair.life.until)).map(|pair| pair.certified)
    }

    /// A draw that spreads what would come together.
    pub fn chance(&self) -> u16 {
        u16::from_le_bytes(bytes(&*self.random))
    }

    /// The gauges of those in a snapshot.
    pub fn tell(&self, telemetry: &Telemetry, snapshot: &Snapshot) {
        let all: Vec<(&Wanted, Standing)> = self.standings(snapshot).collect();
        let ends =
            all.iter().map(|(wanted, standing)| (wanted.name(), standing.life.map(|life| life.until), standing.due));
        telemetry.managed_certificates(&ends.collect::<Vec<_>>());
    }

    /// How those in a snapshot stand.
    pub fn standings<'a>(&self, snapshot: &'a Snapshot) -> impl Iterator<Item = (&'a Wanted, Standing)> {
        snapshot.managed().filter_map(|wanted| Some((wanted, self.shelf.find(wanted)?.standing())))
    }
}

/// What is shown where there is nothing better: an authority does not look at it, and a
/// caller sees that it vouches for itself.
fn vouching(wanted: &Wanted, now: UnixTime) -> Option<CertifiedKey> {
    let made = ThrowAway.pair(Path::new(""), &wanted.names, now).and_then(|pair| {
        CertifiedKey::from_der(pair.chain, pair.key, &default_provider()).map_err(|error| error.to_string())
    });
    match made {
        Ok(certified) => Some(certified),
        Err(error) => {
            tracing::error!(certificate = wanted.name(), error, "no stand-in could be made; handshakes fail");
            None
        }
    }
}
