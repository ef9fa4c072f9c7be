//! `tollgate healthcheck`: whether a gateway on this machine wants traffic, for whoever can
//! only run a program, such as a container's HEALTHCHECK. It asks the metrics listener's
//! `/readyz`, of which the file says where it is. Only that one key is read: secrets may be
//! out of reach here, and nothing is compiled or hashed for a look that comes every few seconds.

use std::io::{Read as _, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use clap::Args;

use crate::cli::failure::Failure;
use crate::config::files::Files;
use crate::config::print::value_at;

/// Most of an answer that is read, in bytes.
const MAX_ANSWER: u64 = 64 * 1024;

/// Asks a gateway that runs whether it is ready
#[derive(Clone, Debug, Args)]
pub struct HealthcheckArgs {
    /// Where metrics and health are served (default: what the configuration says)
    #[arg(long, value_name = "ADDRESS")]
    address: Option<SocketAddr>,
    /// How long to wait for the answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    timeout: u64,
}

/// Asks; a gateway that is not ready is a failure.
pub fn run(args: &HealthcheckArgs, config: &Path, files: &dyn Files, out: &mut dyn Write) -> Result<(), Failure> {
    let address = match args.address {
        Some(address) => address,
        None => of_file(config, files)?,
    };
    let address = reached(address);
    let answer = ask(address, Duration::from_secs(args.timeout))
        .map_err(|error| Failure::new(format!("no answer from {address}: {error}")))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    if head.split(' ').nth(1) == Some("200") {
        writeln!(out, "ready at {address}")?;
        return Ok(());
    }
    let reasons: Vec<&str> = body.lines().filter_map(|line| line.strip_prefix("[-] ")).collect();
    let why =
        if reasons.is_empty() { head.lines().next().unwrap_or("no answer").to_owned() } else { reasons.join("; ") };
    Err(Failure::new(format!("not ready at {address}: {why}")))
}

fn of_file(config: &Path, files: &dyn Files) -> Result<SocketAddr, Failure> {
    let written = value_at(config, files, &["observability", "metrics", "listen"]).ok_or_else(|| {
        let file = config.display();
        Failure::new(format!("{file} does not say where metrics and health are served; give --address"))
    })?;
    match written.parse::<SocketAddr>() {
        Ok(address) if address.port() != 0 => Ok(address),
        Ok(_) | Err(_) => Err(Failure::new(format!("nobody knows where `{written}` is; give --address"))),
    }
}

/// Where an address is reached from this machine that stands for all of its own.
fn reached(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// The whole answer to one request, within `limit`.
fn ask(address: SocketAddr, limit: Duration) -> std::io::Result<String> {
    let end = Instant::now() + limit;
    let left = || end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_write_timeout(Some(left()))?;
    let request = format!("GET /readyz?verbose HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let (mut answer, mut piece) = (Vec::new(), [0; 4096]);
    while (answer.len() as u64) < MAX_ANSWER {
        stream.set_read_timeout(Some(left()))?;
        match stream.read(&mut piece)? {
            0 => break,
            count => answer.extend_from_slice(&piece[..count]),
        }
        if Instant::now() >= end {
            return Err(std::io::ErrorKind::TimedOut.into());
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use super::reached;

    #[test]
    fn all_addresses_of_a_machine_are_reached_at_its_own() {
        for (written, asked) in [
            ("0.0.0.0:1", "127.0.0.1:1"),
            ("[::]:2", "[::1]:2"),
            ("192.0.2.1:3", "192.0.2.1:3"),
            ("[::1]:4", "[::1]:4"),
        ] {
            assert_eq!(written.parse().map(reached).map(|address| address.to_string()), Ok(asked.to_owned()));
        }
    }
}
