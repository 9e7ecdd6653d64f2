//! `sekisho-seat`: calls the library.

fn main() -> std::process::ExitCode {
    sekisho_seat::main()
}
