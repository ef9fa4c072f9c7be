//! Reloading without a thread, in a world in memory; and once with real files.

use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::clock::UnixTime;
use crate::config::files::{DiskFiles, Files, MapFiles, Noted, Seen};
use crate::config::load::{Context, load};
use crate::config::problem::fact::Problems;
use crate::config::self_signed::ThrowAway;
use crate::random::{Random, SeededRandom};
use crate::reload::{Judge, Outcome, Reloader, Trigger};
use crate::snapshot::Snapshot;
use crate::token::secret::Secret;

const GOOD: &str = "version: 1\nlisteners: { public: { address: '127.0.0.1:0' } }\n\
    issuers: { main: { url: 'https://login.example', clients: [{ id: a, secret: '${file:secret}', grants: [client_credentials] }] } }\n\
    upstreams: { echo: { servers: ['builtin:echo'] } }\n\
    routes: [{ path: /a, upstream: echo, access: public }]\n";

/// A world that a test changes while somebody else looks at it.
#[derive(Clone, Default)]
struct Changing(Arc<Mutex<MapFiles>>);

impl Changing {
    fn write(&self, path: &str, text: &str) {
        let mut world = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        world.files.insert(PathBuf::from(path), text.as_bytes().to_vec());
    }
}

impl Files for Changing {
    fn read(&self, path: &Path, limit: usize) -> std::io::Result<Vec<u8>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).read(path, limit)
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

fn look(path: &Path, files: &dyn Files) -> Result<Snapshot, Problems> {
    let random = SeededRandom::new(1);
    let hash_password = |_: &Secret, _: &dyn Random| String::new();
    let now = UnixTime(1_795_000_000);
    load(
        path,
        files,
        &Context { now, random: &random, processors: 1, self_signed: &ThrowAway, hash_password: &hash_password },
    )
}

fn first(path: &Path, files: &dyn Files) -> (Arc<Snapshot>, Seen) {
    let noted = Noted::new(files);
    let snapshot = look(path, &noted).unwrap_or_else(|problems| panic!("{problems}"));
    (Arc::new(snapshot), noted.seen())
}

fn judge(world: &Changing) -> Judge {
    let path = Path::new("gateway.yaml");
    Judge::new(path.to_owned(), Box::new(world.clone()), first(path, world), Box::new(look))
}

fn world() -> Changing {
    let world = Changing::default();
    world.write("gateway.yaml", GOOD);
    world.write("secret", "one");
    world
}

#[test]
fn nothing_new_is_nothing_to_do() {
    let world = world();
    let mut judge = judge(&world);
    assert!(matches!(judge.attempt(Trigger::Change), Outcome::Unchanged));
    assert!(matches!(judge.attempt(Trigger::Asked), Outcome::Unchanged));
}

#[test]
fn a_new_route_is_loaded_and_named() {
    let world = world();
    let mut judge = judge(&world);
    world.write("gateway.yaml", &GOOD.replace("path: /a", "path: /b"));
    match judge.attempt(Trigger::Change) {
        Outcome::Loaded { snapshot, changes } => {
            assert_eq!(&*snapshot.policy.route_names[0], "/b");
            assert!(changes.contains("routes +/b -/a"), "{changes}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_that_is_only_referred_to_matters_too() {
    let world = world();
    let mut judge = judge(&world);
    world.write("secret", "two");
    let Outcome::Loaded { snapshot, .. } = judge.attempt(Trigger::Change) else { panic!("not loaded") };
    let client = &snapshot.issuers[0].clients["a"];
    assert_eq!(client.secrets[0].digest, Secret::new("two".to_owned()).digest());
}

#[test]
fn a_mistake_is_told_once_and_again_when_asked() {
    let world = world();
    let mut judge = judge(&world);
    world.write("gateway.yaml", &GOOD.replace("access: public", "acces: public"));
    let Outcome::Refused(problems) = judge.attempt(Trigger::Change) else { panic!("not refused") };
    assert!(problems.to_string().contains("acces"), "{problems}");
    assert!(matches!(judge.attempt(Trigger::Change), Outcome::Unchanged));
    assert!(matches!(judge.attempt(Trigger::Asked), Outcome::Refused(_)));
    world.write("gateway.yaml", GOOD);
    assert!(matches!(judge.attempt(Trigger::Change), Outcome::Loaded { .. }), "going back is news after a refusal");
    world.write("gateway.yaml", &GOOD.replace("path: /a", "path: /c"));
    assert!(matches!(judge.attempt(Trigger::Change), Outcome::Loaded { .. }));
}

#[test]
fn what_cannot_change_is_refused_whole() {
    let world = world();
    let mut judge = judge(&world);
    let moved = GOOD.replace("127.0.0.1:0", "127.0.0.1:9").replace("path: /a", "path: /d");
    world.write("gateway.yaml", &(moved + "store: { folder: elsewhere }\n"));
    let Outcome::Refused(problems) = judge.attempt(Trigger::Change) else { panic!("not refused") };
    assert_eq!(problems.list.len(), 2, "{problems}");
    assert!(matches!(judge.attempt(Trigger::Asked), Outcome::Refused(_)));
    world.write("gateway.yaml", &GOOD.replace("path: /a", "path: /d"));
    let Outcome::Loaded { changes, .. } = judge.attempt(Trigger::Change) else { panic!("not loaded") };
    assert!(changes.contains("+/d -/a"), "the refused world left no trace: {changes}");
}

#[test]
fn the_folder_behind_a_link_is_watched_too() -> std::io::Result<()> {
    let folder = std::env::temp_dir().join(format!("tollgate-link-{}", std::process::id()));
    let (here, there) = (folder.join("here"), folder.join("there"));
    std::fs::create_dir_all(&here)?;
    std::fs::create_dir_all(&there)?;
    std::fs::write(there.join("real.yaml"), GOOD)?;
    std::fs::write(here.join("secret"), "one")?;
    let link = here.join("gateway.yaml");
    std::os::unix::fs::symlink("../there/real.yaml", &link)?;
    let judge = Judge::new(link.clone(), Box::new(DiskFiles), first(&link, &DiskFiles), Box::new(look));
    let watched = judge.folders();
    std::fs::remove_dir_all(&folder)?;
    assert!(watched.contains(&here) && watched.iter().any(|folder| folder.ends_with("there")), "{watched:?}");
    Ok(())
}

#[test]
fn real_files_are_watched() -> std::io::Result<()> {
    let folder = std::env::temp_dir().join(format!("tollgate-reload-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("gateway.yaml");
    std::fs::write(folder.join("secret"), "one")?;
    std::fs::write(&path, GOOD)?;
    let judge = Judge::new(path.clone(), Box::new(DiskFiles), first(&path, &DiskFiles), Box::new(look));
    let (sender, outcomes) = channel();
    let reloader = Reloader::start(judge, Box::new(move |outcome| sender.send(outcome).unwrap_or_default()))?;
    let patience = Duration::from_secs(60);
    // Asking is answered, and after the answer the folder is watched for certain.
    reloader.asker().ask();
    assert!(matches!(outcomes.recv_timeout(patience), Ok(Outcome::Unchanged)));
    // As editors and Kubernetes do it: another file takes the name.
    std::fs::write(folder.join("fresh"), GOOD.replace("path: /a", "path: /renamed"))?;
    std::fs::rename(folder.join("fresh"), &path)?;
    let heard = outcomes.recv_timeout(patience);
    assert!(matches!(&heard, Ok(Outcome::Loaded { changes, .. }) if changes.contains("+/renamed")), "{heard:?}");
    drop(reloader);
    std::fs::remove_dir_all(&folder)
}
