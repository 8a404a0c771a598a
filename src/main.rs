//! The program; [`peerling::cli`] has its operations.

fn main() -> std::process::ExitCode {
    peerling::cli::run(std::env::args_os().skip(1))
}
