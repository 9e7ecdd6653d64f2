//! Cable and host controller driver: one connection at a time, its commands become events of the controller.

use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::Sender;

use sekisho_token::{PRODUCT, VENDOR};

use super::wire::{Command, Operation, imported, list};

/// What happens at the port.
#[derive(Debug)]
pub(crate) enum Event {
    /// Plugged in; answers go here.
    Attached(TcpStream),
    Command(Command),
    /// Unplugged.
    Detached,
}

/// Never returns, unless nobody takes the events any more.
pub(crate) fn serve(listener: &TcpListener, events: &Sender<Event>) {
    for stream in listener.incoming().flatten() {
        match converse(stream, events) {
            Ok(Heard::Somebody) => {}
            Ok(Heard::Nobody) => return,
            Err(error) => log::info!("the token was unplugged: {error}"),
        }
    }
}

/// Whether somebody takes the events.
enum Heard {
    Somebody,
    Nobody,
}

fn converse(mut stream: TcpStream, events: &Sender<Event>) -> io::Result<Heard> {
    stream.set_nodelay(true)?;
    match Operation::read(&mut stream)? {
        Operation::List => {
            stream.write_all(&list(VENDOR, PRODUCT))?;
            Ok(Heard::Somebody)
        }
        Operation::Import => {
            stream.write_all(&imported(VENDOR, PRODUCT))?;
            if events.send(Event::Attached(stream.try_clone()?)).is_err() {
                return Ok(Heard::Nobody);
            }
            let ended = loop {
                let command = match Command::read(&mut stream) {
                    Ok(command) => command,
                    Err(error) => break error,
                };
                if events.send(Event::Command(command)).is_err() {
                    return Ok(Heard::Nobody);
                }
            };
            let _ = events.send(Event::Detached);
            Err(ended)
        }
    }
}
