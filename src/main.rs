//! `alongside`: hands over to [`alongside::commands`], where everything is compiled once, for this program and the tests.

fn main() -> std::process::ExitCode {
    alongside::commands::main()
}
