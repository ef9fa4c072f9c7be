//! The program: an allocator, and whatever `cli` says the exit code is. Thin on
//! purpose: everything else can be used, and tested, as a library.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tollgate::cli::program::program()
}
