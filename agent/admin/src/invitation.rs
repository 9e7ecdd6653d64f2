//! The code that a terminal enrols with, before it is passed on: what it has the terminal believe must be what this desk goes by.

use sekisho_link::{CodeKind, LedgerCode, TerminalTrust};
use sekisho_wire::id::Code;

use crate::error::AdminError;
use crate::office_file::Office;

/// Whether the code that the ledger made is for this terminal of this office, and names the keys that this office was founded with.
/// `envelope`: the key that the founding act names for envelopes.
///
/// # Errors
/// [`AdminError::ForeignCode`]; one that cannot be read.
pub(crate) fn expect_ours(text: &str, terminal: &Code, office: &Office, envelope: &[u8]) -> Result<(), AdminError> {
    let code = LedgerCode::parse(text)?;
    let (its_office, its_terminal) = match &code.kind {
        CodeKind::Terminal { office, terminal } => (office, terminal),
        CodeKind::Founding => return Err(AdminError::ForeignCode("kind")),
    };
    let fields = [
        ("office", *its_office == office.id.0),
        ("terminal", its_terminal == terminal.as_str()),
        ("ledger", code.ledger == office.ledger),
        ("url", code.url == office.url),
        ("authority", code.authority == office.authority),
        ("records", code.records == office.records),
        ("register", code.register == office.register),
        ("casebook", code.casebook == office.casebook),
        ("envelope", code.envelope == envelope),
    ];
    match fields.iter().find(|(_, same)| !same) {
        None => Ok(()),
        Some((field, _)) => Err(AdminError::ForeignCode(field)),
    }
}

/// The fingerprint that a terminal of this office with this key shows.
#[must_use]
pub(crate) fn fingerprint(terminal: &str, key: &[u8; 32], office: &Office, envelope: &[u8]) -> String {
    let trust = TerminalTrust {
        office: &office.id.0,
        terminal,
        ledger: &office.ledger,
        records: &office.records,
        register: &office.register,
        envelope,
        key,
    };
    trust.fingerprint()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_wire::id::OfficeId;
    use zeroize::Zeroizing;

    fn office() -> Office {
        Office {
            id: OfficeId([7; 16]),
            url: "https://ledger.example".to_owned(),
            authority: vec![1, 2, 3],
            ledger: "ledger.example".to_owned(),
            records: [1; 32],
            register: [2; 32],
            casebook: [3; 32],
        }
    }

    fn code() -> LedgerCode {
        let Office { id, url, authority, ledger, records, register, casebook } = office();
        let kind = CodeKind::Terminal { office: id.0, terminal: "jumin-1".to_owned() };
        let (envelope, secret) = (vec![4; 65], Zeroizing::new([5; 16]));
        LedgerCode { kind, url, authority, ledger, records, register, casebook, envelope, secret, expires: 1 }
    }

    fn refused(code: &LedgerCode) -> Option<&'static str> {
        let terminal = Code::new("jumin-1").unwrap();
        match expect_ours(&code.to_text(), &terminal, &office(), &[4; 65]) {
            Ok(()) => None,
            Err(AdminError::ForeignCode(field)) => Some(field),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn a_code_for_anything_else_is_not_passed_on() {
        assert_eq!(refused(&code()), None);
        let terminal = |office, terminal: &str| CodeKind::Terminal { office, terminal: terminal.to_owned() };
        let cases = [
            ("kind", LedgerCode { kind: CodeKind::Founding, ..code() }),
            ("office", LedgerCode { kind: terminal([8; 16], "jumin-1"), ..code() }),
            ("terminal", LedgerCode { kind: terminal([7; 16], "jumin-2"), ..code() }),
            ("ledger", LedgerCode { ledger: "other.example".to_owned(), ..code() }),
            ("url", LedgerCode { url: "https://other.example".to_owned(), ..code() }),
            ("authority", LedgerCode { authority: vec![1, 2], ..code() }),
            ("records", LedgerCode { records: [9; 32], ..code() }),
            ("register", LedgerCode { register: [9; 32], ..code() }),
            ("casebook", LedgerCode { casebook: [9; 32], ..code() }),
            ("envelope", LedgerCode { envelope: vec![9; 65], ..code() }),
        ];
        for (field, code) in cases {
            assert_eq!(refused(&code), Some(field));
        }
    }
}
