//! The reader without its bus: packets in, packets out, and what the card is to do. No packet makes it panic.

use heapless::Vec;
use sekisho_card_app::{ANSWER_MAX, ATR};
use zeroize::Zeroize;

use crate::message::{Failure, HEADER, Outcome, PARAMETERS, Power, Reply, Request, T1, header};

/// A full-speed bulk packet (USB 2.0, 5.8.3).
pub const PACKET_MAX: usize = 64;
/// The longest message: a command or an answer of the card, and its header.
pub(crate) const MESSAGE_MAX: usize = HEADER + ANSWER_MAX;

/// What the card is to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Order<'a> {
    /// Power comes or comes anew: forget everything volatile.
    Reset,
    /// Power goes.
    PowerOff,
    /// A command APDU.
    Apdu(&'a [u8]),
}

/// Says which order an answer belongs to: one that was aborted is answered too late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u32);

/// The one slot of the reader.
#[derive(Default)]
pub(crate) struct Ccid {
    /// The message on its way in or out, or the command that the card works at. Wiped after use: PINs pass through here.
    message: Vec<u8, MESSAGE_MAX>,
    state: State,
    power: Power,
    /// ABORT came on the control pipe and not yet on the bulk pipe, with this sequence number (5.3.1).
    aborting: Option<u8>,
    orders: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// A message is coming in.
    #[default]
    Receiving,
    /// One is coming in that is longer than any that we take: so many bytes are still to come.
    Skipping { left: usize },
    /// The card is to do something, or at it.
    Working { work: Work, taken: Taken },
    /// An answer goes out: so many bytes have left.
    Sending { sent: usize },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Reset,
    PowerOff,
    Apdu,
    /// The bus went away; nobody waits for an answer.
    Silent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    No,
    Yes,
}

impl core::fmt::Debug for Ccid {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Ccid({:?}, {} bytes)", self.state, self.message.len())
    }
}

impl Ccid {
    /// The bus was reset or the token unplugged: the card loses its power.
    pub(crate) fn bus_reset(&mut self) {
        self.forget_message();
        self.aborting = None;
        self.power = Power::Off;
        self.order(Work::Silent);
    }

    /// A packet from the host.
    pub(crate) fn receive(&mut self, packet: &[u8]) {
        match self.state {
            State::Receiving => self.collect(packet),
            State::Skipping { left } => {
                let left = left.saturating_sub(packet.len());
                if left == 0 || packet.len() < PACKET_MAX {
                    // The length is what was wrong with it.
                    self.fail(Reply::SlotStatus, Failure::Byte(1));
                } else {
                    self.state = State::Skipping { left };
                }
            }
            // One command at a time (bMaxCCIDBusySlots). The only one that may come meanwhile is the second half of an abort.
            State::Working { .. } | State::Sending { .. } => self.interrupt(packet),
        }
    }

    fn collect(&mut self, packet: &[u8]) {
        if self.message.extend_from_slice(packet).is_err() {
            self.forget_message();
            return;
        }
        let Some(expected) = self.expected() else {
            // Shorter than a header, and nothing follows a short packet.
            self.forget_message();
            return;
        };
        if expected > MESSAGE_MAX {
            self.state = State::Skipping { left: expected.saturating_sub(self.message.len()) };
        } else if self.message.len() >= expected {
            self.message.truncate(expected);
            self.obey();
        } else if packet.len() < PACKET_MAX {
            self.fail(Reply::SlotStatus, Failure::Byte(1));
        }
    }

    /// How long the message says that it is.
    fn expected(&self) -> Option<usize> {
        let length: [u8; 4] = self.message.get(1..5)?.try_into().ok()?;
        self.message.get(..HEADER)?;
        usize::try_from(u32::from_le_bytes(length)).ok()?.checked_add(HEADER)
    }

    fn obey(&mut self) {
        let request = self.message.first().copied().map_or(Request::Other, Request::from_byte);
        if let Some(sequence) = self.aborting {
            if request == Request::Abort && self.message.get(6) == Some(&sequence) {
                self.aborting = None;
                self.answer(Reply::SlotStatus, &[], Outcome::Done, 0);
            } else {
                self.fail(Reply::SlotStatus, Failure::Aborted);
            }
            return;
        }
        if self.message.get(5) != Some(&0) {
            return self.fail(Reply::SlotStatus, Failure::Byte(5));
        }
        match request {
            Request::PowerOn => self.order(Work::Reset),
            Request::PowerOff => self.order(Work::PowerOff),
            Request::SlotStatus => self.answer(Reply::SlotStatus, &[], Outcome::Done, 0),
            Request::Transfer => self.transfer(),
            Request::Parameters => self.answer(Reply::Parameters, &PARAMETERS, Outcome::Done, T1),
            // Its first half has not come on the control pipe.
            Request::Abort | Request::Other => self.fail(Reply::SlotStatus, Failure::NotSupported),
        }
    }

    fn transfer(&mut self) {
        if self.power == Power::Off {
            return self.fail(Reply::DataBlock, Failure::Byte(0));
        }
        // wLevelParameter: a command longer than a message would come in a chain, and no card takes one so long.
        if self.message.get(8..10) != Some(&[0, 0]) {
            return self.fail(Reply::DataBlock, Failure::Byte(8));
        }
        self.order(Work::Apdu);
    }

    fn order(&mut self, work: Work) {
        self.orders = self.orders.wrapping_add(1);
        self.state = State::Working { work, taken: Taken::No };
    }

    /// What comes while the card works or an answer goes out. The answer of what is interrupted is lost; libccid sends nothing of the kind.
    fn interrupt(&mut self, packet: &[u8]) {
        let sequence = packet.get(6).copied();
        let matches = self.aborting.is_some() && self.aborting == sequence;
        let abort = packet.first().copied().map(Request::from_byte) == Some(Request::Abort);
        self.forget_message();
        self.orders = self.orders.wrapping_add(1);
        // The header is what the answer goes by.
        let _ = self.message.extend_from_slice(packet.get(..HEADER).unwrap_or_default());
        if abort && matches {
            self.aborting = None;
            self.answer(Reply::SlotStatus, &[], Outcome::Done, 0);
        } else {
            self.fail(Reply::SlotStatus, Failure::Busy);
        }
    }

    /// ABORT on the control pipe: whatever runs is given up, and everything is refused until ABORT has come on the bulk pipe too.
    pub(crate) fn abort(&mut self, sequence: u8) {
        self.aborting = Some(sequence);
        self.orders = self.orders.wrapping_add(1);
        self.forget_message();
        self.state = State::Receiving;
    }

    /// What the card is to do now, once.
    pub(crate) fn take_order(&mut self) -> Option<(Ticket, Order<'_>)> {
        let State::Working { work, taken: Taken::No } = self.state else { return None };
        self.state = State::Working { work, taken: Taken::Yes };
        let order = match work {
            Work::Reset => Order::Reset,
            Work::PowerOff | Work::Silent => Order::PowerOff,
            Work::Apdu => Order::Apdu(self.message.get(HEADER..).unwrap_or_default()),
        };
        Some((Ticket(self.orders), order))
    }

    /// The card has done it; its answer, if it gave one. Too late after an abort: then nobody hears it.
    pub(crate) fn done(&mut self, Ticket(ticket): Ticket, answer: &[u8]) {
        let State::Working { work, taken: Taken::Yes } = self.state else { return };
        if ticket != self.orders {
            return;
        }
        match work {
            Work::Reset => {
                self.power = Power::On;
                self.answer(Reply::DataBlock, &ATR, Outcome::Done, 0);
            }
            Work::PowerOff => {
                self.power = Power::Off;
                self.answer(Reply::SlotStatus, &[], Outcome::Done, 0);
            }
            Work::Apdu => self.answer(Reply::DataBlock, answer, Outcome::Done, 0),
            Work::Silent => self.state = State::Receiving,
        }
    }

    /// Whether the host waits for the card.
    pub(crate) fn is_working(&self) -> bool {
        matches!(self.state, State::Working { work: Work::Reset | Work::PowerOff | Work::Apdu, taken: Taken::Yes })
    }

    /// What to tell a host that has waited long: it takes longer (6.2.6). Not an answer; the command goes on.
    pub(crate) fn time_extension(&self) -> Option<[u8; HEADER]> {
        let place = self.place();
        self.is_working().then(|| header(Reply::DataBlock, 0, place, self.power, Outcome::TimeExtension(1), 0))
    }

    /// The next packet for the host; empty where the message ends with a full one.
    pub(crate) fn outgoing(&self) -> Option<&[u8]> {
        let State::Sending { sent } = self.state else { return None };
        let rest = self.message.get(sent..).unwrap_or_default();
        Some(rest.get(..PACKET_MAX).unwrap_or(rest))
    }

    /// The packet of [`Self::outgoing`] has been taken by the bus.
    pub(crate) fn sent(&mut self) {
        let State::Sending { sent } = self.state else { return };
        let left = self.message.len().saturating_sub(sent);
        if left < PACKET_MAX {
            self.forget_message();
            self.state = State::Receiving;
        } else {
            self.state = State::Sending { sent: sent.saturating_add(PACKET_MAX) };
        }
    }

    fn fail(&mut self, reply: Reply, failure: Failure) {
        self.answer(reply, &[], Outcome::Failed(failure), 0);
    }

    fn answer(&mut self, reply: Reply, data: &[u8], outcome: Outcome, last: u8) {
        let place = self.place();
        self.forget_message();
        let head = header(reply, data.len(), place, self.power, outcome, last);
        if self.message.extend_from_slice(&head).and_then(|()| self.message.extend_from_slice(data)).is_err() {
            // Longer than the card can answer: only a board that hands over something else gets here.
            self.forget_message();
            let _ =
                self.message.extend_from_slice(&header(reply, 0, place, self.power, Outcome::Failed(Failure::Busy), 0));
        }
        self.state = State::Sending { sent: 0 };
    }

    /// Slot and sequence number of the message that is being dealt with.
    fn place(&self) -> (u8, u8) {
        (self.message.get(5).copied().unwrap_or(0), self.message.get(6).copied().unwrap_or(0))
    }

    fn forget_message(&mut self) {
        self.message.as_mut_slice().zeroize();
        self.message.clear();
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::vec;
    use std::vec::Vec;

    /// A reader and the host's side of its bulk pipes.
    #[derive(Default)]
    struct Host(Ccid);

    impl Host {
        fn message(kind: u8, sequence: u8, last: [u8; 3], data: &[u8]) -> Vec<u8> {
            let mut message = vec![kind];
            message.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
            message.extend([0, sequence]);
            message.extend(last);
            message.extend(data);
            message
        }

        fn send(&mut self, message: &[u8]) {
            message.chunks(PACKET_MAX).for_each(|packet| self.0.receive(packet));
        }

        /// The answer, as a host reads it: up to the first packet that is not full.
        fn read(&mut self) -> Option<Vec<u8>> {
            let mut answer = Vec::new();
            loop {
                let packet = self.0.outgoing()?.to_vec();
                self.0.sent();
                answer.extend(&packet);
                if packet.len() < PACKET_MAX {
                    return Some(answer);
                }
            }
        }

        fn ask(&mut self, kind: u8, sequence: u8, data: &[u8]) -> Vec<u8> {
            self.send(&Self::message(kind, sequence, [0; 3], data));
            self.serve(|apdu| apdu.iter().rev().copied().collect());
            self.read().expect("an answer")
        }

        fn serve(&mut self, card: impl Fn(&[u8]) -> Vec<u8>) {
            if let Some((ticket, order)) = self.0.take_order() {
                let answer = if let Order::Apdu(apdu) = order { card(apdu) } else { Vec::new() };
                self.0.done(ticket, &answer);
            }
        }
    }

    fn powered() -> Host {
        let mut host = Host::default();
        let answer = host.ask(0x62, 1, &[]);
        assert_eq!(answer[..10], [0x80, 18, 0, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(answer[10..], ATR);
        host
    }

    #[test]
    fn every_length_comes_back_whole_and_ends_with_a_packet_that_is_not_full() {
        let mut host = powered();
        for length in (0..400).chain([1000, 1014, 1015, 3000, ANSWER_MAX]) {
            let data: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let answer = host.ask(0x6F, 7, &data);
            assert_eq!(answer[0], 0x80);
            assert_eq!(answer[6], 7);
            assert_eq!(answer[10..], data.iter().rev().copied().collect::<Vec<_>>()[..], "{length}");
        }
    }

    #[test]
    fn power_is_told_to_the_card_and_a_card_without_power_gets_no_apdu() {
        let mut host = Host::default();
        assert_eq!(host.ask(0x65, 1, &[])[7..10], [1, 0, 0], "inactive");
        assert_eq!(host.ask(0x6F, 2, &[0, 1, 2, 3])[7], 0x41, "failed, inactive");
        host.send(&Host::message(0x62, 3, [0; 3], &[]));
        let (ticket, order) = host.0.take_order().unwrap();
        assert_eq!(order, Order::Reset);
        assert!(host.0.take_order().is_none(), "an order is given once");
        host.0.done(ticket, &[]);
        assert!(host.read().is_some());
        assert_eq!(host.ask(0x65, 4, &[])[7], 0, "active");
        host.send(&Host::message(0x63, 5, [0; 3], &[]));
        let (ticket, order) = host.0.take_order().unwrap();
        assert_eq!(order, Order::PowerOff);
        host.0.done(ticket, &[]);
        assert_eq!(host.read().unwrap()[..8], [0x81, 0, 0, 0, 0, 0, 5, 1]);
    }

    #[test]
    fn a_bus_reset_takes_the_power_whatever_the_card_was_at() {
        let mut host = powered();
        host.send(&Host::message(0x6F, 9, [0; 3], &[0; 5]));
        let (late, _) = host.0.take_order().unwrap();
        host.0.bus_reset();
        host.0.done(late, &[0x90, 0x00]);
        assert_eq!(host.0.outgoing(), None, "nobody is there to hear it");
        let (ticket, order) = host.0.take_order().unwrap();
        assert_eq!(order, Order::PowerOff);
        host.0.done(ticket, &[]);
        assert_eq!(host.0.outgoing(), None);
        assert_eq!(host.ask(0x65, 1, &[])[7], 1, "inactive");
    }

    #[test]
    fn an_abort_has_two_halves_and_ends_what_runs() {
        let mut host = powered();
        host.send(&Host::message(0x6F, 9, [0; 3], &[0; 5]));
        let (late, _) = host.0.take_order().unwrap();
        host.0.abort(10);
        assert_eq!(host.ask(0x65, 11, &[])[7..9], [0x40, 0xFF], "refused until the second half");
        assert_eq!(host.ask(0x72, 10, &[])[..9], [0x81, 0, 0, 0, 0, 0, 10, 0, 0]);
        host.0.done(late, &[0x90, 0x00]);
        assert_eq!(host.0.outgoing(), None, "its answer comes too late");
        assert_eq!(host.ask(0x6F, 12, &[1, 2])[10..], [2, 1]);
        assert_eq!(host.ask(0x72, 13, &[])[7..9], [0x40, 0], "a second half without the first");
    }

    #[test]
    fn a_host_that_waits_hears_that_it_takes_longer() {
        let mut host = powered();
        assert_eq!(host.0.time_extension(), None);
        host.send(&Host::message(0x6F, 9, [0; 3], &[0; 5]));
        let (ticket, _) = host.0.take_order().unwrap();
        assert_eq!(host.0.time_extension(), Some([0x80, 0, 0, 0, 0, 0, 9, 0x80, 1, 0]));
        host.0.done(ticket, &[0x90, 0x00]);
        assert_eq!(host.0.time_extension(), None);
        assert_eq!(host.read().unwrap()[6..], [9, 0, 0, 0, 0x90, 0x00]);
    }

    #[test]
    fn what_the_reader_cannot_do_is_refused_and_the_next_command_works() {
        for (what, message, error) in [
            ("too long", Host::message(0x6F, 1, [0; 3], &vec![0; ANSWER_MAX + 1]), 1),
            ("shorter than it says", Host::message(0x6F, 1, [0; 3], &[0; 30])[..20].to_vec(), 1),
            ("in a chain", Host::message(0x6F, 1, [0, 1, 0], &[0; 4]), 8),
            ("a PIN pad", Host::message(0x69, 1, [0; 3], &[0; 4]), 0),
            (
                "another slot",
                {
                    let mut message = Host::message(0x65, 1, [0; 3], &[]);
                    message[5] = 1;
                    message
                },
                5,
            ),
        ] {
            let mut host = powered();
            host.send(&message);
            assert_eq!(host.0.take_order(), None, "{what}");
            let answer = host.read().expect(what);
            assert_eq!((answer[7] & 0xC0, answer[8]), (0x40, error), "{what}");
            assert_eq!(host.ask(0x6F, 2, &[1, 2])[10..], [2, 1], "{what}");
        }
    }

    #[test]
    fn a_second_command_before_the_answer_gets_busy() {
        let mut host = powered();
        host.send(&Host::message(0x6F, 9, [0; 3], &[0; 5]));
        let (late, _) = host.0.take_order().unwrap();
        host.send(&Host::message(0x65, 10, [0; 3], &[]));
        assert_eq!(host.read().unwrap()[6..9], [10, 0x40, 0xE0]);
        host.0.done(late, &[0x90, 0x00]);
        assert_eq!(host.0.outgoing(), None);
        assert_eq!(host.ask(0x6F, 11, &[1, 2])[10..], [2, 1]);
    }

    #[test]
    fn no_packets_make_it_panic_or_stick() {
        let mut dice = 0x9E37_79B9_u32;
        let mut roll = || {
            dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            dice >> 16
        };
        let mut host = powered();
        for round in 0..200_000 {
            let length = roll() as usize % (PACKET_MAX + 1);
            let mut packet: Vec<u8> = (0..length).map(|_| roll() as u8).collect();
            if let [kind, l0, l1, l2, l3, slot, ..] = packet.as_mut_slice() {
                *kind = [0x62, 0x63, 0x65, 0x6F, 0x6C, 0x72, 0x69, *kind][roll() as usize % 8];
                (*l1, *l2, *l3, *slot) = (*l1 % 16, 0, 0, *slot % 2);
                *l0 %= 80;
            }
            match roll() % 16 {
                0 => host.0.bus_reset(),
                1 => host.0.abort(roll() as u8 % 4),
                _ => host.0.receive(&packet),
            }
            if roll() % 2 == 0 {
                host.serve(|apdu| vec![0x6D; apdu.len() % 5]);
            }
            if roll() % 2 == 0 {
                while host.read().is_some() {}
            }
            if round % 1000 == 0 {
                // Whatever was, a bus that is reset and a host that behaves work together.
                host.0.bus_reset();
                host.serve(|_| vec![]);
                host.ask(0x62, 1, &[]);
                assert_eq!(host.ask(0x6F, 2, &[1, 2])[10..], [2, 1]);
            }
        }
    }
}
