//! The file that uses every key, as the snapshot that comes of it: what was said is there,
//! and with the meaning it was said with.

use std::path::Path;

use tollgate::snapshot::Snapshot;
use tollgate::token::secret::Secret;

use crate::snapshot;

#[test]
fn everything_about_callers_addresses_is_in_the_snapshot() {
    use tollgate::snapshot::{Address, PerAddress, ProxyProtocol};

    let snapshot = snapshot("tests/config/good/everything.yaml");
    assert_eq!(snapshot.listeners[0].proxy_protocol, ProxyProtocol::Accept);
    let limits = &snapshot.listeners[0].limits;
    assert_eq!(limits.per_address, PerAddress { connections: Some(3), rate: Some(9), handshakes: Some(2) });
    assert_eq!((limits.handshakes, snapshot.listeners[1].limits.handshakes), (4, 1000));
    assert_eq!((limits.body_rate, snapshot.listeners[1].limits.body_rate), (1024, 240));
    assert_eq!(snapshot.listeners[1].limits.per_address, PerAddress::default());
    let Address::Unix(place) = &snapshot.listeners[3].address else { panic!("a path") };
    assert_eq!(place.path, Path::new("tests/config/good/run/beside.sock"));
    assert_eq!((place.mode, place.owner, place.group), (0o600, Some(0), Some(0)));
}

#[test]
fn everything_that_was_said_is_in_the_snapshot() {
    use tollgate::access::rule::Rule;
    use tollgate::snapshot::{AuditTarget, Door, LogFormat, LogLevel, Part, Server, Site};

    let snapshot = snapshot("tests/config/good/everything.yaml");
    assert_eq!(snapshot.listeners.len(), 5);
    assert!(matches!(snapshot.listeners[0].door, Door::Tls(_)));
    assert!(matches!(snapshot.listeners[1].door, Door::Clear));
    assert!(matches!(snapshot.listeners[2].door, Door::Redirect(443)));
    assert_eq!(snapshot.listeners[0].limits.header_bytes, 16 << 10);
    assert_eq!(snapshot.listeners[0].trusted_proxies.len(), 2);
    assert_eq!((snapshot.fixed.workers, snapshot.cache_entries), (3, 0));
    assert_eq!(snapshot.fixed.memory, tollgate::snapshot::MemoryLimit::Share(75));
    assert_eq!(snapshot.upstreams[0].host.as_ref().map(|host| host.as_bytes()), Some(&b"backend.internal:8080"[..]));
    assert_eq!(snapshot.fixed.audit, AuditTarget::File("tests/config/good/audit.log".into()));
    assert_eq!((snapshot.fixed.log_level, snapshot.access_log.format), (LogLevel::Debug, LogFormat::Json));
    assert_eq!(snapshot.fixed.metrics, None);
    assert_eq!(snapshot.fixed.store_key.as_ref().map(|key| key.0[31]), Some(0x1f));

    let issuer = &snapshot.issuers[0];
    assert_eq!((issuer.profile, issuer.base.as_str(), issuer.refresh.lifetime), (0, "/o", None));
    assert_eq!(issuer.clients["shop"].secrets[0].digest, Secret::new("sssh-file-secret".to_owned()).digest());
    assert_eq!(issuer.clients["shop"].secrets[1].slot, 1);
    assert!(issuer.clients["hashed"].disabled && issuer.clients["kiosk"].secrets.is_empty());
    assert_eq!(issuer.users["ana"].subject.as_str(), "u-1");
    assert!(snapshot.foreign_rings[0].is_none() && snapshot.foreign_rings[1].is_some());
    let partner = &snapshot.policy.profiles[1];
    assert_eq!(partner.types, ["jwt".into(), "at+jwt".into()]);
    assert_eq!(partner.require, ["iss".into(), "exp".into(), "aud".into()]);

    people_that_were_said(&snapshot.issuers[0]);
    certificates_that_were_said(&snapshot);

    let plan = &snapshot.plans[0];
    assert_eq!(snapshot.policy.kept_claims, ["tenant".into()]);
    let user = plan.identity.iter().find(|(name, _)| name == "x-user").map(|(_, template)| template.0.clone());
    assert_eq!(user, Some(vec![Part::Text("user ".into()), Part::Subject, Part::Text(" of ".into()), Part::Kept(0)]));
    assert!(plan.identity.iter().any(|(name, _)| name == "x-client"), "the defaults' header is inherited");
    assert_eq!(plan.set[0].1, "Basic sssh-file-secret");
    assert_eq!((plan.max_body, plan.strip_prefix.as_deref()), (64 << 10, Some("/v1")));
    assert_eq!(snapshot.plans[1].max_body, 1 << 20);
    traffic_that_was_said(&snapshot);
    assert!(matches!(&snapshot.upstreams[0].servers[0], Server { site: Site::Network { port: 9001, .. }, .. }));
    assert_eq!(snapshot.policy.route_names[3].as_ref(), "/env");
    assert_eq!(snapshot.policy.tables.len(), 5);
    let routes: Vec<_> = snapshot.policy.tables[0].targets().iter().collect();
    assert_eq!(routes.len(), 6, "the routes stand behind `public` alone");
    let rules = routes.iter().filter_map(|target| match target {
        tollgate::access::table::Target::Route(route) => Some(&route.access),
        tollgate::access::table::Target::Endpoint(_) => None,
    });
    let alternatives: Vec<Vec<String>> = rules
        .map(|lines| {
            let rules = lines.iter().map(|line| match &line.rule {
                Rule::Public => "public".to_owned(),
                Rule::Bearer(any) | Rule::Person(any) | Rule::Application(any) => {
                    any.iter().map(|one| one.names.to_string()).collect::<Vec<_>>().join("|")
                }
            });
            rules.collect()
        })
        .collect();
    assert_eq!(alternatives[0], ["read", "write admin|write read partner:all", "", "read", "public"]);
    let others: Vec<&str> = alternatives[1..].iter().map(|line| line[0].as_str()).collect();
    assert_eq!(others, ["", "read write", "admin", "read", "public"]);
    let endpoints =
        "token, revoke, introspect, jwks, two metadata, for people authorize and eight pages, two to register";
    assert_eq!(snapshot.policy.tables[1].targets().len(), 17, "{endpoints}");
    assert_eq!(snapshot.policy.tables[2].targets().len(), 0);
}

/// Certificates that the gateway is to get by itself.
fn certificates_that_were_said(snapshot: &Snapshot) {
    use tollgate::acme::wanted::Challenge;

    let managed = &snapshot.listeners[4].managed;
    assert_eq!(managed[0].names, ["shop.example.com", "www.shop.example.com"]);
    assert_eq!(managed[0].contact, ["mailto:ops@example.com", "mailto:sec@example.com"]);
    assert_eq!(managed[0].directory, "https://acme-v02.api.letsencrypt.org/directory");
    assert_eq!((managed[0].challenge, managed[1].challenge), (Challenge::TlsAlpn01, Challenge::Http01));
    assert!(managed[0].roots.is_none() && managed[0].external.is_none());
    assert_eq!(managed[1].roots.as_ref().map(Vec::len), Some(1));
    assert_eq!(managed[1].external.as_ref().map(|external| external.key_id.as_str()), Some("kid-1"));
}

/// People and how applications come to an issuer.
fn people_that_were_said(issuer: &tollgate::oauth::issuer::Issuer) {
    let people = issuer.people.as_ref().expect("people");
    assert_eq!((people.code.lifetime.0, people.applications.admins.as_deref()), (90, Some("staff")));
    let registration = issuer.registration.as_ref().expect("registration");
    assert_eq!((registration.initial_access_tokens.len(), registration.redirect_hosts.len()), (1, 2));
    let web = issuer.clients.values().find(|client| client.id.as_str() == "web").expect("web");
    assert_eq!(web.application.redirect_uris.len(), 3);
    assert_eq!((people.session.idle.0, people.session.lifetime.0), (15 * 60, 8 * 3600));
    assert_eq!((people.branding.name.as_str(), people.branding.colour.red), ("Example Ltd", 0xC8));
    assert_eq!(people.branding.terms.as_deref(), Some("https://example.com/terms?lang=en"));
}

/// The rules of the routes, whose own keys win over the defaults.
fn traffic_that_was_said(snapshot: &Snapshot) {
    use tollgate::traffic::caller::Mark;
    use tollgate::traffic::limit::Bound;
    use tollgate::traffic::quota::Telling;
    use tollgate::traffic::rewrite::Rewrite;
    use tollgate::traffic::rules::Identified;

    let limit = |name: &str| snapshot.limits.iter().position(|limit| *limit.name == *name).expect("a limit");
    let client = &snapshot.limits[limit("per-client")];
    assert_eq!((&client.key[..], client.telling), (&[Mark::Route, Mark::Client][..], Telling::Structured));
    assert!(matches!(client.bound, Bound::Rate(rate) if rate.burst == 600 && rate.interval == 100_000_000));
    let rules = snapshot.plans[0].rules.as_deref().expect("rules");
    assert_eq!(rules.limits_before, [limit("at-once"), limit("per-address")], "those that need no token come first");
    assert_eq!(rules.limits_after, [limit("per-client"), limit("per-tenant")]);
    let split = rules.split.as_ref().expect("a split");
    assert_eq!((&split.key, &split.shares[..]), (&Mark::Claim(0), &[(1, 25_000), (2, 50_000)][..]));
    let mirror = rules.mirror.as_ref().expect("a mirror");
    assert_eq!((mirror.upstream, mirror.share, mirror.max_body), (3, 100_000, 16 << 10));
    let names = |rules: &[(http::HeaderName, tollgate::snapshot::Template)]| {
        rules.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(&rules.response.set), ["x-frame-options", "strict-transport-security", "x-id"]);
    assert_eq!(rules.response.remove, ["x-powered-by", "server"]);
    assert_eq!(
        (names(&rules.request.add), &rules.request.remove[..]),
        (vec!["x-tag".into()], &["x-debug".parse().expect("a name")][..])
    );
    assert_eq!(rules.cors.as_ref().map(|cors| cors.max_age), Some(3600));
    assert_eq!(rules.compress.as_ref().map(|compress| (compress.codings.len(), compress.min)), Some((2, 2048)));
    let closed = rules.maintenance.as_ref().expect("it is closed");
    assert_eq!((&*closed.message, closed.retry_after.0, closed.scopes.len()), ("Back at six", 600, 2));
    let other = snapshot.plans[1].rules.as_deref().expect("those of the defaults, and its own");
    assert_eq!((other.limits_before.len(), other.request_id), (1, Identified::Yes));
    assert!(matches!(other.rewrite, Some(Rewrite::Template(_))) && other.compress.is_some() && other.cors.is_none());
    assert!(snapshot.plans[2].rules.as_deref().is_some_and(|rules| rules.limits_before.is_empty()));
}
