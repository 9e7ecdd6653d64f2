//! A casebook that nobody can fill: what has another go on in its place is proposed in none, and is two persons' all the same. Nothing else is decided so.

use sekisho_ledger::checkpoint::Halt;
use sekisho_ledger::clock::Clock;
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::sheet::check::{Fit, Sheet};
use sekisho_ledger::store::LogName;
use sekisho_ledger::terminals::Shown;
use sekisho_register::act::Proposal;
use sekisho_register::change::{
    Change, IncidentClass, Log, OpenCase, RequireVersion, SectionState, SetSection, SucceedLog,
};
use sekisho_register::{Act, Policy, Title};
use sekisho_wire::id::Hash;

use crate::town::{TestCard, Town, blank_act, code, sign_act};

impl Town {
    fn draft(&self, log: Log, changes: Vec<Change>, proposal: Option<Vec<u8>>) -> Act {
        let register = self.ledger.office(&self.office).unwrap().register();
        Act {
            office: self.office,
            log,
            seen_size: register.size(),
            seen_root: register.root(),
            post: Some(code("managers")),
            proposal: proposal.map(Proposal),
            ..blank_act(self.clock.now(), changes)
        }
    }

    pub(crate) fn proposes(&self, changes: Vec<Change>) -> Vec<u8> {
        sign_act(&self.draft(Log::Casebook, changes, None), &self.mayor)
    }

    /// What somebody writes into the casebook, signed.
    pub(crate) fn writes(&self, changes: Vec<Change>, by: &TestCard) -> Vec<u8> {
        sign_act(&self.draft(Log::Casebook, changes, None), by)
    }

    /// Approves what was signed, wherever it stands.
    pub(crate) fn approves(&self, proposal: &[u8], by: &TestCard) -> Result<(), Refusal> {
        let approval = sign_act(&self.draft(Log::Register, Vec::new(), Some(proposal.to_vec())), by);
        self.ledger.submit(&self.office, approval, Vec::new()).map(drop)
    }

    /// What the mayor and the deputy decide without a casebook.
    fn decides_by_hand(&self, changes: Vec<Change>) -> Result<(), Refusal> {
        self.approves(&self.proposes(changes), &self.deputy)
    }

    pub(crate) fn brings_to_the_casebook(&self, proposal: &[u8]) -> Result<u64, Refusal> {
        self.ledger.submit(&self.office, proposal.to_vec(), Vec::new()).map(|(placed, _)| placed.index)
    }

    /// An incident that the mayor reports; gives its number.
    pub(crate) fn reports(&self) -> Result<u32, Refusal> {
        let report = OpenCase::incident(IncidentClass::Failure, code("failure"), code("jumin-1"), None)
            .with_recipients(&Policy::DEFAULT);
        let index = self.brings_to_the_casebook(&self.proposes(vec![Change::Open(Box::new(report))]))?;
        Ok(self.ledger.cases_at(&self.office, index).unwrap()[0].number.number)
    }

    /// Another casebook, from what is left of this one.
    pub(crate) fn another_casebook(&self, kept_size: u64, signed_size: u64) -> Change {
        let left = self.ledger.office(&self.office).unwrap().log(LogName::Casebook).left();
        let kept_root = Hash(left.map_or([0; 32], |(_, root, _)| root.0));
        Change::SucceedLog(SucceedLog { log: Log::Casebook, kept_size, kept_root, signed_size })
    }

    /// Two entries of the casebook are signed, two more are lost with what terminals verified of them.
    fn loses_its_casebook() -> (Self, Shown, [Vec<u8>; 2]) {
        let mut town = Self::new();
        let kept = town.proposes(vec![version()]);
        town.brings_to_the_casebook(&kept).unwrap();
        assert_eq!(town.reports().unwrap(), 1);
        let copy = town.copied();
        let lost = town.proposes(vec![version()]);
        town.brings_to_the_casebook(&lost).unwrap();
        assert_eq!(town.reports().unwrap(), 2);
        let shown = town.shown();
        town.put_back(&copy);
        town.reopen();
        town.ledger.hear(&town.terminal.peer, &shown).unwrap();
        assert_eq!(town.log(LogName::Casebook), (Some(Halt::Outrun { seen: 4, stored: 2 }), 1, "casebook".into()));
        (town, shown, [kept, lost])
    }
}

fn version() -> Change {
    Change::RequireVersion(RequireVersion { version: 1 })
}

fn section() -> Change {
    let (section, title) = (code("zeimu"), Title::new("税務課").unwrap());
    Change::Section(SetSection { section, title, state: SectionState::Open, effective: 0 })
}

fn refused(result: Result<(), Refusal>) -> String {
    match result {
        Err(Refusal::Act(refusal)) => refusal.code().to_owned(),
        Err(other) => other.code().1.to_owned(),
        Ok(()) => panic!("it was taken"),
    }
}

#[test]
fn another_casebook_goes_on_by_an_act_that_stood_in_none_and_numbers_no_incident_twice() {
    let (mut town, shown, [kept, lost]) = Town::loses_its_casebook();
    town.decides_by_hand(vec![town.another_casebook(2, 4)]).unwrap();
    assert_eq!(town.log(LogName::Casebook), (Some(Halt::Succeeded), 1, "casebook".into()));
    assert_eq!(refused(town.submit(vec![section()]).map(drop)), "halted", "until it is started again");

    town.reopen();
    assert_eq!(town.log(LogName::Casebook), (None, 2, "casebook-2".into()));
    town.ledger.hear(&town.terminal.peer, &shown).unwrap();
    assert_eq!(town.log(LogName::Casebook).0, None, "what is shown is of another log");
    // Two acts were lost, which can have been thousands of incidents.
    assert_eq!([town.reports().unwrap(), town.reports().unwrap()], [20_001, 20_002]);
    // What was kept of proposals is open, what was lost is not.
    assert_eq!(refused(town.approves(&lost, &town.deputy)), "not_proposed");
    town.approves(&kept, &town.deputy).unwrap();
    town.decide_together(vec![version()]).unwrap();
    town.publish();
    // Sheets from before are held against the casebook as far as it goes on in the new one.
    let sheet = |note: &str| Sheet::read(note).unwrap().check(&town.root).unwrap();
    assert_eq!(sheet(shown.casebook.as_deref().unwrap()), Fit::GivenUp { sheet: 4, kept: 2 });

    // Once more, and from its own beginning: numbers go on where nobody can have been.
    town.ledger.office(&town.office).unwrap().log(LogName::Casebook).halt(Halt::Contradicted { size: 5 }, "");
    town.decides_by_hand(vec![town.another_casebook(5, 5)]).unwrap();
    town.reopen();
    town.ledger.hear(&town.terminal.peer, &town.shown()).unwrap();
    assert_eq!(town.log(LogName::Casebook), (None, 3, "casebook-3".into()));
    assert_eq!(town.reports().unwrap(), 30_001);
    town.publish();
    let report =
        sekisho_ledger::command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap();
    let stopped = |finding: &&sekisho_ledger::fsck::Finding| {
        finding.text(sekisho_wire::words::Language::English).contains("stopped")
    };
    assert_eq!(report.findings.iter().filter(|finding| !stopped(finding)).count(), 0, "{:?}", report.findings);
}

#[test]
fn nothing_else_is_decided_without_a_casebook_and_this_by_no_fewer_than_two() {
    let (town, _, [kept, _]) = Town::loses_its_casebook();
    let successor = |kept_size| town.another_casebook(kept_size, 4);
    let of_records = SucceedLog { log: Log::Records, kept_size: 5, kept_root: Hash([0; 32]), signed_size: 5 };
    // Whatever stood in it before, or comes by hand, waits; so does what goes along with it.
    for changes in [
        vec![section()],
        vec![version()],
        vec![successor(2), version()],
        vec![Change::SucceedLog(of_records), successor(2)],
    ] {
        assert_eq!(refused(town.decides_by_hand(changes.clone())), "halted", "{changes:?}");
    }
    assert_eq!(refused(town.approves(&kept, &town.deputy)), "halted");
    assert_eq!(refused(town.brings_to_the_casebook(&town.proposes(vec![successor(2)])).map(drop)), "halted");
    // One person alone, or twice.
    assert_eq!(refused(town.submit(vec![successor(2)]).map(drop)), "approval_needed");
    let proposal = town.proposes(vec![successor(2)]);
    assert_eq!(refused(town.approves(&proposal, &town.mayor)), "same_person");
    // Altered, or too old.
    let mut altered = proposal.clone();
    *altered.last_mut().unwrap() ^= 1;
    assert_eq!(refused(town.approves(&altered, &town.deputy)), "signature_wrong");
    let expires = town.clock.now() + 60_000;
    let short = Act { expires, ..town.draft(Log::Casebook, vec![successor(2)], None) };
    let short = sign_act(&short, &town.mayor);
    town.clock.advance(60_000);
    assert_eq!(refused(town.approves(&short, &town.deputy)), "expired");
    // Something else than what is left.
    let mut other = town.another_casebook(2, 4);
    if let Change::SucceedLog(other) = &mut other {
        other.kept_root = Hash([9; 32]);
    }
    for other in [successor(1), successor(3), other] {
        assert_eq!(refused(town.decides_by_hand(vec![other])), "log_not_lost");
    }
    // The first one still holds.
    town.approves(&proposal, &town.deputy).unwrap();
    assert_eq!(town.log(LogName::Casebook).0, Some(Halt::Succeeded));
}

#[test]
fn while_the_casebook_goes_on_what_is_approved_stands_in_it() {
    let town = Town::new();
    assert_eq!(refused(town.decides_by_hand(vec![version()])), "not_proposed");
    assert_eq!(refused(town.decides_by_hand(vec![town.another_casebook(0, 0)])), "log_not_lost");
    town.decide_together(vec![version()]).unwrap();
}

#[test]
fn what_terminals_keep_of_a_casebook_that_goes_on_fills_it_again() {
    let (mut town, _, _) = Town::loses_its_casebook();
    let handed = |town: &Town, from| town.ledger.hand_out(&town.terminal.peer, from).unwrap();
    town.decides_by_hand(vec![town.another_casebook(2, 4)]).unwrap();
    town.reopen();
    town.ledger.hear(&town.terminal.peer, &town.shown()).unwrap();
    let before = handed(&town, [0, 0]);
    let copy = town.copied();
    let number = town.reports().unwrap();
    let shown = town.shown();
    // A terminal that follows the act asks from what was kept on.
    let after = handed(&town, [before.to[0], 2]);
    assert!(after.keepsakes.iter().any(|kept| (kept.log, kept.index) == (LogName::Casebook, 2)), "{after:?}");
    town.put_back(&copy);
    town.reopen();
    town.ledger.hear(&town.terminal.peer, &shown).unwrap();
    assert!(matches!(town.log(LogName::Casebook).0, Some(Halt::Outrun { seen: 3, stored: 2 })));
    town.ledger.refill_kept(&town.office, &after.keepsakes).unwrap();
    town.ledger.hear(&town.terminal.peer, &shown).unwrap();
    assert_eq!(town.log(LogName::Casebook).0, None);
    assert_eq!(town.reports().unwrap(), number + 1);
}

#[test]
fn a_person_holds_what_is_left_of_a_casebook_against_what_he_verified() {
    let (town, ..) = Town::loses_its_casebook();
    let served = crate::served::Served::of(town);
    let path = format!("/{}/casebook/tile/0/000.p/2", served.town.office);
    assert_eq!(served.anybody().get(&path).problem(), (503, "halted".into()));
    let tile = served.anybody().get_as(&path, &served.token());
    assert_eq!((tile.status, tile.body.len()), (200, 64));
    let more = format!("/{}/casebook/tile/0/000.p/3", served.town.office);
    assert_eq!(served.anybody().get_as(&more, &served.token()).problem(), (404, "not_found".into()));
    let entries = format!("/{}/casebook/tile/entries/000.p/2", served.town.office);
    assert_eq!(served.anybody().get_as(&entries, &served.token()).problem(), (503, "halted".into()));
}
