//! `tollgate explain METHOD URL`: which route takes a request, what it asks for, what
//! it would answer to given scopes, and what goes to the backend. Works from the file
//! alone; never looks at a real token, so nobody has to paste one.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use clap::Args;
use http::{Method, Uri};

use crate::access::host::CanonicalHost;
use crate::access::path::CanonicalPath;
use crate::access::route::Route;
use crate::access::rule::Rule;
use crate::access::table::Target;
use crate::config::files::Files;
use crate::config::load::{Context, load};
use crate::snapshot::{Server, Snapshot};
use crate::token::scope::Scopes;

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
    /// The listener; default the first that serves routes.
    #[arg(long)]
    pub listener: Option<String>,
}

/// Writes the explanation, or the problems of the file.
pub fn run(
    args: &ExplainArgs,
    config: &Path,
    files: &dyn Files,
    context: &Context<'_>,
    out: &mut dyn io::Write,
) -> io::Result<u8> {
    let snapshot = match load(config, files, context) {
        Ok(snapshot) => snapshot,
        Err(problems) => {
            write!(out, "{problems}")?;
            return Ok(1);
        }
    };
    match explain(args, &snapshot) {
        Ok(text) => out.write_all(text.as_bytes()).map(|()| 0),
        Err(why) => writeln!(out, "error: {why}").map(|()| 2),
    }
}

fn explain(args: &ExplainArgs, snapshot: &Snapshot) -> Result<String, String> {
    let uri: Uri = args.url.parse().map_err(|_| format!("`{}` is not a url", args.url))?;
    let authority = uri.authority().map_or("localhost", |authority| authority.as_str());
    let host =
        CanonicalHost::parse(authority).map_err(|refusal| format!("the host is refused: {}", refusal.label()))?;
    let path =
        CanonicalPath::parse(uri.path()).map_err(|refusal| format!("400: the path is refused: {}", refusal.label()))?;
    let index = match &args.listener {
        Some(name) => snapshot
            .listeners
            .iter()
            .position(|listener| *listener.name == **name)
            .ok_or_else(|| format!("listener `{name}` is not defined"))?,
        None => snapshot.policy.tables.iter().position(|table| !table.targets().is_empty()).unwrap_or(0),
    };
    let table = snapshot.policy.tables.get(index).ok_or("there is no listener")?;
    let mut out = format!("request   {} {} {}\n", args.method, host.as_str(), path.as_str());
    match table.find(host.as_str(), &path) {
        None => out.push_str("route     none\ndecision  404\n"),
        Some(Target::Endpoint(at)) => {
            let issuer = snapshot.issuers.get(at.issuer).map_or("?", |issuer| issuer.name.as_str());
            let _ = writeln!(out, "endpoint  {:?} of issuer {issuer}", at.endpoint);
        }
        Some(Target::Route(route)) => describe(args, snapshot, route, &mut out),
    }
    Ok(out)
}

fn describe(args: &ExplainArgs, snapshot: &Snapshot, route: &Route, out: &mut String) {
    let issuers: Vec<&str> =
        route.issuers.iter().filter_map(|i| snapshot.policy.profiles.get(*i)).map(|p| p.name.as_str()).collect();
    let _ = writeln!(out, "route     {}", route.name);
    let fits = |methods: &[Method]| methods.is_empty() || methods.contains(&args.method);
    let Some((number, line)) = route.access.iter().enumerate().find(|(_, line)| fits(&line.methods)) else {
        let allow: Vec<&str> = route.access.iter().flat_map(|line| &line.methods).map(Method::as_str).collect();
        let _ = writeln!(out, "decision  405, Allow: {}", allow.join(", "));
        return;
    };
    let needs = match &line.rule {
        Rule::Public => "nothing: it is public".to_owned(),
        Rule::Bearer(alternatives) | Rule::Person(alternatives) => {
            let words = alternatives.iter().map(|one| match one.names.is_empty() {
                true => "a valid token".to_owned(),
                false => one.names.to_string().replace(' ', " + "),
            });
            format!("{} of issuer {}", words.collect::<Vec<_>>().join("   or   "), issuers.join(", "))
        }
    };
    let _ = writeln!(out, "access    line {}   needs {needs}", number + 1);
    let _ = writeln!(out, "decision  {}", decision(args, &line.rule));
    forward(snapshot, route, out);
}

fn decision(args: &ExplainArgs, rule: &Rule) -> String {
    let (Rule::Bearer(alternatives) | Rule::Person(alternatives)) = rule else { return "passes".to_owned() };
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

fn forward(snapshot: &Snapshot, route: &Route, out: &mut String) {
    let Some(plan) = snapshot.plans.get(route.index) else { return };
    let Some(upstream) = snapshot.upstreams.get(plan.upstream) else { return };
    let echo = upstream.servers.contains(&Server::Echo);
    let servers = if echo { "the built-in echo".to_owned() } else { format!("{} servers", upstream.servers.len()) };
    let mut facts =
        vec![if plan.keep_authorization { "Authorization kept" } else { "Authorization removed" }.to_owned()];
    let set: Vec<&str> = plan
        .identity
        .iter()
        .map(|(name, _)| name)
        .chain(plan.set.iter().map(|(name, _)| name))
        .map(|n| n.as_str())
        .collect();
    if !set.is_empty() {
        facts.push(format!("set: {}", set.join(" ")));
    }
    if let Some(prefix) = &plan.strip_prefix {
        facts.push(format!("{prefix} stripped"));
    }
    let _ = writeln!(out, "forward   to {} ({servers}), {}", upstream.name, facts.join(", "));
}
