//! `sekisho panel`: the loop. What is shown stands in `view_model`, what a key does in `model`; here is only I/O.

mod draw;
mod keys;
mod lines;
mod model;
mod requests;
#[cfg(test)]
pub(crate) mod samples;
mod view_model;

use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use ratatui::DefaultTerminal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use self::model::{Action, Event, Key, Panel};
use self::requests::Requests;
use crate::failure::Failure;
use crate::{Surroundings, clock, exit, programs};

/// How often the countdowns move. Nothing else is drawn without a cause.
const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn run(surroundings: &Surroundings, programs: &Path) -> Result<ExitCode, Failure> {
    let programs = programs::read(programs)?;
    let (sender, events) = channel();
    let failed = |cause| Failure::Screen { cause };
    stop_on_signals(&sender).map_err(failed)?;
    // From here on a panic puts the terminal back before it speaks; so does each way out below.
    let mut terminal = ratatui::try_init().map_err(failed)?;
    let requests = requests::start(&surroundings.socket, &sender);
    keys::start(&sender);
    let ended = attend(Panel::new(surroundings.language, programs), &mut terminal, &events, &requests);
    ratatui::restore();
    ended.map_err(failed).map(|()| exit::DONE.into())
}

fn attend(
    mut panel: Panel,
    terminal: &mut DefaultTerminal,
    events: &Receiver<Event>,
    requests: &Requests,
) -> std::io::Result<()> {
    let started = clock::now();
    loop {
        terminal.draw(|frame| draw::draw(frame, &panel))?;
        let event = match events.recv_timeout(SECOND) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        panel.set_now(u64::try_from((clock::now() - started).as_millis()).unwrap_or(u64::MAX));
        for action in event.map(|event| panel.take(event)).unwrap_or_default() {
            match action {
                Action::Quit => return Ok(()),
                action @ (Action::Login { .. }
                | Action::Prove { .. }
                | Action::Decline(_)
                | Action::ChangePin { .. }
                | Action::OnReader(_)
                | Action::Authorize(_)
                | Action::Report(_)
                | Action::Draft(_)
                | Action::Start(..)
                | Action::Lock
                | Action::End
                | Action::Activity) => requests.send(action),
            }
        }
    }
}

fn stop_on_signals(sender: &Sender<Event>) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT])?;
    let sender = sender.clone();
    thread::spawn(move || signals.forever().all(|_| sender.send(Event::Key(Key::Quit)).is_ok()));
    Ok(())
}
