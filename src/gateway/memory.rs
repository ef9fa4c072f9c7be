//! The process's memory as the kernel counts it: how much there may be, found once at the
//! start, and how much there is, looked at ten times a second by a thread of its own, so
//! that no flood keeps it from looking. Must never: allocate in proportion to anything.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::edge::drain::Phase;
use crate::edge::memory::Pressure;
use crate::edge::shared::Shared;
use crate::snapshot::MemoryLimit;

/// Between two looks. What callers can send meanwhile is beyond the limit's knowledge.
const INTERVAL: Duration = Duration::from_millis(100);

/// The share of what there is, in hundredths, that is ours where the file does not say.
/// The rest is for sockets and caches of the kernel's, and for whatever runs beside.
const SHARE: u64 = 60;

/// A cgroup whose limit is above this has none.
const NO_LIMIT: u64 = 1 << 60;

/// Looks from now on until the process ends, where there is a limit.
pub fn mind(shared: &Arc<Shared>, wanted: MemoryLimit) -> std::io::Result<()> {
    let limit = match wanted {
        MemoryLimit::Off => return Ok(()),
        MemoryLimit::Bytes(bytes) => bytes,
        MemoryLimit::Auto | MemoryLimit::Share(_) => match there_is(Path::new("/")) {
            Some(bytes) => bytes / 100 * if let MemoryLimit::Share(share) = wanted { share } else { SHARE },
            None => return Ok(()),
        },
    };
    let Ok(counts) = File::open("/proc/self/statm") else { return Ok(()) };
    let shared = Arc::downgrade(shared);
    let look = move || {
        while let Some(shared) = shared.upgrade() {
            if shared.drain.phase() == Phase::Ended {
                return;
            }
            if let Some(used) = resident(&counts) {
                let (before, now) = shared.memory.note(used, limit);
                tell(before, now, used, limit);
            }
            drop(shared);
            std::thread::park_timeout(INTERVAL);
        }
    };
    std::thread::Builder::new().name("memory".to_owned()).spawn(look).map(drop)
}

/// Once for each change.
fn tell(before: Pressure, now: Pressure, used: u64, limit: u64) {
    match now {
        _ if now == before => {}
        Pressure::Calm => tracing::info!(used, limit, "memory is no longer tight"),
        Pressure::Tight => tracing::warn!(used, limit, "memory is tight: new connections wait"),
        Pressure::Full => {
            tracing::warn!(used, limit, "memory is full: new requests are refused, idle connections closed");
        }
    }
}

/// Resident bytes (proc_pid_statm(5)): the second number, in pages. `status` says the same
/// and much more, at four times the price.
fn resident(counts: &File) -> Option<u64> {
    let mut text = [0; 256];
    let length = counts.read_at(&mut text, 0).ok()?;
    let pages = std::str::from_utf8(text.get(..length)?).ok()?.split(' ').nth(1)?;
    pages.parse::<u64>().ok()?.checked_mul(rustix::param::page_size() as u64)
}

/// The number behind a name, in bytes.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let number = text.lines().find_map(|line| line.strip_prefix(name))?.trim().strip_suffix("kB")?;
    number.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Bytes that the process could have at most: the least of what its control groups and the
/// machine allow.
fn there_is(root: &Path) -> Option<u64> {
    [of_groups(root), of_machine(root)].into_iter().flatten().min()
}

fn of_machine(root: &Path) -> Option<u64> {
    kilobytes(&fs::read_to_string(root.join("proc/meminfo")).ok()?, "MemTotal:")
}

/// The least limit of the process's group and of those it stands in. In a container the
/// path may be that of the machine, which is not seen: then the group that is mounted counts.
fn of_groups(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let groups = text.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (number, kinds, path) = (parts.next()?, parts.next()?, parts.next()?);
        let path = path.trim_start_matches('/');
        match (number, kinds) {
            ("0", "") => Some(("sys/fs/cgroup", path, "memory.max")),
            _ if kinds.split(',').any(|kind| kind == "memory") => {
                Some(("sys/fs/cgroup/memory", path, "memory.limit_in_bytes"))
            }
            _ => None,
        }
    });
    let limits = groups.flat_map(|(mount, path, file)| {
        let of = |group: &Path| {
            let text = fs::read_to_string(root.join(mount).join(group).join(file)).ok()?;
            text.trim().parse::<u64>().ok().filter(|bytes| *bytes < NO_LIMIT)
        };
        Path::new(path).ancestors().filter_map(of).collect::<Vec<_>>()
    });
    limits.min()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{kilobytes, resident, there_is};

    /// A file system with these files.
    fn root(name: &str, files: &[(&str, &str)]) -> PathBuf {
        let root = std::env::temp_dir().join(format!("tollgate-memory-{}-{name}", std::process::id()));
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("folders");
            fs::write(path, text).expect("a file");
        }
        root
    }

    #[test]
    fn what_is_held_is_what_the_kernel_says_elsewhere_too() {
        let counts = fs::File::open("/proc/self/statm").expect("Linux");
        let held = resident(&counts).expect("a number");
        let said = fs::read_to_string("/proc/self/status").expect("Linux");
        let said = kilobytes(&said, "VmRSS:").expect("a number");
        // Other tests allocate meanwhile.
        assert!(held / 2 < said && said / 2 < held, "{held} and {said}");
    }

    #[test]
    fn the_least_limit_counts_and_none_is_none() {
        let machine = ("proc/meminfo", "MemTotal:        2000 kB\nMemFree: 1 kB\n");
        let second = ("proc/self/cgroup", "0::/a/b\n");
        let first = ("proc/self/cgroup", "7:cpu,memory:/a\n3:pids:/\n");
        for (name, files, bytes) in [
            ("machine", &[machine][..], Some(2_048_000)),
            ("own", &[machine, second, ("sys/fs/cgroup/a/b/memory.max", "4096\n")], Some(4096)),
            ("outer", &[machine, second, ("sys/fs/cgroup/a/memory.max", "8192\n")], Some(8192)),
            ("max", &[machine, second, ("sys/fs/cgroup/a/b/memory.max", "max\n")], Some(2_048_000)),
            ("unseen", &[machine, second, ("sys/fs/cgroup/memory.max", "4096\n")], Some(4096)),
            ("v1", &[machine, first, ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "12288\n")], Some(12288)),
            (
                "v1-none",
                &[machine, first, ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n")],
                Some(2_048_000),
            ),
            ("nothing", &[("else", "")], None),
        ] {
            let root = root(name, files);
            assert_eq!(there_is(&root), bytes, "{name}");
            fs::remove_dir_all(root).expect("it was there");
        }
    }
}
