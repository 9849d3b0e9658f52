//! `alongside`: hands over to [`alongside::commands`], where everything is compiled once, for this program and the tests.

/// Letters and pages are made on one thread and let go on another: an allocator that is made for that costs less time, and gives
/// memory back instead of keeping an arena for each thread.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    alongside::commands::main()
}
