//! A changed configuration takes effect whole or not at all. A thread of its own waits
//! for a signal or for a change in the folders of the files that were read, lets
//! things settle, compares contents, and loads. Whatever is wrong with the new file,
//! the old world stays. Must never: trust an event's word for what changed (editors
//! rename, Kubernetes swaps a link), or apply a part.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::config::files::{Files, Noted, Seen, content_digest};
use crate::config::problem::fact::Problems;
use crate::config::source::text::MAX_FILE_BYTES;
use crate::reload::difference::{difference, needs_restart};
use crate::snapshot::{Fixed, Snapshot};

pub mod difference;
#[cfg(test)]
mod tests;

/// How long it has to be quiet before a change is looked at.
const SETTLE: Duration = Duration::from_millis(250);
/// How often the wait begins anew in a folder that is never quiet.
const MAX_WAITS: usize = 8;

/// Loads the file as it is now; the gateway supplies time, chance and certificates.
pub type Load = Box<dyn FnMut(&Path, &dyn Files) -> Result<Snapshot, Problems> + Send>;

/// Hears what came of each attempt.
pub type Hear = Box<dyn FnMut(Outcome) + Send>;

/// What came of an attempt.
#[derive(Debug)]
pub enum Outcome {
    /// The contents are those that were loaded last.
    Unchanged,
    /// The old world stays, for these reasons.
    Refused(Problems),
    /// The new world, to be swapped in now.
    Loaded {
        /// What the operator says from now on.
        snapshot: Arc<Snapshot>,
        /// What is different, in a line for the log.
        changes: String,
    },
    /// A folder cannot be watched; a signal still reloads.
    Unwatched(String),
}

/// Why somebody thinks that there is something new.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trigger {
    /// Something moved in a watched folder.
    Change,
    /// The operator asks, and gets an answer in any case.
    Asked,
    /// The gateway ends.
    Stop,
}

/// What is known of the last loading: enough to judge the next one. No thread, no
/// watching, so that tests can drive it.
pub struct Judge {
    path: PathBuf,
    files: Box<dyn Files + Send>,
    /// What was looked at last, for telling a mistake once.
    seen: Seen,
    /// What the running world was made of; `None` after a refusal, so that going back
    /// to it is news too.
    applied: Option<Seen>,
    current: Arc<Snapshot>,
    load: Load,
}

impl Judge {
    /// Begins with the world that runs and the files it was made of (`Noted::seen`).
    pub fn new(
        path: PathBuf,
        files: Box<dyn Files + Send>,
        (current, seen): (Arc<Snapshot>, Seen),
        load: Load,
    ) -> Judge {
        Judge { path, files, applied: Some(seen.clone()), seen, current, load }
    }

    /// Folders in which a change may matter: those of the names that were read, and
    /// those of what links among them lead to.
    pub fn folders(&self) -> BTreeSet<PathBuf> {
        let parent = |path: &PathBuf| match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            Some(_) | None => PathBuf::from("."),
        };
        let behind = self.seen.keys().filter(|path| path.is_symlink()).filter_map(|path| path.canonicalize().ok());
        self.seen.keys().map(parent).chain(behind.collect::<Vec<_>>().iter().map(parent)).collect()
    }

    /// Looks whether there is something new, and if so what it is.
    pub fn attempt(&mut self, trigger: Trigger) -> Outcome {
        if trigger == Trigger::Change && !self.changed() {
            return Outcome::Unchanged;
        }
        let noted = Noted::new(&*self.files);
        let loaded = (self.load)(&self.path, &noted);
        // Also after a refusal: the same mistake is told once, not at every event.
        self.seen = noted.seen();
        let outcome = match loaded {
            Err(problems) => Outcome::Refused(problems),
            Ok(_) if self.applied.as_ref() == Some(&self.seen) => Outcome::Unchanged,
            Ok(snapshot) => self.accept(snapshot),
        };
        self.applied = match outcome {
            Outcome::Refused(_) => None,
            Outcome::Unchanged | Outcome::Loaded { .. } | Outcome::Unwatched(_) => Some(self.seen.clone()),
        };
        outcome
    }

    fn accept(&mut self, snapshot: Snapshot) -> Outcome {
        let list = needs_restart(self.fixed(), &snapshot.fixed);
        if !list.is_empty() {
            return Outcome::Refused(Problems { file: self.path.clone(), list, shown: None });
        }
        let changes = difference(&self.current, &snapshot);
        self.current = Arc::new(snapshot);
        Outcome::Loaded { snapshot: Arc::clone(&self.current), changes }
    }

    fn fixed(&self) -> &Fixed {
        &self.current.fixed
    }

    fn changed(&self) -> bool {
        self.seen.iter().any(|(path, before)| {
            let now = self.files.read(path, MAX_FILE_BYTES).ok().map(|bytes| content_digest(&bytes));
            now != *before
        })
    }
}

/// The thread that waits and judges. Ends when this is dropped.
pub struct Reloader {
    sender: Sender<Trigger>,
    thread: Option<JoinHandle<()>>,
}

/// Asks for a reload, such as at SIGHUP.
#[derive(Clone, Debug)]
pub struct Asker(Sender<Trigger>);

impl Asker {
    /// Asks; the answer goes to whoever hears outcomes.
    pub fn ask(&self) {
        // A reloader that has ended has nothing to reload.
        let _ = self.0.send(Trigger::Asked);
    }
}

impl Reloader {
    /// Starts watching. Fails only if there can be no further thread.
    pub fn start(judge: Judge, hear: Hear) -> io::Result<Reloader> {
        let (sender, receiver) = channel();
        let events = sender.clone();
        let thread = std::thread::Builder::new()
            .name("reload".to_owned())
            .spawn(move || Waiting { judge, hear, events, watched: BTreeSet::new(), watcher: None }.run(&receiver))?;
        Ok(Reloader { sender, thread: Some(thread) })
    }

    /// A handle that asks for a reload.
    pub fn asker(&self) -> Asker {
        Asker(self.sender.clone())
    }
}

impl Drop for Reloader {
    fn drop(&mut self) {
        let _ = self.sender.send(Trigger::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Waiting {
    judge: Judge,
    hear: Hear,
    events: Sender<Trigger>,
    watched: BTreeSet<PathBuf>,
    watcher: Option<RecommendedWatcher>,
}

impl Waiting {
    fn run(mut self, receiver: &Receiver<Trigger>) {
        self.watch();
        // Something may have changed between the start and the first watch.
        let mut next = Some(Trigger::Change);
        while let Some(trigger) = next.take().or_else(|| receiver.recv().ok()).and_then(|first| settle(first, receiver))
        {
            match self.judge.attempt(trigger) {
                Outcome::Unchanged if trigger == Trigger::Change => {}
                outcome => (self.hear)(outcome),
            }
            self.watch();
        }
    }

    /// Watches exactly the folders that matter now.
    fn watch(&mut self) {
        let folders = self.judge.folders();
        if self.watcher.is_none() {
            let events = self.events.clone();
            let made = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                // Reading a file is an event too, and is how this thread would wake itself.
                if event.is_ok_and(|event| !event.kind.is_access()) {
                    let _ = events.send(Trigger::Change);
                }
            });
            match made {
                Ok(watcher) => self.watcher = Some(watcher),
                Err(error) => return (self.hear)(Outcome::Unwatched(error.to_string())),
            }
        }
        let Some(watcher) = &mut self.watcher else { return };
        for gone in self.watched.difference(&folders) {
            // A folder that is gone is not watched any more by itself.
            let _ = watcher.unwatch(gone);
        }
        let mut watched = BTreeSet::new();
        for folder in folders {
            if self.watched.contains(&folder) {
                watched.insert(folder);
                continue;
            }
            match watcher.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    watched.insert(folder);
                }
                Err(error) => (self.hear)(Outcome::Unwatched(format!("{}: {error}", folder.display()))),
            }
        }
        self.watched = watched;
    }
}

/// Waits until it is quiet; `None` at the end. Being asked outweighs having noticed.
fn settle(first: Trigger, receiver: &Receiver<Trigger>) -> Option<Trigger> {
    let mut strongest = first;
    for _ in 0..MAX_WAITS {
        if strongest != Trigger::Change {
            break;
        }
        match receiver.recv_timeout(SETTLE) {
            Ok(next) => strongest = next,
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => return None,
        }
        // What came in one burst is one event.
        while let Ok(next) = receiver.try_recv() {
            strongest = if strongest == Trigger::Change { next } else { strongest };
        }
    }
    (strongest != Trigger::Stop).then_some(strongest)
}
