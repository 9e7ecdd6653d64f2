//! The conversations of `firmware/app/tests/conversations` with cards that are processes: the simulator, and the image of the chip in QEMU.

use sekisho_card::{Disposition, Transaction, Transport};
use sekisho_simulator::{Memory, SimulatedCard};
use sekisho_tests::bare_reader::{BareCard, BareReader};
use sekisho_tests::binaries::checkout;
use sekisho_tests::scratch::Scratch;
use sekisho_tests::virtual_card::{Body, VirtualCard};

use crate::talk::{Listener, replay};

/// The serial number that the conversations know.
const SERIAL: [u8; 4] = [1, 2, 3, 4];

impl Listener for BareCard {
    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        self.transmit(command).unwrap()
    }

    fn reset(&mut self) {
        self.begin().unwrap().end(Disposition::Reset).unwrap();
    }
}

fn hold_all(body: Body) {
    let scratch = Scratch::new("talk");
    let reader = BareReader::listen();
    let mut compared = 0;
    for entry in std::fs::read_dir(checkout().join("firmware/app/tests/conversations")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let mut card = VirtualCard::blank(scratch.path(), &name);
        drop(SimulatedCard::blank(Memory::open(card.state()).unwrap(), SERIAL).unwrap());
        card.embody(body);
        card.join(&reader.address());
        compared += replay(&mut reader.card(), &std::fs::read_to_string(&path).unwrap(), &name);
    }
    assert!(compared > 300, "only {compared} answers were compared");
}

#[test]
fn the_simulator_holds_every_conversation_as_written() {
    hold_all(Body::Simulator);
}

#[test]
fn the_chip_holds_every_conversation_as_written() {
    hold_all(Body::Chip);
}

#[test]
fn the_chip_with_assembly_holds_every_conversation_as_written() {
    hold_all(Body::ChipAssembly);
}
