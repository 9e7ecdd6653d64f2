//! `sekisho`: parses arguments and calls the library.

fn main() -> std::process::ExitCode {
    sekisho_ctl::run()
}
