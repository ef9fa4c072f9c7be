//! Every verb, noun and flag of the program, as clap reads them. Words only: what a
//! command does is in the file of its name.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::cli::bot::BotArgs;
use crate::cli::check::CheckArgs;
use crate::cli::client::ClientArgs;
use crate::cli::console::Output;
use crate::cli::dialect::DialectArgs;
use crate::cli::explain::ExplainArgs;
use crate::cli::healthcheck::HealthcheckArgs;
use crate::cli::keys::KeysArgs;
use crate::cli::revocations::RevocationsArgs;
use crate::cli::token::TokenArgs;
use crate::cli::user::UserArgs;

/// A gateway that puts OAuth2 in front of services that have none.
#[derive(Debug, Parser)]
#[command(name = "tollgate", version, max_term_width = 100)]
pub struct Arguments {
    /// What every command takes.
    #[command(flatten)]
    pub everywhere: Everywhere,
    /// What to do; `run` if nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What every command takes.
#[derive(Debug, clap::Args)]
pub struct Everywhere {
    /// The configuration.
    #[arg(short, long, global = true, env = "TOLLGATE_CONFIG", default_value = "gateway.yaml")]
    pub config: PathBuf,
    /// How data is written.
    #[arg(short, long, global = true, value_enum, default_value_t)]
    pub output: Output,
}

/// An ordinary start and nothing else. A gateway is resident for months, and the words of all
/// other commands would be with it: most of a megabyte of code that ran once.
#[derive(Debug, Parser)]
#[command(disable_help_flag = true)]
struct Start {
    #[command(flatten)]
    everywhere: Everywhere,
    #[arg(value_parser = ["run"])]
    verb: Option<String>,
}

impl Arguments {
    /// What the process was asked for; whatever is no ordinary start is read, answered or
    /// refused with all commands known.
    pub fn of_process() -> Arguments {
        match Start::try_parse() {
            Ok(Start { everywhere, verb: _ }) => Arguments { everywhere, command: None },
            Err(_) => Arguments::parse(),
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve in the foreground.
    Run,
    /// Say everything that is wrong with a configuration, as a start or a reload would.
    Check(CheckArgs),
    /// Ask a gateway that runs whether it is ready: exit code 0, or 1 and why not.
    Healthcheck(HealthcheckArgs),
    /// Show which route takes a request and what it asks for.
    Explain(ExplainArgs),
    /// The dialects that come with the gateway, and what is wrong with one's own.
    Dialect(DialectArgs),
    /// Clients that the store keeps.
    Client(ClientArgs),
    /// Identities of clients that the store keeps.
    Bot(BotArgs),
    /// Users that the store keeps.
    User(UserArgs),
    /// Call tokens back.
    Token(TokenArgs),
    /// The list of what was called back.
    Revocations(RevocationsArgs),
    /// Signing keys.
    Keys(KeysArgs),
    /// Turn a line of standard input into a `password_hash`.
    HashPassword,
    /// Print the JSON Schema of the configuration (draft-07).
    Schema,
}
