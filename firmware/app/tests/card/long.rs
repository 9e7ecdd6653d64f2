//! Objects too long for one short command or answer (§C4, §C5, §C9).

use heapless::Vec as Fixed;
use sekisho_card_app::OBJECT_MAX;
use sekisho_wire::apdu::Command;
use sekisho_wire::piv::{Object, TAG_DATA};
use sekisho_wire::status::Status;
use sekisho_wire::tlv::{self, Writer};

use crate::session::Session;

/// Lengths on both sides of every border: of a block, of a length byte, of the memory.
const LENGTHS: [usize; 9] = [1, 127, 128, 245, 246, 255, 256, 1500, OBJECT_MAX];

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place % 251) as u8).collect()
}

fn put_data(content: &[u8]) -> Fixed<u8, 4096> {
    let mut data = Fixed::new();
    Object::Grant.write_tag_list(&mut data).unwrap();
    Writer::new(&mut data).object(TAG_DATA, content).unwrap();
    data
}

fn put_short(card: &mut Session, data: &[u8]) -> Status {
    let mut last = Status::OK;
    for block in Command::new(0x00, 0xDB, 0x3F, 0xFF).with_data(data).chain() {
        let mut bytes = Fixed::<u8, 261>::new();
        block.encode_short(&mut bytes).unwrap();
        last = card.raw(&bytes).1;
        if block.is_chained() {
            assert_eq!(last, Status::OK);
        }
    }
    last
}

fn read_short(card: &mut Session) -> Vec<u8> {
    let (mut data, mut status) = card.raw(&[0x00, 0xCB, 0x3F, 0xFF, 0x05, 0x5C, 0x03, 0x5F, 0xC1, 0x20, 0x00]);
    while let Some(waiting) = status.bytes_waiting() {
        let mut bytes = Fixed::<u8, 8>::new();
        Command::get_response(waiting).encode_short(&mut bytes).unwrap();
        let (more, next) = card.raw(&bytes);
        assert_eq!(more.len(), usize::from(waiting));
        data.extend(more);
        status = next;
    }
    assert_eq!(status, Status::OK);
    data
}

fn read_extended(card: &mut Session) -> Vec<u8> {
    let (data, status) = card.say(0xCB, 0x3F, 0xFF, &[0x5C, 0x03, 0x5F, 0xC1, 0x20]);
    assert_eq!(status, Status::OK);
    data
}

#[test]
fn long_objects_come_back_whole_whichever_way_they_went() {
    let mut card = Session::blank();
    card.manage_factory();
    for length in LENGTHS {
        let content = content(length);
        assert_eq!(put_short(&mut card, &put_data(&content)), Status::OK, "{length}");
        assert_eq!(tlv::only(&read_short(&mut card), TAG_DATA), Ok(&content[..]));
        assert_eq!(tlv::only(&read_extended(&mut card), TAG_DATA), Ok(&content[..]));
        assert_eq!(put_short(&mut card, &put_data(&[])), Status::OK);
        assert_eq!(card.say(0xDB, 0x3F, 0xFF, &put_data(&content)).1, Status::OK, "{length}");
        assert_eq!(tlv::only(&read_short(&mut card), TAG_DATA), Ok(&content[..]));
    }
}

#[test]
fn an_object_that_does_not_fit_leaves_the_old_one() {
    let mut card = Session::blank();
    card.manage_factory();
    assert_eq!(put_short(&mut card, &put_data(&[1, 2])), Status::OK);
    let data = put_data(&content(OBJECT_MAX + 1));
    assert_eq!(put_short(&mut card, &data), Status::NOT_ENOUGH_MEMORY);
    assert_eq!(card.say(0xDB, 0x3F, 0xFF, &data).1, Status::NOT_ENOUGH_MEMORY);
    assert_eq!(read_short(&mut card), [0x53, 2, 1, 2]);
}

#[test]
fn a_chain_without_end_is_cut_off() {
    let mut card = Session::blank();
    let mut block = vec![0x10, 0xDB, 0x3F, 0xFF, 0xFF];
    block.extend([0; 255]);
    let refused = (0..20).find(|_| card.raw(&block).1 != Status::OK);
    assert_eq!(refused, Some(12), "3072 bytes and no more");
    assert_eq!(card.raw(&[0x00, 0xCB, 0x3F, 0xFF, 0x03, 0x5C, 0x01, 0x7E, 0x00]).1, Status::OK);
}

#[test]
fn nothing_that_passes_through_shows_in_debug() {
    let mut card = Session::blank();
    assert_eq!(card.raw(&[0x10, 0x20, 0x00, 0x80, 0x04, b'9', b'1', b'8', b'2']).1, Status::OK);
    let text = format!("{:?}", card.0);
    assert!(text.contains("Exchange(in=4 out=0 sent=0)"), "{text}");
}
