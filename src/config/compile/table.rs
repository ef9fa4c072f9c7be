//! One table per listener: the endpoints of the issuers and the routes that stand
//! behind it. Two lines for exactly the same requests are a mistake that shows both.

use crate::access::host::HostPattern;
use crate::access::pattern::PathPattern;
use crate::access::policy::Voice;
use crate::access::table::{Entry, Table, Target};
use crate::config::compile::compiler::Compiler;
use crate::config::compile::issuer::{Authority, Kind};
use crate::config::compile::listener::Front;
use crate::config::compile::route::Way;
use crate::config::document::listener::Serves;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::source::place::{Place, Secrecy};
use crate::dialect::endpoint::EndpointRef;
use crate::oauth::endpoints::{Stand, endpoints};
use crate::snapshot::Door;

/// What a line of a table is, for messages.
struct Line {
    entry: Entry,
    place: Place,
    what: String,
}

impl Compiler<'_> {
    /// The tables, in the order of the listeners.
    pub fn tables(&mut self, fronts: &[Front], issuers: &[Authority], ways: &[Way]) -> Vec<Table> {
        self.stands_somewhere(fronts, issuers, ways);
        let mut reported: Vec<(Place, Place)> = Vec::new();
        fronts.iter().map(|front| self.table(front, issuers, ways, &mut reported)).collect()
    }

    fn table(
        &mut self,
        front: &Front,
        issuers: &[Authority],
        ways: &[Way],
        reported: &mut Vec<(Place, Place)>,
    ) -> Table {
        let mut lines: Vec<Line> = Vec::new();
        let ours = issuers.iter().filter_map(|issuer| match &issuer.kind {
            Kind::Ours(own) => Some(own),
            Kind::Foreign(_) => None,
        });
        for (index, own) in ours.enumerate() {
            let (issuer, place) = (&own.issuer, own.place);
            if !stands(front, own.listeners.as_ref(), Serves::Tokens) {
                continue;
            }
            for Stand { endpoint, seat, path } in endpoints(issuer) {
                let Ok(pattern) = PathPattern::parse(&path) else { continue };
                let target = Target::Endpoint(EndpointRef { issuer: index, endpoint, seat });
                let entry = Entry { host: own.host.clone(), path: pattern, target };
                let at = if own.secrecy == Secrecy::Open { format!(" at `{path}`") } else { String::new() };
                let what = format!("the {} endpoint of issuer `{}`{at}", endpoint.as_str(), issuer.name);
                lines.push(Line { entry, place, what });
            }
        }
        for way in ways.iter().filter(|way| stands(front, way.listeners.as_ref(), Serves::Routes)) {
            let target = Target::Route(way.route.clone());
            let entry = Entry { host: way.host.clone(), path: way.path.clone(), target };
            lines.push(Line { entry, place: way.place, what: format!("route {}", way.shown) });
        }
        let (entries, lines): (Vec<_>, Vec<_>) =
            lines.into_iter().map(|line| (line.entry, (line.place, line.what))).unzip();
        match Table::build(entries) {
            Ok(table) => table,
            Err(conflicts) => {
                for conflict in conflicts {
                    let (Some((first, one)), Some((second, other))) =
                        (lines.get(conflict.first), lines.get(conflict.second))
                    else {
                        continue;
                    };
                    if !reported.contains(&(*first, *second)) {
                        reported.push((*first, *second));
                        let problem = Problem::new(Code::Conflict, format!("{other} takes the same requests as {one}"))
                            .at(self.places(), *second, "this one")
                            .and(self.places(), *first, "and this one")
                            .help("make host or path of one of them more specific");
                        self.report(problem);
                    }
                }
                Table::default()
            }
        }
    }

    /// Listeners that are named exist and serve what names them, and everything stands
    /// behind at least one.
    fn stands_somewhere(&mut self, fronts: &[Front], issuers: &[Authority], ways: &[Way]) {
        for issuer in issuers {
            if let Kind::Ours(own) = &issuer.kind {
                let what = format!("issuer `{}`", own.issuer.name);
                self.behind(fronts, own.listeners.as_ref(), Serves::Tokens, own.place, &what);
            }
        }
        for way in ways {
            let what = format!("route {}", way.shown);
            self.behind(fronts, way.listeners.as_ref(), Serves::Routes, way.place, &what);
        }
    }

    fn behind(&mut self, fronts: &[Front], named: Option<&OneOrMany>, needs: Serves, place: Place, what: &str) {
        let mut reported = false;
        for name in named.iter().flat_map(|list| list.iter()) {
            match fronts.iter().find(|front| *front.listener.name == *name.value) {
                None => {
                    self.undefined("listeners", "listener", name);
                    reported = true;
                }
                Some(front) if !serves(front, needs) => {
                    let message = format!("listener `{name}` does not serve {what}");
                    let label = match front.listener.door {
                        Door::Redirect(_) => "it only redirects",
                        Door::Tls(_) | Door::Clear => "its `serves` says otherwise",
                    };
                    self.wrong(Code::Combination, name.place, message, label);
                    reported = true;
                }
                Some(_) => {}
            }
        }
        // With a listener that could not be read, nobody knows what stands behind it.
        let listeners = self.tree.root.child("listeners").map_or(0, |node| node.entries().len());
        if !reported && fronts.len() == listeners && !fronts.iter().any(|front| stands(front, named, needs)) {
            let message = format!("{what} stands behind no listener");
            self.wrong(Code::Unreachable, place, message, "nobody can reach it");
        }
    }
}

/// Whose endpoints and routes stand on each listener, so that a request that fits
/// nowhere can be answered in the words of the only one.
pub(super) fn voices(fronts: &[Front], issuers: &[Authority], ways: &[Way]) -> Vec<Vec<Voice>> {
    let on = |front: &Front| {
        let mut out: Vec<Voice> = Vec::new();
        for (profile, issuer) in issuers.iter().enumerate() {
            if let Kind::Ours(own) = &issuer.kind
                && stands(front, own.listeners.as_ref(), Serves::Tokens)
            {
                out.push(Voice { host: own.host.clone(), profile });
            }
        }
        for way in ways.iter().filter(|way| stands(front, way.listeners.as_ref(), Serves::Routes)) {
            out.extend(way.route.issuers.iter().map(|profile| Voice { host: way.host.clone(), profile: *profile }));
        }
        out.sort_by_key(|voice| voice.profile);
        out.dedup();
        out
    };
    fronts.iter().map(on).collect()
}

fn serves(front: &Front, needs: Serves) -> bool {
    !matches!(front.listener.door, Door::Redirect(_)) && (front.serves == Serves::All || front.serves == needs)
}

fn stands(front: &Front, named: Option<&OneOrMany>, needs: Serves) -> bool {
    let named = named.is_none_or(|list| list.iter().any(|name| *front.listener.name == *name.value));
    named && serves(front, needs)
}

/// The pattern that catches every request of a listener.
pub(super) fn catches_everything(host: &HostPattern, path: &str) -> bool {
    *host == HostPattern::Any && path == "/**"
}
