//! The evidence file that an auditor is handed.

use sekisho_link::{EvidenceFile, evidence_content_digest, evidence_signature_line};

/// Whatever is read is what would be written, and is read again as the same; each record that is asked for stands in it, and each index once.
pub fn evidence(bytes: &[u8]) {
    let Ok(file) = EvidenceFile::parse(bytes) else { return };
    assert!(bytes.ends_with(&evidence_signature_line(file.signature)), "a signature in two spellings");
    let indexes: Vec<u64> = file.contents.records.iter().map(|record| record.index).collect();
    assert!(indexes.is_sorted_by(|one, other| one < other), "an index twice");
    assert!(file.contents.header.asked.iter().all(|index| indexes.contains(index)), "asked for, and not there");
    let body = file.contents.body();
    let again = [&body[..], &evidence_signature_line(file.signature)].concat();
    let again = EvidenceFile::parse(&again).expect("what was written can be read");
    assert_eq!((again.contents, again.digest), (file.contents, evidence_content_digest(&body)));
}
