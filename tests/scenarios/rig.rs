//! The rig itself: a private pcscd is private, a virtual card is a card to strangers.

use std::process::Command;

use sekisho_tests::pcscd::Pcscd;
use sekisho_tests::scratch::Scratch;
use sekisho_tests::virtual_card::VirtualCard;
use sekisho_tests::wait;

fn readers(pcscd: &Pcscd) -> String {
    let output = Command::new("opensc-tool").arg("-l").env("PCSCLITE_CSOCK_NAME", pcscd.socket()).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_virtual_card_is_a_piv_card_to_strangers() {
    let scratch = Scratch::new("rig");
    let pcscd = Pcscd::start(&scratch.folder("pcscd"), 2);
    let mut card = VirtualCard::blank(scratch.path(), "card");
    card.insert(&pcscd, 1);
    wait::until("the card in the second slot", || {
        readers(&pcscd).lines().any(|line| line.contains("Yes") && line.contains(&pcscd.reader(1))).then_some(())
    });
    let mut opensc = Command::new("opensc-tool");
    opensc.args(["-n", "-r", &pcscd.reader(1)]).env("PCSCLITE_CSOCK_NAME", pcscd.socket());
    let output = opensc.output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("PIV") || said.contains("Personal Identity Verification"), "{said}");
    card.pull();
    wait::until("an empty slot", || readers(&pcscd).lines().all(|line| !line.contains("Yes")).then_some(()));
}
