//! Ordinary PIV clients with our card, on a real pcscd: each does its work, and openssl says whether it was done.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use sekisho_tests::binaries::checkout;
use sekisho_tests::foreign_card::{FOREIGN_PIN, personalise};
use sekisho_tests::ports::free_port;
use sekisho_tests::process::Process;
use sekisho_tests::reader::{Reader, Said, finish, pkcs11_module};

const SLOTS: [&str; 4] = ["9A", "9C", "9D", "9E"];
/// The factory's PIN and PUK (CARD.md §C21), and others.
const PIN: &str = "123456";
const PUK: &str = "12345678";
const NEW: &str = "493716";
const WRONG: &str = "888887";
const OTHER_PUK: &str = "73920461";
/// VERIFY that asks only.
const TRIES: &str = "00:20:00:80";
/// What stands before the point in the DER form of a P-256 public key (RFC 5480).
const BEFORE_POINT: &str = "3059301306072A8648CE3D020106082A8648CE3D030107034200";

/// What is signed.
fn write_message(reader: &Reader) {
    std::fs::write(reader.file("message"), "転入届\n").unwrap();
}

/// A certificate for the public key of a slot, by an authority of the story's own.
fn certify(reader: &Reader, slot: &str, public_key: &str) {
    if !reader.file("ca.pem").exists() {
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "ca.key"];
        reader.must(&[&["openssl", "req", "-x509", "-subj", "/CN=office", "-out", "ca.pem"], &key[..]].concat());
    }
    let from = ["-force_pubkey", public_key, "-CA", "ca.pem", "-CAkey", "ca.key", "-subj", &format!("/CN=card {slot}")];
    let out = ["-days", "30", "-out", &format!("{slot}.pem")];
    reader.must(&[&["openssl", "x509", "-new"], &from[..], &out[..]].concat());
    reader.must(&["openssl", "verify", "-CAfile", "ca.pem", &format!("{slot}.pem")]);
    let public = reader.must(&["openssl", "x509", "-in", &format!("{slot}.pem"), "-noout", "-pubkey"]);
    std::fs::write(reader.file(&format!("{slot}.pub.pem")), public).unwrap();
}

/// Whether `signature` is one of `message` under the key of this slot.
fn verifies(reader: &Reader, slot: &str, signature: &str) -> bool {
    let key = format!("{slot}.pub.pem");
    reader.run(&["openssl", "dgst", "-sha256", "-verify", &key, "-signature", signature, "message"]).well
}

/// `pkcs11-tool` with OpenSC's module, logged in.
fn pkcs11(reader: &Reader, pin: &str, line: &[&str]) -> Said {
    let module = pkcs11_module();
    reader.run(&[&["pkcs11-tool", "--module", &module, "--login", "--pin", pin], line].concat())
}

/// Signs with every slot that signs, digest by the host and by the module, and agrees on a key with 9D.
fn use_every_key(reader: &Reader, pin: &str) {
    reader.must(&["openssl", "dgst", "-sha256", "-binary", "-out", "digest", "message"]);
    for (slot, id) in [("9A", "01"), ("9C", "02"), ("9E", "04")] {
        for (mechanism, input) in [("ECDSA", "digest"), ("ECDSA-SHA256", "message")] {
            let signature = format!("{slot}.{mechanism}");
            let files = ["-i", input, "-o", &signature, "--signature-format", "openssl"];
            let said = pkcs11(reader, pin, &[&["--sign", "--id", id, "-m", mechanism], &files[..]].concat());
            assert!(said.well && verifies(reader, slot, &signature), "{slot} {mechanism}: {}", said.text);
        }
    }
    assert!(!verifies(reader, "9A", "9C.ECDSA"), "a signature is one of its own key only");
    reader.must(&["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "peer.key"]);
    reader.must(&["openssl", "ec", "-in", "peer.key", "-pubout", "-outform", "DER", "-out", "peer.der"]);
    let said = pkcs11(reader, pin, &["--derive", "-m", "ECDH1-DERIVE", "--id", "03", "-i", "peer.der", "-o", "shared"]);
    reader.must(&["openssl", "pkeyutl", "-derive", "-inkey", "peer.key", "-peerkey", "9D.pub.pem", "-out", "expected"]);
    let file = |name| std::fs::read(reader.file(name)).unwrap_or_default();
    assert!(file("expected").len() == 32 && file("shared") == file("expected"), "{}", said.text);
}

/// The public key of a slot out of GET METADATA, as a file for openssl.
fn public_key(reader: &Reader, slot: &str) -> String {
    let said = reader.must(&["opensc-tool", "-r", &reader.name(), "-s", &format!("00:F7:00:{slot}:00")]);
    let (_, dump) = said.split_once("):\n").unwrap();
    // Sixteen bytes a line, then the same as text.
    let digits: String = dump.lines().flat_map(|line| line.chars().take(48)).filter(|c| !c.is_whitespace()).collect();
    let point = digits.split_once("8641").expect("a point").1;
    let spelled = format!("{BEFORE_POINT}{point}");
    let der: Vec<u8> =
        (0..spelled.len()).step_by(2).map(|at| u8::from_str_radix(&spelled[at..at + 2], 16).unwrap()).collect();
    let file = format!("{slot}.der");
    std::fs::write(reader.file(&file), der).unwrap();
    file
}

#[test]
fn opensc_makes_keys_stores_certificates_and_uses_them() {
    let reader = Reader::with_card("opensc", |_| {});
    let name = reader.must(&["opensc-tool", "-r", &reader.name(), "-n"]);
    assert!(name.contains("Personal Identity Verification"), "{name}");
    std::fs::write(reader.file("9B.key"), ["01:02:03:04:05:06:07:08"; 4].join(":")).unwrap();
    // Its exit status counts bytes, and the key that it has made it cannot show: what counts is what lies on the card.
    let tool = |line: &[&str]| {
        let mut command = reader.command(&["piv-tool", "-r", "0", "-A", "M:9B:0C"]);
        finish(command.args(line).env("PIV_EXT_AUTH_KEY", reader.file("9B.key")))
    };
    let guid = "0F1E2D3C4B5A69788796A5B4C3D2E1F0";
    // With the FASC-N of who is no federal agency OpenSC takes the GUID for the serial number.
    let fasc_n = "D4E739DA739CED39CE739D836858210842108421C84210C3EB";
    let chuid = format!("533B3019{fasc_n}3410{guid}350832303331303430313E00FE00");
    let bytes = (0..chuid.len()).step_by(2).map(|at| u8::from_str_radix(&chuid[at..at + 2], 16).unwrap());
    std::fs::write(reader.file("chuid"), bytes.collect::<Vec<u8>>()).unwrap();
    tool(&["-O", "3000", "-i", "chuid"]);
    let serial = reader.run(&["piv-tool", "-r", "0", "--serial"]).text.replace(' ', "");
    assert!(serial.contains(guid), "{serial}");
    for (slot, id) in SLOTS.into_iter().zip(["01", "02", "03", "04"]) {
        tool(&["-G", &format!("{slot}:11")]);
        certify(&reader, slot, &public_key(&reader, slot));
        tool(&["-C", slot, "-i", &format!("{slot}.pem")]);
        let stored = reader.must(&["pkcs15-tool", "-r", "0", "--read-certificate", id]);
        let ours = std::fs::read_to_string(reader.file(&format!("{slot}.pem"))).unwrap();
        assert_eq!(
            stored[stored.find("-----").unwrap()..].trim(),
            ours[ours.find("-----").unwrap()..].trim(),
            "{slot}"
        );
    }
    write_message(&reader);
    use_every_key(&reader, PIN);
    let said = pkcs11(&reader, WRONG, &["--sign", "-m", "ECDSA", "--id", "01", "-i", "digest", "-o", "none"]);
    assert!(said.text.contains("CKR_PIN_INCORRECT"), "{}", said.text);
    assert_eq!(reader.status_of(TRIES), "63C4");
}

#[test]
fn yubico_s_library_makes_keys_stores_certificates_and_uses_them() {
    let reader = Reader::with_card("yubikit", |_| {});
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/yubico.py");
    let yubico = |act: &str| reader.must(&["/usr/bin/python3", script, act, &reader.name(), PIN]);
    yubico("make");
    for slot in SLOTS {
        certify(&reader, slot, &format!("{slot}.pub.pem"));
    }
    yubico("store");
    let tool = |line: &[&str]| reader.run(&[&["yubico-piv-tool", "-r", &reader.name()], line].concat());
    let status = tool(&["-a", "status"]).text;
    assert!(
        status.contains("5.2.0") && status.contains("CN=card 9E") && status.contains("PIN tries left:\t5"),
        "{status}"
    );
    write_message(&reader);
    yubico("use");
    assert!(verifies(&reader, "9A", "9A.signature"));
    use_every_key(&reader, PIN);
    for (slot, act) in [("9a", "test-signature"), ("9c", "test-signature"), ("9d", "test-decipher")] {
        let certificate = format!("{}.pem", slot.to_uppercase());
        let said = tool(&["-a", "verify-pin", "-P", PIN, "-a", act, "-s", slot, "-i", &certificate]);
        assert!(said.well && said.text.contains("Success"), "{act} {slot}: {}", said.text);
    }
    let attested = tool(&["-a", "attest", "-s", "9a"]);
    assert!(!attested.well && attested.text.contains("Failed to attest"), "{}", attested.text);
    assert_eq!(
        tool(&["-a", "read-certificate", "-s", "9a"]).text,
        std::fs::read_to_string(reader.file("9A.pem")).unwrap()
    );
    let ykman = |line: &[&str]| reader.run(&[&["ykman", "-r", &reader.name(), "piv"], line].concat());
    assert!(ykman(&["access", "change-pin", "-P", PIN, "-n", NEW]).well);
    assert!(ykman(&["info"]).text.contains("CN=card 9C"));
    assert!(ykman(&["certificates", "export", "9e", "9E.again"]).well);
    // It blocks PIN and PUK with empty ones before it resets. Nobody has typed them, so they cost no try, and it gives up.
    assert!(!ykman(&["reset", "--force"]).well);
    assert_eq!(reader.status_of(TRIES), "63C5");
    for _ in 0..5 {
        assert!(!tool(&["-a", "reset"]).well, "while there are tries left");
        tool(&["-a", "verify-pin", "-P", WRONG]);
        tool(&["-a", "unblock-pin", "-P", OTHER_PUK, "-N", NEW]);
    }
    assert!(tool(&["-a", "reset"]).well);
    assert!(tool(&["-a", "verify-pin", "-P", PIN]).well, "the factory's PIN is back");
    assert!(!tool(&["-a", "read-certificate", "-s", "9a"]).well, "no certificate is left");
}

#[test]
fn a_pin_lives_and_is_blocked_and_opened_by_opensc() {
    let reader = Reader::with_card("pkcs15", |_| {});
    let tool = |line: &[&str]| reader.run(&[&["pkcs15-tool", "-r", "0", "--auth-id", "01"], line].concat());
    let verifies = |pin: &str| tool(&["--verify-pin", "--pin", pin]).well;
    assert!(verifies(PIN));
    assert!(tool(&["--change-pin", "--pin", PIN, "--new-pin", NEW]).well);
    assert!(verifies(NEW) && !verifies(PIN));
    assert_eq!(reader.status_of(TRIES), "63C4");
    let said = tool(&["--change-pin", "--pin", WRONG, "--new-pin", PIN]);
    assert_eq!(reader.status_of(TRIES), "63C4", "a run is refused before the old PIN is looked at: {}", said.text);
    let said = tool(&["--change-pin", "--pin", WRONG, "--new-pin", "805294"]);
    assert!(said.text.contains("tries left: 3"), "{}", said.text);
    assert!([WRONG, WRONG, WRONG].into_iter().all(|pin| !verifies(pin)));
    assert_eq!(reader.status_of(TRIES), "6983");
    assert!(tool(&["--verify-pin", "--pin", NEW]).text.contains("blocked"), "the right one opens it no more");
    let said = tool(&["--unblock-pin", "--puk", OTHER_PUK, "--new-pin", "805294"]);
    assert!(said.text.contains("tries left: 4"), "{}", said.text);
    assert!(tool(&["--unblock-pin", "--puk", PUK, "--new-pin", "805294"]).well);
    assert!(verifies("805294") && !verifies(NEW));
    assert!(
        reader
            .run(&["pkcs15-tool", "-r", "0", "--auth-id", "02", "--change-pin", "--pin", PUK, "--new-pin", OTHER_PUK])
            .well
    );
    assert!(!tool(&["--unblock-pin", "--puk", PUK, "--new-pin", NEW]).well, "the old PUK is gone");
    assert!(tool(&["--unblock-pin", "--puk", OTHER_PUK, "--new-pin", NEW]).well && verifies(NEW));
}

#[test]
fn a_pin_lives_and_is_blocked_and_opened_by_yubico_piv_tool() {
    let reader = Reader::with_card("yubico", |_| {});
    let tool = |line: &[&str]| reader.run(&[&["yubico-piv-tool", "-r", &reader.name()], line].concat());
    let verify = |pin: &str| tool(&["-a", "verify-pin", "-P", pin]);
    assert!(verify(PIN).well);
    assert!(tool(&["-a", "change-pin", "-P", PIN, "-N", NEW]).well);
    assert!(verify(NEW).well);
    let poor = tool(&["-a", "change-pin", "-P", NEW, "-N", "111111"]);
    assert!(!poor.well && verify(NEW).well, "{}", poor.text);
    for left in (1..5).rev() {
        let said = verify(WRONG);
        assert!(!said.well && said.text.contains(&format!("{left} tries left")), "{left}: {}", said.text);
    }
    assert!(verify(WRONG).text.contains("blocked") && verify(NEW).text.contains("blocked"));
    let said = tool(&["-a", "unblock-pin", "-P", OTHER_PUK, "-N", "805294"]);
    assert!(said.text.contains("4 tries left"), "{}", said.text);
    assert!(tool(&["-a", "unblock-pin", "-P", PUK, "-N", "805294"]).well && verify("805294").well);
    assert!(tool(&["-a", "change-puk", "-P", PUK, "-N", OTHER_PUK]).well);
    assert!(!tool(&["-a", "unblock-pin", "-P", PUK, "-N", NEW]).well, "the old PUK is gone");
    assert!(tool(&["-a", "unblock-pin", "-P", OTHER_PUK, "-N", NEW]).well && verify(NEW).well);
    // It knows 3DES alone, and is told so without harm.
    assert!(!tool(&["-a", "generate", "-s", "9a", "-A", "ECCP256"]).well);
    assert_eq!(reader.status_of(TRIES), "63C5");
}

#[test]
fn gnutls_lists_and_signs_with_an_issued_card() {
    let reader = Reader::with_card("p11tool", personalise);
    let (module, pin) = (pkcs11_module(), FOREIGN_PIN);
    let p11tool = |line: &[&str]| {
        let mut command = reader.command(&["p11tool", "--provider", &module]);
        finish(command.args(line).env("GNUTLS_PIN", pin))
    };
    let listed = p11tool(&["--list-all-certs", "pkcs11:"]).text;
    assert!(listed.contains("Certificate for PIV Authentication") && listed.contains("ECDSA-SECP256R1"), "{listed}");
    for id in ["01", "02"] {
        let said = p11tool(&["--login", "--test-sign", &format!("pkcs11:id=%{id};type=private")]);
        assert!(said.well && said.text.contains("Verifying against public key in the token... ok"), "{}", said.text);
    }
    let exported = p11tool(&["--export", "pkcs11:id=%01;type=cert"]).text;
    let stored = reader.must(&["pkcs15-tool", "-r", "0", "--read-certificate", "01"]);
    let pem = |text: &str| text[text.find("-----BEGIN").unwrap()..=text.rfind("-----").unwrap()].to_owned();
    assert_eq!(pem(&exported), pem(&stored));
}

/// An sshd of the story's own, which lets in whoever holds the key in `authorized`.
fn sshd(reader: &Reader, port: u16) -> Process {
    reader.must(&["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "host"]);
    let at = |name: &str| reader.file(name).display().to_string();
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\nStrictModes no\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n",
        at("host"),
        at("authorized")
    );
    std::fs::write(reader.file("sshd_config"), config).unwrap();
    let program = checkout().join("target/sshd/usr/sbin/sshd");
    let mut command = if rustix::process::geteuid().is_root() {
        // As root it wants a user of its own and an empty folder in /run. Neither is ours to make: it gets a /run and a list of users of its own.
        let script = r#"mount -t tmpfs sekisho /run && mkdir /run/sshd &&
            { grep -v ^sshd: /etc/passwd; echo sshd:x:65534:65534::/run/sshd:/usr/sbin/nologin; } >"$2/passwd" &&
            mount --bind "$2/passwd" /etc/passwd && exec "$1" -D -e -f "$2/sshd_config""#;
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", script, "sshd"]).arg(program);
        command.arg(reader.file(""));
        command
    } else {
        let mut command = Command::new(program);
        command.args(["-D", "-e", "-f"]).arg(reader.file("sshd_config"));
        command
    };
    let log = reader.file("sshd.log");
    let mut process = Process::start("sshd", &mut command, &log);
    process.wait_ready("its port", || std::fs::read_to_string(&log).ok()?.contains("listening on").then_some(()));
    process
}

/// What ssh calls instead of asking a person.
fn askpass(reader: &Reader, pin: &str) -> std::path::PathBuf {
    let file = reader.file(&format!("askpass-{pin}"));
    std::fs::write(&file, format!("#!/bin/sh\necho {pin}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o700)).unwrap();
    file
}

fn ssh(reader: &Reader, port: u16, askpass: &Path) -> Said {
    let mut command = reader.command(&["ssh", "-F", "none", "-p", &port.to_string()]);
    let module = format!("PKCS11Provider={}", pkcs11_module());
    let known = format!("UserKnownHostsFile={}", reader.file("known_hosts").display());
    for option in
        [&module, "IdentityAgent=none", "PreferredAuthentications=publickey", "StrictHostKeyChecking=no", &known]
    {
        command.args(["-o", option]);
    }
    command.args(["127.0.0.1", "echo the gate is open"]);
    finish(command.env("SSH_ASKPASS", askpass).env("SSH_ASKPASS_REQUIRE", "force"))
}

#[test]
fn ssh_logs_in_with_an_issued_card() {
    let reader = Reader::with_card("ssh", personalise);
    let keys = reader.must(&["ssh-keygen", "-D", &pkcs11_module()]);
    let key = keys.lines().find(|line| line.contains("PIV AUTH")).unwrap_or_else(|| panic!("no key of 9A: {keys}"));
    std::fs::write(reader.file("authorized"), format!("{key}\n")).unwrap();
    let certificate = reader.must(&["pkcs15-tool", "-r", "0", "--read-ssh-key", "01"]);
    assert!(certificate.contains(key.split(' ').nth(1).unwrap()), "it is the key of the certificate: {certificate}");
    let port = free_port();
    let _sshd = sshd(&reader, port);
    let said = ssh(&reader, port, &askpass(&reader, FOREIGN_PIN));
    assert!(said.well && said.text.contains("the gate is open"), "{}", said.text);
    let from = reader.apdus();
    let said = ssh(&reader, port, &askpass(&reader, WRONG));
    assert!(!said.well && !said.text.contains("the gate is open"), "{}", said.text);
    assert_eq!(reader.status_of(TRIES), "63C4", "{:?}", reader.apdus_from(from));
}
