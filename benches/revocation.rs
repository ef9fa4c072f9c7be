//! What the revocation list costs: a look-up that misses and one that hits, with a
//! thousand, a million and ten million entries; the bytes an entry takes; adding one.
//! Two sizes of the probed part are measured: handles that stay in the processor's
//! cache, as a busy gateway's do, and handles all over the table, each a cold one.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use tollgate::clock::UnixTime;
use tollgate::revocation::list::List;
use tollgate::revocation::notice::Notice;
use tollgate::token::handle::{Handle, HandleKind, Handles};
use tollgate::token::id::IssuerName;

/// Handles that a busy gateway asks for over and over.
const WARM: u64 = 65_536;

fn handle(i: u64) -> Handle {
    let mixed = i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    Handle(u128::from(mixed ^ mixed >> 29) << 64 | u128::from(i))
}

fn notice(i: u64) -> Notice {
    let issuer = IssuerName::new("main");
    let until = UnixTime(1_900_000_000 + (i % 100_000));
    Notice { kind: HandleKind::Token, issuer, handle: handle(i), issued_before: None, until }
}

fn token(handle: Handle) -> Handles {
    Handles { token: handle, family: None, user: None, client: None, key: None, issuer: Handle(1) }
}

fn look_ups(c: &mut Criterion) {
    for entries in [1_000u64, 1_000_000, 10_000_000] {
        let list = List::new([3; 32]);
        let issuer = IssuerName::new("main");
        for i in 0..entries {
            list.add(&Notice { issuer: issuer.clone(), ..notice(i) });
        }
        println!("{entries} entries: {:.1} bytes each", list.memory_bytes() as f64 / entries as f64);
        let mut group = c.benchmark_group(format!("revocation/{entries}"));
        for (name, offset, spread) in [
            ("miss", entries, WARM),
            ("hit", 0, WARM.min(entries)),
            ("miss, cold", entries, entries),
            ("hit, cold", 0, entries),
        ] {
            let mut i = 0u64;
            group.bench_function(name, |b| {
                b.iter(|| {
                    i = (i + 0x9E37_79B1) % spread;
                    list.revoked(black_box(&token(handle(offset + i))), None)
                });
            });
        }
        group.finish();
    }
}

fn additions(c: &mut Criterion) {
    let list = List::new([5; 32]);
    let mut next = 0;
    c.bench_function("revocation/add", |b| {
        b.iter(|| {
            next += 1;
            list.add(&notice(next))
        });
    });
    println!("after {next} additions: {:.1} bytes each", list.memory_bytes() as f64 / next.max(1) as f64);
}

criterion_group!(benches, look_ups, additions);
criterion_main!(benches);
