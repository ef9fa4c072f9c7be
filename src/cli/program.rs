//! The program as a function of its arguments: each command gets what it needs and
//! becomes an exit code: 0 fine, 1 the thing failed, 2 wrong usage, 3 only warnings.

use std::io::{self, BufReader, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::cli::arguments::{Arguments, Command, Everywhere};
use crate::cli::compiling::{context, hash};
use crate::cli::console::{Console, Presence};
use crate::cli::failure::Failure;
use crate::cli::place::Place;
use crate::cli::{
    bot, check, client, dialect, explain, hash_password, healthcheck, keys, revocations, run, schema, token, user,
};
use crate::clock::{Clock as _, SystemClock};
use crate::config::files::DiskFiles;
use crate::config::load::load;
use crate::config::self_signed::ThrowAway;
use crate::gateway::Parts;
use crate::random::{OsRandom, Random};
use crate::store::Store;

/// Reads the process's arguments, does what they say, and returns the exit code.
pub fn program() -> ExitCode {
    let arguments = Arguments::of_process();
    match dispatch(arguments) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            // If standard error is gone there is nobody left to tell.
            let _ = writeln!(io::stderr(), "{}", failure.shown());
            ExitCode::from(failure.code())
        }
    }
}

fn dispatch(arguments: Arguments) -> Result<u8, Failure> {
    let Arguments { everywhere: Everywhere { config, output }, command } = arguments;
    let random = OsRandom::default();
    let mut out = io::stdout().lock();
    let trying = context(&ThrowAway, &random);
    match command.unwrap_or(Command::Run) {
        Command::Run => {
            drop(out);
            run::run(&config, &Parts { clock: Arc::new(SystemClock), random: Arc::new(random) })
        }
        Command::Check(args) => Ok(check::run(&args.written_as(output), &config, &trying, &mut out)?.exit_code()),
        Command::Healthcheck(args) => {
            healthcheck::run(&args, &config, &DiskFiles, &mut out)?;
            Ok(0)
        }
        Command::Dialect(args) => dialect::run(&args, &DiskFiles, &mut out),
        Command::HashPassword => {
            let mut input = io::stdin().lock();
            hash_password::run(&mut input, &mut out, &random, &hash)?;
            Ok(0)
        }
        Command::Schema => {
            schema::run(&mut out)?;
            Ok(0)
        }
        object => {
            let presence = if io::stdin().is_terminal() { Presence::Terminal } else { Presence::Nobody };
            let (mut talk, mut input) = (io::stderr(), BufReader::new(io::stdin()));
            let mut console = Console { out: &mut out, talk: &mut talk, input: &mut input, presence, output };
            match object {
                Command::Explain(args) => explain::run(&args, &config, &DiskFiles, &trying, &mut console)?,
                object => on_the_store(object, &config, &random, &mut console)?,
            }
            Ok(0)
        }
    }
}

/// Commands about objects work on the store, with or without a gateway beside them.
fn on_the_store(
    command: Command,
    config: &Path,
    random: &dyn Random,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let snapshot = load(config, &DiskFiles, &context(&ThrowAway, random))?;
    let key = snapshot.fixed.store_key.as_ref().map(|key| &key.0);
    let store = Store::open(&snapshot.fixed.state, key).map_err(|error| Failure::new(error.to_string()))?;
    let place = Place { store: &store, snapshot: &snapshot, random, now: SystemClock.now() };
    match command {
        Command::Client(args) => client::run(args, &place, console),
        Command::Bot(args) => bot::run(args, &place, console),
        Command::User(args) => user::run(args, &place, console),
        Command::Token(args) => token::run(args, &place, console),
        Command::Revocations(args) => revocations::run(args, &place, console),
        Command::Keys(args) => keys::run(args, &place, console),
        Command::Run
        | Command::Check(_)
        | Command::Healthcheck(_)
        | Command::Explain(_)
        | Command::Dialect(_)
        | Command::HashPassword
        | Command::Schema => Ok(()),
    }
}
