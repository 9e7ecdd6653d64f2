//! `sekisho-gate`: calls the library.

fn main() -> std::process::ExitCode {
    sekisho_gate::main()
}
