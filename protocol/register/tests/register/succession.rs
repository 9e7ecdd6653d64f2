//! Another log goes on in place of one that lost something (§R4.14), and numbers of incidents go on so that none is given twice.

use sekisho_register::change::*;
use sekisho_register::*;
use sekisho_wire::id::Hash;
use sekisho_wire::words::Language;

use crate::fold::incident_by_a_person;
use crate::office::*;

fn lost(log: Log, kept_size: u64, signed_size: u64) -> Change {
    Change::SucceedLog(SucceedLog { log, kept_size, kept_root: Hash([7; 32]), signed_size })
}

fn code_of<T>(result: Result<T, FoldRefusal>) -> Result<(), &'static str> {
    result.map(drop).map_err(|refusal| refusal.code())
}

impl Office {
    /// An incident that the chief reports, as an entry.
    fn incident(&mut self) -> Vec<u8> {
        let mut act = self.draft(vec![Change::Open(Box::new(incident_by_a_person("mado-1")))]);
        act.log = Log::Casebook;
        sign_card(&act, 1)
    }

    /// Files one; gives its number.
    fn files(&mut self, entry: &[u8]) -> (u16, u32) {
        match self.file(entry).unwrap() {
            Filed::Written { opened, .. } => (opened[0].number.fiscal_year, opened[0].number.number),
            filed @ (Filed::Proposal { .. } | Filed::Approval { .. }) => panic!("{filed:?}"),
        }
    }

    /// The casebook that a holder folds of these entries, by the register as it stands.
    fn folded_again(&self, entries: &[Vec<u8>]) -> Casebook {
        let mut casebook = Casebook::of(&self.register);
        for entry in entries {
            casebook.fold(&self.register_at(casebook.judged_by(entry)), entry).unwrap();
        }
        casebook
    }
}

#[test]
fn two_persons_give_up_what_a_log_has_lost_and_another_goes_on() {
    let mut office = Office::furnished();
    assert_eq!(office.register.generation(Log::Records), 1);
    for log in [Log::Records, Log::Casebook] {
        assert_eq!(code_of(office.act(vec![lost(log, 90, 95)])), Err("approval_needed"));
    }
    assert_eq!(code_of(office.approved(vec![lost(Log::Register, 90, 95)])), Err("value_wrong"));
    assert_eq!(code_of(office.approved(vec![lost(Log::Records, 90, 95)])), Ok(()));
    let generations = |office: &Office| [Log::Records, Log::Casebook].map(|log| office.register.generation(log));
    assert_eq!(generations(&office), [2, 1]);
    assert_eq!(code_of(office.approved(vec![lost(Log::Casebook, 3, 5)])), Ok(()));
    assert_eq!(generations(&office), [2, 2]);
    let register = &office.register;
    assert_eq!(register.successors(Log::Records).last().unwrap().kept_size, 90);
    let names = [(Log::Records, 1), (Log::Records, 2), (Log::Casebook, 2)].map(|(log, number)| log.name_of(number));
    assert_eq!(names, ["records", "records-2", "casebook-2"]);
    // What stands of a log that others went on from is the least that they kept.
    office.approved(vec![lost(Log::Records, 40, 92)]).unwrap();
    let left = |generation| office.register.given_up(Log::Records, generation).map(|left| left.kept_size);
    assert_eq!([1, 2, 3].map(left), [Some(40), Some(40), None]);
}

#[test]
fn the_proposal_of_another_casebook_is_vouched_for_by_its_signature_alone_and_by_no_fewer_persons() {
    let mut office = Office::furnished();
    // It stands in no casebook, and the fold does not ask for one.
    let proposal = office.proposal(vec![lost(Log::Casebook, 3, 5)]);
    let alone = office.approval(&proposal, "chief", 1);
    assert_eq!(code_of(office.take(&alone)), Err("same_person"));
    let mut altered = proposal.clone();
    *altered.last_mut().unwrap() ^= 1;
    let approval = office.approval(&altered, "vice", 2);
    assert_eq!(code_of(office.take(&approval)), Err("signature_wrong"));
    let mut short = office.draft(vec![lost(Log::Casebook, 3, 5)]);
    (short.log, short.expires) = (Log::Casebook, office.now + 60_000);
    let short = sign_card(&short, 1);
    office.now += 60_000;
    let approval = office.approval(&short, "vice", 2);
    assert_eq!(code_of(office.take(&approval)), Err("expired"));
    let approval = office.approval(&proposal, "vice", 2);
    assert_eq!(code_of(office.take(&approval)), Ok(()));
    // Once: the same proposal is approved no second time, nor another one that had not seen this.
    let again = office.approval(&proposal, "vice", 2);
    assert_eq!(code_of(office.take(&again)), Err("repeated"));
}

#[test]
fn no_number_of_an_incident_is_given_a_second_time() {
    let mut office = Office::furnished();
    let entries: Vec<Vec<u8>> = (0..5).map(|_| office.incident()).collect();
    let numbers: Vec<_> = entries.iter().map(|entry| office.files(entry).1).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    // Two are lost.
    office.approved(vec![lost(Log::Casebook, 3, 5)]).unwrap();
    let kept = office.folded_again(&entries[..3]);
    assert_eq!(kept.cases().map(|case| case.id.number.number).collect::<Vec<_>>(), [1, 2, 3]);
    office.casebook = kept;
    // They can have been more than ten thousand incidents.
    let after: Vec<Vec<u8>> = (0..2).map(|_| office.incident()).collect();
    let numbers: Vec<_> = after.iter().map(|entry| office.files(entry)).collect();
    assert_eq!(numbers, [(2026, 20_001), (2026, 20_002)]);
    // Whoever folds it later from its beginning comes to the same, whatever has become of it since.
    office.approved(vec![lost(Log::Casebook, 5, 5)]).unwrap();
    let all = [&entries[..3], after.as_slice()].concat();
    let again = office.folded_again(&all);
    let of = |casebook: &Casebook| casebook.cases().map(|case| case.id.number.number).collect::<Vec<_>>();
    assert_eq!((of(&again), again.root()), (of(&office.casebook), office.casebook.root()));
    office.casebook = again;
    let next = office.incident();
    assert_eq!(office.files(&next), (2026, 30_001));
}

#[test]
fn the_signer_reads_what_becomes_of_proposals_and_numbers() {
    let mut office = Office::furnished();
    let act = office.draft(vec![lost(Log::Casebook, 3, 5)]);
    let english = render(&act, &office.register, Language::English);
    assert!(
        english.contains("place of log casebook") && english.contains("numbered on from another ten thousand"),
        "{english}"
    );
    let japanese = render(&act, &office.register, Language::Japanese);
    assert!(japanese.contains("処理簿のログ") && japanese.contains("一万番台"), "{japanese}");
    let act = office.draft(vec![lost(Log::Records, 3, 5)]);
    assert!(!render(&act, &office.register, Language::English).contains("ten thousand"));
}
