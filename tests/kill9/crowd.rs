//! What every storm shares, whatever its crowd asks for: members that ask at once until
//! the gateway is killed under them, chance that can be repeated, and what a judge notes.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use tollgate::clock::{Clock as _, SystemClock};

use crate::support::gateway::Gateway;

/// How often the gateway is killed.
pub const CYCLES: usize = 12;

/// Members of the crowd, each with a journal of its own.
const CROWD: usize = 8;

/// Numbers that differ from run to run and can be repeated from the seed.
pub struct Chance(AtomicU64);

impl Chance {
    /// With a seed of this run, which is printed.
    pub fn new() -> Chance {
        let seed = SystemClock.now().0 << 32 | u64::from(std::process::id());
        println!("seed {seed}");
        Chance(AtomicU64::new(seed))
    }

    fn below(&self, bound: u64) -> u64 {
        let mut z = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (z ^ (z >> 27)) % bound
    }
}

/// Lets the crowd loose, and kills the gateway under it once a number of answers that
/// nobody chose has come. A member goes on as long as its `step` says `true`.
pub fn storm<J: Default + Send>(
    gateway: &Gateway,
    chance: &Chance,
    step: impl Fn(SocketAddr, &mut J) -> bool + Sync,
) -> Vec<J> {
    let address = gateway.address("clear");
    let over = AtomicBool::new(false);
    let (told, answers) = channel();
    let journals: Vec<Mutex<J>> = (0..CROWD).map(|_| Mutex::default()).collect();
    std::thread::scope(|scope| {
        for journal in &journals {
            let (told, over, step) = (told.clone(), &over, &step);
            scope.spawn(move || {
                let mut mine = J::default();
                while !over.load(Ordering::SeqCst) && step(address, &mut mine) {
                    // The storm may have been called off meanwhile.
                    let _ = told.send(());
                }
                *journal.lock().expect("no member panicked") = mine;
            });
        }
        drop(told);
        wait_for(&answers, 20 + chance.below(150));
        // In flight now: up to one request of each member. The process dies under them.
        gateway.signal("KILL");
        over.store(true, Ordering::SeqCst);
    });
    journals.into_iter().map(|journal| journal.into_inner().expect("no member panicked")).collect()
}

/// Waits for so many answers, or until the whole crowd has given up, each with its fault.
fn wait_for(answers: &Receiver<()>, count: u64) {
    for _ in 0..count {
        match answers.recv_timeout(Duration::from_secs(30)) {
            Ok(()) => {}
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => panic!("the gateway answers"),
        }
    }
}

/// What is known of the first use of something that works once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It was given, and nobody presented it.
    Untouched,
    /// It was presented, and no answer came: used or not, but never half.
    Unanswered,
}

/// What a judge says of something that works once.
pub struct Sentences {
    pub lost: &'static str,
    pub twice: &'static str,
    pub outlived: &'static str,
}

/// What a judge found: the fault, and the answer that shows it.
#[derive(Default)]
pub struct Faults(pub Vec<String>);

impl Faults {
    /// Notes the fault if the answer does not begin so.
    pub fn expect(&mut self, answer: &str, wanted: &str, fault: &str) {
        if !answer.starts_with(wanted) {
            self.0.push(format!("{fault}: {answer}"));
        }
    }

    /// Presents something twice that works once. The second use is a theft, whatever became
    /// of the first, and takes with it what the first one gave.
    pub fn judge_once(
        &mut self,
        used: Use,
        present: impl Fn() -> String,
        try_access: impl Fn(&str) -> String,
        say: &Sentences,
    ) {
        let first = present();
        if used == Use::Untouched {
            self.expect(&first, "HTTP/1.1 200", say.lost);
        }
        self.expect(&present(), "HTTP/1.1 400", say.twice);
        if first.starts_with("HTTP/1.1 200") {
            self.expect(&try_access(&first), "HTTP/1.1 401", say.outlived);
        }
    }
}
