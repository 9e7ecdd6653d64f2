//! A short way to say what a host says.

use aes::Aes256;
use aes::cipher::{BlockDecrypt, BlockEncrypt, KeyInit};
use heapless::Vec as Fixed;
use sekisho_card_app::{ANSWER_MAX, COMMAND_MAX, Card, FACTORY_MANAGEMENT_KEY};
use sekisho_wire::apdu::{Answer, Command};
use sekisho_wire::piv::{TAG_AUTHENTICATION, TAG_CHALLENGE, TAG_RESPONSE, TAG_WITNESS};
use sekisho_wire::status::Status;
use sekisho_wire::tlv::{self, Tag, Writer};

use crate::powered::Powered;

pub(crate) const PIN: &[u8; 8] = b"123456\xFF\xFF";
pub(crate) const PUK: &[u8; 8] = b"12345678";
pub(crate) const WRONG: &[u8; 8] = b"493717\xFF\xFF";
pub(crate) const NEW: &[u8; 8] = b"493716\xFF\xFF";

/// A card, and what one says to it.
pub(crate) struct Session(pub(crate) Card<Powered>);

/// Data and status of an answer.
pub(crate) type Said = (Vec<u8>, Status);

impl Session {
    pub(crate) fn blank() -> Self {
        Self(Card::manufacture(Powered::erased(), [1, 2, 3, 4]).unwrap())
    }

    pub(crate) fn with(platform: Powered) -> Self {
        Self(Card::new(platform))
    }

    /// Power gone, power back, on the same flash.
    pub(crate) fn restart(self) -> Self {
        Self(Card::new(self.0.into_platform().restored()))
    }

    /// What is on the flash.
    pub(crate) fn image(&mut self) -> Vec<u8> {
        self.0.platform().image()
    }

    pub(crate) fn raw(&mut self, command: &[u8]) -> Said {
        let mut reply = Fixed::<u8, ANSWER_MAX>::new();
        self.0.handle(command, &mut reply);
        let answer = Answer::parse(&reply).unwrap();
        (answer.data.to_vec(), answer.status)
    }

    pub(crate) fn say(&mut self, instruction: u8, p1: u8, p2: u8, data: &[u8]) -> Said {
        let mut bytes = Fixed::<u8, COMMAND_MAX>::new();
        let command = Command::new(0, instruction, p1, p2).with_data(data).with_le(65536);
        command.encode_extended(&mut bytes).unwrap();
        self.raw(&bytes)
    }

    pub(crate) fn verify(&mut self, pin: &[u8]) -> Status {
        self.say(0x20, 0x00, 0x80, pin).1
    }

    pub(crate) fn pin_status(&mut self) -> Status {
        self.raw(&[0x00, 0x20, 0x00, 0x80]).1
    }

    pub(crate) fn puk_left(&mut self) -> u8 {
        let (metadata, status) = self.say(0xF7, 0x00, 0x81, &[]);
        assert_eq!(status, Status::OK);
        tlv::require(&metadata, Tag(0x06)).unwrap()[1]
    }

    pub(crate) fn reference(&mut self, instruction: u8, p2: u8, old: &[u8], new: &[u8]) -> Status {
        self.say(instruction, 0x00, p2, &[old, new].concat()).1
    }

    pub(crate) fn authenticate(&mut self, algorithm: u8, key: u8, parts: &[(Tag, &[u8])]) -> Said {
        let mut data = Fixed::<u8, 256>::new();
        Writer::new(&mut data)
            .nest(TAG_AUTHENTICATION, |inner| {
                parts.iter().try_for_each(|(tag, value)| inner.object(*tag, value).map(|_| ()))
            })
            .unwrap();
        self.say(0x87, algorithm, key, &data)
    }

    pub(crate) fn sign(&mut self, slot: u8, digest: &[u8]) -> Said {
        self.authenticate(0x11, slot, &[(TAG_RESPONSE, &[]), (TAG_CHALLENGE, digest)])
    }

    pub(crate) fn generate(&mut self, slot: u8) -> Said {
        self.say(0x47, 0x00, slot, &[0xAC, 0x03, 0x80, 0x01, 0x11])
    }

    pub(crate) fn witness(&mut self) -> [u8; 16] {
        let (data, status) = self.authenticate(0x0C, 0x9B, &[(TAG_WITNESS, &[])]);
        assert_eq!(status, Status::OK);
        part(&data, TAG_WITNESS)
    }

    pub(crate) fn challenge(&mut self) -> [u8; 16] {
        let (data, status) = self.authenticate(0x0C, 0x9B, &[(TAG_CHALLENGE, &[])]);
        assert_eq!(status, Status::OK);
        part(&data, TAG_CHALLENGE)
    }

    /// Mutual authentication of 9B.
    pub(crate) fn manage(&mut self, key: &[u8; 32]) -> Status {
        let witness = decrypt(key, self.witness());
        let challenge = [7; 16];
        let (data, status) = self.authenticate(0x0C, 0x9B, &[(TAG_WITNESS, &witness), (TAG_CHALLENGE, &challenge)]);
        if status.is_ok() {
            assert_eq!(part(&data, TAG_RESPONSE), encrypt(key, challenge));
        }
        status
    }

    pub(crate) fn manage_factory(&mut self) {
        assert_eq!(self.manage(&FACTORY_MANAGEMENT_KEY), Status::OK);
    }

    /// Whether the card now lets an issuer write.
    pub(crate) fn is_managed(&mut self) -> bool {
        let (_, status) = self.say(0xDB, 0x3F, 0xFF, &[0x5C, 0x03, 0x5F, 0xC1, 0x07, 0x53, 0x01, 0x00]);
        assert!(status == Status::OK || status == Status::SECURITY_STATUS_NOT_SATISFIED, "{status}");
        status.is_ok()
    }
}

fn part(data: &[u8], tag: Tag) -> [u8; 16] {
    tlv::require(tlv::only(data, TAG_AUTHENTICATION).unwrap(), tag).unwrap().try_into().unwrap()
}

pub(crate) fn encrypt(key: &[u8; 32], block: [u8; 16]) -> [u8; 16] {
    let mut block = block.into();
    Aes256::new(key.into()).encrypt_block(&mut block);
    block.into()
}

pub(crate) fn decrypt(key: &[u8; 32], block: [u8; 16]) -> [u8; 16] {
    let mut block = block.into();
    Aes256::new(key.into()).decrypt_block(&mut block);
    block.into()
}
