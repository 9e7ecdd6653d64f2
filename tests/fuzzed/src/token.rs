//! The token's reader before a host that sends any packet at any time.

use sekisho_card_app::ATR;

use crate::ccid::{Ccid, Order, PACKET_MAX, Ticket};
use crate::script::Script;

/// More packets than the longest answer takes.
const PACKETS: usize = 100;

/// Whatever comes over the bus, the reader does not panic and sends no packet that is too long; a host that begins anew is served.
pub fn token(bytes: &[u8]) {
    let mut script = Script(bytes);
    let mut reader = Ccid::default();
    let mut working = None;
    while step(&mut reader, &mut working, &mut script).is_some() {}
    reader.bus_reset();
    let (ticket, order) = reader.take_order().expect("the card loses its power with the bus");
    assert_eq!(order, Order::PowerOff);
    reader.done(ticket, &[]);
    reader.receive(&[0x62, 0, 0, 0, 0, 0, 7, 0, 0, 0]);
    let (ticket, order) = reader.take_order().expect("power on is an order");
    assert_eq!(order, Order::Reset);
    reader.done(ticket, &[]);
    let answer = reader.outgoing().expect("an answer");
    assert!(answer[0] == 0x80 && answer[6] == 7 && answer[10..] == ATR, "{answer:02X?}");
}

fn step(reader: &mut Ccid, working: &mut Option<Ticket>, script: &mut Script<'_>) -> Option<()> {
    match script.byte()? % 8 {
        0 | 1 => {
            let packet = script.piece()?;
            reader.receive(packet.get(..PACKET_MAX).unwrap_or(packet));
        }
        2 => {
            // A message of full packets, as long as its header says or a little beside it.
            let (length, cut) = (script.number()? % 4096, usize::from(script.byte()?));
            let mut message = vec![0x6F];
            message.extend(u32::try_from(length).expect("two bytes").to_le_bytes());
            message.extend([0, 1, 0, 0, 0]);
            message.resize((length + 10).saturating_sub(cut), 0x5A);
            message.chunks(PACKET_MAX).for_each(|packet| reader.receive(packet));
        }
        3 => reader.abort(script.byte()?),
        4 => reader.bus_reset(),
        5 => *working = reader.take_order().map(|(ticket, _)| ticket).or(*working),
        6 => {
            let answer = vec![0x5A; script.number()? % 4096];
            let _ = reader.time_extension();
            if let Some(ticket) = *working {
                reader.done(ticket, &answer);
            }
        }
        _ => {
            for packet in 0.. {
                let Some(outgoing) = reader.outgoing() else { break };
                assert!(outgoing.len() <= PACKET_MAX && packet < PACKETS, "an answer without end");
                reader.sent();
            }
        }
    }
    Some(())
}
