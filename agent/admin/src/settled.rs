//! Acts of earlier runs whose answer was lost, and that turned out to be in force: whether what is asked for now is one of them.

use sekisho_register::change::{Field, Log, Value};
use sekisho_register::{Act, Change, NameHash};
use sekisho_wire::id::{Hash, Salt};

use crate::name::Name;
use crate::outbox::Kept;

/// One of them.
#[derive(Debug)]
pub(crate) struct Settled {
    /// Its id.
    pub id: Hash,
    log: Log,
    proposal: Option<Vec<u8>>,
    effective: Option<u64>,
    changes: Vec<Change>,
}

impl Settled {
    /// An act that was kept.
    #[must_use]
    pub(crate) fn new(id: Hash, act: &Act, kept: &Kept) -> Self {
        let proposal = act.proposal.as_ref().map(|proposal| proposal.0.clone());
        Self { id, log: act.log, proposal, effective: act.effective, changes: decided_by(act, &kept.names) }
    }

    /// Whether this act would decide it a second time. Whatever else is asked for has nothing to do with it.
    #[must_use]
    pub(crate) fn is_decided_by(&self, act: &Act, names: &[Name]) -> bool {
        let proposal = act.proposal.as_ref().map(|proposal| &proposal.0);
        (self.log, self.proposal.as_ref(), self.effective) == (act.log, proposal, act.effective)
            && self.changes == decided_by(act, names)
    }
}

/// What an act decides, without what makes two acts of one decision differ: the moment that "now" was, the salt of a name or a text.
fn decided_by(act: &Act, names: &[Name]) -> Vec<Change> {
    act.changes.iter().map(|change| plain(change.clone(), act.made, names)).collect()
}

fn plain(mut change: Change, made: u64, names: &[Name]) -> Change {
    let at_once = |time: &mut u64| {
        if *time <= made {
            *time = 0;
        }
    };
    let unsalted = |hash: &mut NameHash| {
        if let Some(name) = names.iter().find(|name| NameHash::of(&name.salt, &name.text) == *hash) {
            *hash = NameHash::of(&Salt([0; 16]), &name.text);
        }
    };
    let unsalted_texts = |fields: &mut [Field]| {
        for field in fields {
            if let Value::Text(hash) = &mut field.value {
                unsalted(hash);
            }
        }
    };
    match &mut change {
        Change::Section(set) => at_once(&mut set.effective),
        Change::HoldPost(hold) => at_once(&mut hold.from),
        Change::LeavePost(leave) => at_once(&mut leave.effective),
        Change::Designate(designate) => {
            at_once(&mut designate.from);
            unsalted(&mut designate.name);
        }
        Change::OperatorState(set) => at_once(&mut set.effective),
        Change::Profile(give) => at_once(&mut give.from),
        Change::WithdrawProfile(withdraw) => at_once(&mut withdraw.effective),
        Change::Qualify(qualify) => at_once(&mut qualify.from),
        Change::EndQualification(end) => at_once(&mut end.effective),
        Change::IssueCard(issue) => at_once(&mut issue.from),
        Change::CardState(set) => at_once(&mut set.effective),
        Change::ActivateCard(activate) => at_once(&mut activate.from),
        Change::TerminalState(set) => at_once(&mut set.effective),
        Change::Permit(give) => at_once(&mut give.from),
        Change::EndPermit(end) => at_once(&mut end.effective),
        Change::Entrust(entrust) => at_once(&mut entrust.from),
        Change::EndTrust(end) => at_once(&mut end.effective),
        Change::Admit(admit) => {
            at_once(&mut admit.designation.from);
            unsalted(&mut admit.designation.name);
        }
        Change::SharePolicy(share) => at_once(&mut share.from),
        Change::Open(open) => unsalted_texts(&mut open.fields),
        Change::Step(step) => unsalted_texts(&mut step.fields),
        Change::Answer(answer) => answer.reason.iter_mut().for_each(unsalted),
        Change::Found(_)
        | Change::RequireVersion(_)
        | Change::RecoveryKeys(_)
        | Change::AnnounceRecovery(_)
        | Change::EndRecovery(_)
        | Change::Post(_)
        | Change::Function(_)
        | Change::Purpose(_)
        | Change::ResetPin(_)
        | Change::PinChanged(_)
        | Change::Terminal(_)
        | Change::OpenEpoch(_)
        | Change::Hours(_)
        | Change::Calendar(_)
        | Change::Connection(_)
        | Change::Policy(_)
        | Change::Route(_)
        | Change::LogKey(_)
        | Change::SucceedLog(_)
        | Change::Destroy(_)
        | Change::Preserve(_)
        | Change::EraseNames(_)
        | Change::EraseTexts(_)
        | Change::Witnesses(_)
        | Change::Partner(_)
        | Change::ShowShared(_) => {}
    }
    change
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::act_draft::draft;
    use sekisho_register::Register;
    use sekisho_register::act::Proposal;
    use sekisho_register::change::{
        Answer, AnswerAct, CardState, Designate, OpenCase, PersonClass, SetCardState, StateReason, TakeStep,
    };
    use sekisho_register::forms::Form;
    use sekisho_wire::id::{CardGuid, Code};

    const YESTERDAY: u64 = 1_795_000_000_000;
    const TODAY: u64 = YESTERDAY + 24 * 3_600_000;

    fn act(made: u64, changes: Vec<Change>) -> Act {
        Act { changes, ..draft(&Register::new(), Log::Register, made).unwrap() }
    }

    fn revoke(card: u8, effective: u64) -> Vec<Change> {
        let (card, state, reason) = (CardGuid([card; 16]), CardState::Revoked, StateReason::Stolen);
        vec![Change::CardState(SetCardState { card, state, reason, effective, disposal: None })]
    }

    fn designate(name: &Name, from: u64) -> Vec<Change> {
        vec![Change::Designate(Box::new(Designate {
            operator: Code::new("10023").unwrap(),
            name: NameHash::of(&name.salt, &name.text),
            class: PersonClass::Operator,
            section: Code::new("jumin").unwrap(),
            from,
            to: TODAY * 2,
            terminals: Vec::new(),
            sections: Vec::new(),
        }))]
    }

    fn settled(act: &Act, names: &[Name]) -> Settled {
        Settled::new(Hash([1; 32]), act, &Kept { act: Vec::new(), names: names.to_vec() })
    }

    #[test]
    fn the_same_decision_is_recognised_whenever_it_is_made() {
        let before = settled(&act(YESTERDAY, revoke(1, YESTERDAY)), &[]);
        assert!(before.is_decided_by(&act(TODAY, revoke(1, TODAY)), &[]));
        let name = |salt, text: &str| Name { salt: Salt([salt; 16]), text: text.to_owned() };
        let (sato, again, other) = (name(1, "佐藤"), name(2, "佐藤"), name(3, "鈴木"));
        let before = settled(&act(YESTERDAY, designate(&sato, YESTERDAY)), &[sato]);
        assert!(before.is_decided_by(&act(TODAY, designate(&again, TODAY)), &[again]));
        assert!(!before.is_decided_by(&act(TODAY, designate(&other, TODAY)), &[other]));
    }

    #[test]
    fn a_report_is_recognised_by_its_texts_and_not_by_their_salts() {
        let text = |salt, text: &str| Name { salt: Salt([salt; 16]), text: text.to_owned() };
        let reported = |said: &Name| {
            let fields = vec![Field { key: 1, value: Value::Text(NameHash::of(&said.salt, &said.text)) }];
            let open = OpenCase { form: Form::Incident, fields: fields.clone() };
            let step = TakeStep { case: "incident-2026-1".parse().unwrap(), step: 1, fields };
            let reason = Some(NameHash::of(&said.salt, &said.text));
            let refused = AnswerAct { act: Hash([7; 32]), answer: Answer::Refused, reason };
            [Change::Open(Box::new(open)), Change::Step(Box::new(step)), Change::Answer(refused)]
        };
        let (first, again, other) = (text(1, "紛失"), text(2, "紛失"), text(3, "盗難"));
        for which in 0..3 {
            let of = |said: &Name| act(YESTERDAY, vec![reported(said)[which].clone()]);
            let before = settled(&of(&first), std::slice::from_ref(&first));
            assert!(before.is_decided_by(&of(&again), std::slice::from_ref(&again)), "{which}");
            assert!(!before.is_decided_by(&of(&other), std::slice::from_ref(&other)), "{which}");
        }
    }

    #[test]
    fn another_decision_has_nothing_to_do_with_it() {
        let first = act(YESTERDAY, revoke(1, YESTERDAY));
        let before = settled(&first, &[]);
        assert!(!before.is_decided_by(&act(TODAY, revoke(2, TODAY)), &[]));
        assert!(!before.is_decided_by(&act(TODAY, revoke(1, TODAY + 1)), &[]), "from a day to come");
        assert!(!before.is_decided_by(&Act { log: Log::Casebook, ..first.clone() }, &[]));
        assert!(!before.is_decided_by(&Act { effective: Some(TODAY * 2), ..first.clone() }, &[]));
        let approval = |of| Act { changes: Vec::new(), proposal: Some(Proposal(vec![of])), ..first.clone() };
        let before = settled(&approval(1), &[]);
        assert!(before.is_decided_by(&approval(1), &[]) && !before.is_decided_by(&approval(2), &[]));
    }
}
