//! What two people read to each other (§L3.2): that a terminal and the desk that names it mean one key, and one office.

use sha2::{Digest, Sha256};

/// 16 bytes of SHA-256 in groups of four digits.
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let group = |pair: &[u8]| pair.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    digest[..16].chunks(2).map(group).collect::<Vec<_>>().join(" ")
}

/// A terminal's key, and what its code had it believe. A terminal that was given a code for somebody else's office, or for other keys, has
/// another fingerprint, though its key is the one that waits at the ledger.
#[derive(Clone, Copy, Debug)]
pub struct TerminalTrust<'a> {
    /// The office.
    pub office: &'a [u8; 16],
    /// The terminal's code.
    pub terminal: &'a str,
    /// The ledger's name.
    pub ledger: &'a str,
    /// Public key of the records log.
    pub records: &'a [u8; 32],
    /// Public key of the register log.
    pub register: &'a [u8; 32],
    /// Public key that envelopes are sealed for.
    pub envelope: &'a [u8],
    /// The terminal's own public key.
    pub key: &'a [u8; 32],
}

impl TerminalTrust<'_> {
    /// The fingerprint over all of it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let parts: [&[u8]; 7] = [
            self.office,
            self.terminal.as_bytes(),
            self.ledger.as_bytes(),
            self.records,
            self.register,
            self.envelope,
            self.key,
        ];
        let mut bytes = b"sekisho terminal v1\0".to_vec();
        for part in parts {
            // Where one part ends stands before it: no other parts make the same bytes.
            bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        fingerprint(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_code_exchanges_shows_in_the_fingerprint() {
        let honest = TerminalTrust {
            office: &[1; 16],
            terminal: "jumin-1",
            ledger: "ledger.example",
            records: &[2; 32],
            register: &[3; 32],
            envelope: &[4; 32],
            key: &[5; 32],
        };
        let shown = honest.fingerprint();
        assert_eq!(shown.split(' ').count(), 8);
        let exchanged = [
            TerminalTrust { office: &[9; 16], ..honest },
            TerminalTrust { terminal: "jumin-2", ..honest },
            TerminalTrust { ledger: "ledger.exampl", ..honest },
            TerminalTrust { records: &[9; 32], ..honest },
            TerminalTrust { register: &[9; 32], ..honest },
            TerminalTrust { envelope: &[4; 33], ..honest },
            TerminalTrust { key: &[9; 32], ..honest },
            TerminalTrust { terminal: "jumin-1l", ledger: "edger.example", ..honest },
        ];
        assert!(exchanged.iter().all(|other| other.fingerprint() != shown));
    }
}
