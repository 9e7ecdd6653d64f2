//! A gate for web applications that know nothing of operator cards: the proxy in front of them asks here before each request that is a
//! function, and passes on what the agent grants. `README.md` has the stanzas for nginx.

mod answer;
mod page;
mod question;
mod routes;
mod socket;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use sekisho_wire::words::Language;

/// Ask the agent for a proxy in front of a web application (forward authentication)
///
/// The proxy sends each request first to /authorize, with the function in the header Sekisho-Function. 204 lets it through, 403 does not.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where the proxy finds this gate: a Unix socket. Who may write to it speaks for the clerk: see that its folder lets only the proxy in
    #[arg(long, value_name = "PATH", default_value = "/run/sekisho-gate/gate.sock")]
    listen: PathBuf,
    /// The agent's socket [default: SEKISHO_SOCKET, else /run/sekisho/agent.sock]
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
}

/// The command line, for the manual.
#[must_use]
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Starts logging, and serves until it is ended.
#[must_use]
pub fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info")).init();
    let Arguments { listen, socket } = Arguments::parse();
    let agent = socket.unwrap_or_else(sekisho_ipc::socket_path);
    // A request waits for the agent, the agent for the disk or the card: threads for waiting, one for everything else.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let served = runtime.and_then(|runtime| {
        let served = runtime.block_on(socket::serve(&listen, routes::routes(agent)));
        // Threads that still wait for the agent end with the process.
        runtime.shutdown_background();
        served
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let (what, next) = match Language::from_variables(|name| std::env::var(name).ok()) {
                Language::Japanese => (
                    "で待ち受けられません",
                    "フォルダーがあり、書き込めるか、別の sekisho-gate が動いていないか確かめてください。",
                ),
                Language::English => (
                    "cannot listen on",
                    "See that its folder is there and can be written, and that no other sekisho-gate runs.",
                ),
            };
            eprintln!("sekisho-gate: {}: {what}: {error}\n  {next}", listen.display());
            ExitCode::FAILURE
        }
    }
}
