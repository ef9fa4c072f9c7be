//! HTTP/2 towards callers, frame by frame: conformance with RFC 9113 sections 3 to 8 and
//! with RFC 7541, one case for each thing that a caller may do wrong or must be allowed
//! to do, and the bounds on what he may cost. The frames are written and read by hand, so
//! that nothing here believes the library that is tested.
//! Must never: wait for time to pass where a frame can be awaited.

#[path = "../support/mod.rs"]
mod support;

mod case;
mod clear;
mod compression;
mod exchanges;
mod floods;
mod frames;
mod fuzz;
mod goodbye;
mod kinds;
mod slow;
mod streams;

use support::gateway::Gateway;
use support::h2 as wire;

/// A gateway that echoes whatever it is asked, over TLS.
fn gateway(name: &str, limits: &str) -> Gateway {
    let yaml = format!(
        r#"version: 1
listeners:
  public: {{ address: "127.0.0.1:0", tls: self-signed{limits} }}
  clear: {{ address: "127.0.0.1:0"{limits} }}
  away: {{ address: "127.0.0.1:0", redirect: https }}
issuers:
  main: {{ url: https://issuer.example, host: any, generate_client: {{ grants: [client_credentials] }}, scopes: {{ read: Read }} }}
upstreams:
  echo: {{ servers: ["builtin:echo"] }}
routes:
  - {{ path: /**, upstream: echo, access: public }}
store: {{ folder: "${{env:TOLLGATE_STATE:-state}}" }}
observability: {{ metrics: {{ listen: "127.0.0.1:0" }} }}
shutdown: {{ drain: 30s }}
runtime: {{ workers: 2 }}
"#
    );
    Gateway::start(name, &yaml)
}

/// What a counter of ended connections says for a reason.
fn ended(gateway: &Gateway, reason: &str) -> u64 {
    ended_at(gateway, "public", reason)
}

/// The same for another listener.
fn ended_at(gateway: &Gateway, listener: &str, reason: &str) -> u64 {
    let page = support::http::raw(
        gateway.address("metrics"),
        b"GET /metrics HTTP/1.1\r\nhost: m\r\nconnection: close\r\n\r\n",
    );
    let name = format!("tollgate_http2_connections_ended_total{{listener=\"{listener}\",reason=\"{reason}\"}} ");
    page.lines().find_map(|line| line.strip_prefix(&name)).map_or(0, |count| count.trim().parse().expect("a number"))
}

#[test]
fn every_section_of_the_rfcs() {
    let gateway = gateway("h2-conformance", "");
    let cases = [frames::cases(), streams::cases(), kinds::cases(), exchanges::cases(), compression::cases()].concat();
    type Run = fn(&case::Case, &Gateway) -> Result<(), String>;
    for (way, run) in [("inside TLS", case::Case::run as Run), ("in clear text", case::Case::run_in_clear)] {
        let failed: Vec<String> = cases.iter().filter_map(|case| run(case, &gateway).err()).collect();
        assert!(failed.is_empty(), "{way}, {} of {} cases fail:\n{}", failed.len(), cases.len(), failed.join("\n"));
    }
    assert!(cases.len() >= 146, "{} cases", cases.len());
}
