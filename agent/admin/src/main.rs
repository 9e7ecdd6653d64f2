//! `sekisho-admin`: starts logging and calls the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn")).init();
    sekisho_admin::main()
}
