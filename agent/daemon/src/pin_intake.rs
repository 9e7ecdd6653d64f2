//! Waiting for a PIN on the descriptor of a prompt, and keeping it until the digest comes. Only the card worker does this.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use sekisho_ipc::{PinFrame, PinReader};

/// How often a waiting prompt looks whether it was cancelled. Only while one is open.
const LOOK: Duration = Duration::from_millis(200);

/// One prompt.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Waiting,
    Typed([Option<PinFrame>; 2]),
    Over,
}

impl Intake {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops waiting; wipes what was typed.
    pub(crate) fn cancel(&self) {
        *self.lock() = State::Over;
    }

    /// Whether nothing is to be expected any more.
    pub(crate) fn is_over(&self) -> bool {
        matches!(*self.lock(), State::Over)
    }

    /// What was typed, once.
    pub(crate) fn take(&self) -> [Option<PinFrame>; 2] {
        match std::mem::replace(&mut *self.lock(), State::Over) {
            State::Typed(frames) => frames,
            State::Waiting | State::Over => [None, None],
        }
    }

    fn typed(&self, frames: [Option<PinFrame>; 2]) -> bool {
        let mut state = self.lock();
        let waiting = matches!(*state, State::Waiting);
        if waiting {
            *state = State::Typed(frames);
        }
        waiting
    }
}

/// Waits for one or two frames. `false`: none came, in time or at all.
pub(crate) fn take_in(intake: &Intake, descriptor: &OwnedFd, frames: u8, wait: Duration) -> bool {
    if let Err(errno) = rustix::io::ioctl_fionbio(descriptor, true) {
        log::warn!("cannot wait for the PIN: {errno}");
        return end(intake);
    }
    let mut left = wait;
    let mut next = || receive(intake, descriptor, &mut left);
    let Some(first) = next() else { return end(intake) };
    let second = if frames == 2 { next() } else { None };
    if frames == 2 && second.is_none() {
        return end(intake);
    }
    intake.typed([Some(first), second])
}

fn end(intake: &Intake) -> bool {
    intake.cancel();
    false
}

/// Looks again and again until a frame is whole. A client that sends half of one holds nobody up beyond the time it has.
fn receive(intake: &Intake, descriptor: &OwnedFd, left: &mut Duration) -> Option<PinFrame> {
    let slice = Timespec { tv_sec: 0, tv_nsec: i64::from(LOOK.subsec_nanos()) };
    let mut reader = PinReader::default();
    while !left.is_zero() && !intake.is_over() {
        match poll(&mut [PollFd::from_borrowed_fd(descriptor.as_fd(), PollFlags::IN)], Some(&slice)) {
            Ok(0) => *left = left.saturating_sub(LOOK),
            Ok(_) => match reader.read(descriptor) {
                Ok(Some(frame)) => return Some(frame),
                Ok(None) => {}
                Err(error) => {
                    log::info!("{error}");
                    return None;
                }
            },
            Err(Errno::INTR) => {}
            Err(errno) => {
                log::warn!("cannot wait for the PIN: {errno}");
                return None;
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    fn pair() -> (UnixStream, OwnedFd) {
        let (client, worker) = UnixStream::pair().unwrap();
        (client, worker.into())
    }

    #[test]
    fn a_pin_is_taken_once() {
        let (client, worker) = pair();
        PinFrame::new(b"246813").unwrap().send(&client).unwrap();
        let intake = Intake::default();
        assert!(take_in(&intake, &worker, 1, Duration::from_secs(9)));
        assert_eq!(intake.take()[0].as_ref().unwrap().expose(), b"246813");
        assert!(intake.take()[0].is_none());
    }

    #[test]
    fn a_closed_or_cancelled_prompt_brings_nothing() {
        let (client, worker) = pair();
        drop(client);
        assert!(!take_in(&Intake::default(), &worker, 1, Duration::from_secs(9)));
        let (_client, worker) = pair();
        let intake = Intake::default();
        intake.cancel();
        assert!(!take_in(&intake, &worker, 1, Duration::from_secs(9)));
    }

    #[test]
    fn half_a_frame_holds_nobody_up_beyond_the_time_it_has() {
        let (client, worker) = pair();
        rustix::io::write(&client, b"PIN1").unwrap();
        assert!(!take_in(&Intake::default(), &worker, 1, Duration::from_millis(400)));
        let intake = Intake::default();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for piece in [&b"PIN1\x06246"[..], b"813\xff\xff\0\0\0"] {
                    std::thread::sleep(Duration::from_millis(50));
                    rustix::io::write(&client, piece).unwrap();
                }
            });
            let (_, worker) = (&client, worker.try_clone().unwrap());
            let _ = rustix::io::read(&worker, &mut [0; 4]);
            assert!(take_in(&intake, &worker, 1, Duration::from_secs(9)));
        });
        assert_eq!(intake.take()[0].as_ref().unwrap().expose(), b"246813");
    }

    #[test]
    fn a_change_of_pin_takes_two() {
        let (client, worker) = pair();
        PinFrame::new(b"246813").unwrap().send(&client).unwrap();
        PinFrame::new(b"135790").unwrap().send(&client).unwrap();
        let intake = Intake::default();
        assert!(take_in(&intake, &worker, 2, Duration::from_secs(9)));
        assert_eq!(intake.take()[1].as_ref().unwrap().expose(), b"135790");
    }
}
