//! `tollgate explain METHOD URL`: which route takes a request, what it asks for, what
//! it would answer to given scopes, and what goes to the backend. Works from the file
//! alone; never looks at a real token, so nobody has to paste one.

use std::path::Path;

use clap::Args;
use http::{Method, Uri};
use serde_json::Value;

use crate::access::host::CanonicalHost;
use crate::access::path::CanonicalPath;
use crate::access::route::Route;
use crate::access::rule::Rule;
use crate::access::table::Target;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::config::files::Files;
use crate::config::load::{Context, load};
use crate::snapshot::{Site, Snapshot};
use crate::token::scope::Scopes;
use crate::traffic;

mod rules;

/// The arguments of `explain`.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// The method, such as GET.
    pub method: Method,
    /// The whole URL, or only a path for hosts that no route names.
    pub url: String,
    /// Scopes of an imagined valid token, separated by commas or blanks.
    #[arg(long)]
    pub scope: Option<String>,
    /// What a split tells the caller apart by: the claim, header, cookie or address.
    #[arg(long)]
    pub key: Option<String>,
    /// The listener; default the first that serves routes.
    #[arg(long)]
    pub listener: Option<String>,
}

/// Writes the explanation: a line a fact, or one JSON object.
pub fn run(
    args: &ExplainArgs,
    config: &Path,
    files: &dyn Files,
    context: &Context<'_>,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let snapshot = load(config, files, context)?;
    let facts = explain(args, &snapshot)?;
    console.facts(&facts.iter().map(|(name, text)| (*name, Value::from(text.as_str()))).collect::<Vec<_>>())
}

/// What is said, in its order.
type Facts = Vec<(&'static str, String)>;

fn explain(args: &ExplainArgs, snapshot: &Snapshot) -> Result<Facts, Failure> {
    let uri: Uri = args.url.parse().map_err(|_| Failure::usage(format!("`{}` is not a url", args.url)))?;
    let authority = uri.authority().map_or("localhost", |authority| authority.as_str());
    let host = CanonicalHost::parse(authority)
        .map_err(|refusal| Failure::usage(format!("the host is refused with 400: {}", refusal.label())))?;
    let path = CanonicalPath::parse(uri.path())
        .map_err(|refusal| Failure::usage(format!("the path is refused with 400: {}", refusal.label())))?;
    let index = match &args.listener {
        Some(name) => snapshot
            .listeners
            .iter()
            .position(|listener| *listener.name == **name)
            .ok_or_else(|| Failure::usage(format!("listener `{name}` is not defined")))?,
        None => snapshot.policy.tables.iter().position(|table| !table.targets().is_empty()).unwrap_or(0),
    };
    let table = snapshot.policy.tables.get(index).ok_or_else(|| Failure::new("there is no listener"))?;
    let mut facts = vec![("request", format!("{} {} {}", args.method, host.as_str(), path.as_str()))];
    match table.find(host.as_str(), &path) {
        None => facts.extend([("route", "none".to_owned()), ("decision", "404".to_owned())]),
        Some(Target::Endpoint(at)) => {
            let issuer = snapshot.issuers.get(at.issuer).map_or("?", |issuer| issuer.name.as_str());
            facts.push(("endpoint", format!("{} of issuer {issuer}", format!("{:?}", at.endpoint).to_lowercase())));
        }
        Some(Target::Route(route)) => {
            describe(args, snapshot, route, &mut facts);
            let plan = snapshot.plans.get(route.index);
            if let Some(rules) = plan.and_then(|plan| plan.rules.as_deref()) {
                let address = std::net::IpAddr::from([127, 0, 0, 1]);
                let (path, host, method) = (path.as_str(), host.as_str(), args.method.as_str());
                let seen = traffic::template::Facts {
                    claims: None,
                    path,
                    host,
                    method,
                    address,
                    request_id: None,
                    certificate: None,
                };
                facts.extend(rules::describe(rules, snapshot, &seen, args.key.as_deref()));
            }
        }
    }
    Ok(facts)
}

fn describe(args: &ExplainArgs, snapshot: &Snapshot, route: &Route, facts: &mut Facts) {
    let issuers: Vec<&str> =
        route.issuers.iter().filter_map(|i| snapshot.policy.profiles.get(*i)).map(|p| p.name.as_str()).collect();
    facts.push(("route", route.name.to_string()));
    let fits = |methods: &[Method]| methods.is_empty() || methods.contains(&args.method);
    let Some((number, line)) = route.access.iter().enumerate().find(|(_, line)| fits(&line.methods)) else {
        let allow: Vec<&str> = route.access.iter().flat_map(|line| &line.methods).map(Method::as_str).collect();
        facts.push(("decision", format!("405, Allow: {}", allow.join(", "))));
        return;
    };
    let needs = match &line.rule {
        Rule::Public => "nothing: it is public".to_owned(),
        Rule::Bearer(alternatives) | Rule::Person(alternatives) | Rule::Application(alternatives) => {
            let words = alternatives.iter().map(|one| match one.names.is_empty() {
                true => "a valid token".to_owned(),
                false => one.names.to_string().replace(' ', " + "),
            });
            let itself = matches!(&line.rule, Rule::Application(_)).then(|| "an application's own key".to_owned());
            let words: Vec<String> = words.chain(itself).collect();
            format!("{} of issuer {}", words.join("   or   "), issuers.join(", "))
        }
    };
    facts.push(("access", format!("line {} needs {needs}", number + 1)));
    facts.push(("decision", decision(args, &line.rule)));
    facts.extend(forward(snapshot, route).map(|text| ("forward", text)));
}

fn decision(args: &ExplainArgs, rule: &Rule) -> String {
    let (Rule::Bearer(alternatives) | Rule::Person(alternatives) | Rule::Application(alternatives)) = rule else {
        return "passes".to_owned();
    };
    let Some(given) = &args.scope else { return "401 without a token; try --scope".to_owned() };
    let Some(given) = Scopes::parse(&given.replace(',', " ")) else {
        return "the scopes given are malformed".to_owned();
    };
    if alternatives.iter().any(|one| given.covers(&one.names)) {
        return "passes".to_owned();
    }
    let missing = alternatives.first().map_or_else(String::new, |one| {
        one.names
            .iter()
            .filter(|scope| !given.contains(scope))
            .map(|scope| scope.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    });
    format!("403 insufficient_scope, missing {missing}")
}

fn forward(snapshot: &Snapshot, route: &Route) -> Option<String> {
    let plan = snapshot.plans.get(route.index)?;
    if let Some(own) = plan.rules.as_ref().and_then(|rules| rules.own.as_ref()) {
        return Some(rules::of_own(own));
    }
    let upstream = snapshot.upstreams.get(plan.upstream)?;
    let echo = upstream.servers.iter().any(|server| server.site == Site::Echo);
    let servers = match (echo, upstream.servers.len()) {
        (true, _) => "the built-in echo".to_owned(),
        (false, 1) => "1 server".to_owned(),
        (false, several) => format!("{several} servers"),
    };
    let mut parts =
        vec![if plan.keep_authorization { "Authorization kept" } else { "Authorization removed" }.to_owned()];
    let set: Vec<&str> = plan
        .identity
        .iter()
        .map(|(name, _)| name)
        .chain(plan.set.iter().map(|(name, _)| name))
        .map(|n| n.as_str())
        .collect();
    if !set.is_empty() {
        parts.push(format!("set: {}", set.join(" ")));
    }
    if let Some(prefix) = &plan.strip_prefix {
        parts.push(format!("{prefix} stripped"));
    }
    Some(format!("to {} ({servers}), {}", upstream.name, parts.join(", ")))
}
