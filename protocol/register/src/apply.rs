//! One change of an act: which rules it goes by.

use crate::change::Change;
use crate::fold::Given;
use crate::refusal::FoldRefusal;
use crate::state::{Draft, Position};

impl Draft<'_> {
    /// One change; the number it was given, if any.
    pub(crate) fn apply(&mut self, change: &Change, at: Position) -> Result<Option<Given>, FoldRefusal> {
        let at = Position { kind: change.kind(), takes_away: change.only_takes_away(), ..at };
        match change {
            Change::Found(_) => Err(FoldRefusal::AlreadyFounded),
            Change::RequireVersion(change) => self.apply_require_version(change, at),
            Change::RecoveryKeys(change) => self.apply_recovery_keys(change, at),
            Change::AnnounceRecovery(change) => self.apply_announcement(change, at),
            Change::EndRecovery(change) => self.apply_recovery_end(*change, at),
            Change::Section(change) => self.apply_section(change, at),
            Change::Post(change) => self.apply_post(change, at),
            Change::HoldPost(change) => self.apply_hold_post(change, at),
            Change::LeavePost(change) => self.apply_leave_post(change, at),
            Change::Function(change) => self.apply_function(change, at),
            Change::Purpose(change) => self.apply_purpose(change, at),
            // Two persons let him in: one alone makes no more of it.
            Change::Designate(change) => {
                self.need_own_operator(&change.operator).and_then(|()| self.apply_designate(change, at))
            }
            Change::OperatorState(change) => self.apply_operator_state(change, at),
            Change::Profile(change) => self.apply_profile(change, at),
            Change::WithdrawProfile(change) => self.apply_withdraw(change, at),
            Change::Qualify(change) => self.apply_qualify(change, at),
            Change::EndQualification(change) => self.apply_end_qualification(change, at),
            Change::IssueCard(change) => {
                return self.apply_issue(change, at).map(|number| Some(Given::Card(change.card, number)));
            }
            Change::CardState(change) => self.apply_card_state(change, at),
            Change::ActivateCard(change) => self.apply_activate(change, at),
            Change::ResetPin(change) => self.apply_reset_pin(*change, at),
            Change::PinChanged(change) => self.apply_pin_changed(*change, at),
            Change::Terminal(change) => self.apply_terminal(change, at),
            Change::TerminalState(change) => self.apply_terminal_state(change, at),
            Change::OpenEpoch(change) => self.apply_open_epoch(change, at),
            Change::Hours(change) => self.apply_hours(change, at),
            Change::Calendar(change) => self.apply_calendar(change, at),
            Change::Permit(change) => return self.apply_permit(change, at).map(|number| Some(Given::Permit(number))),
            Change::EndPermit(change) => self.apply_end_permit(change, at),
            Change::Connection(change) => self.apply_connection(change, at),
            Change::Policy(change) => self.apply_policy(change, at),
            Change::Route(change) => self.apply_route(change, at),
            Change::LogKey(change) => self.apply_log_key(change, at),
            Change::SucceedLog(change) => self.apply_succeed_log(change, at),
            Change::Destroy(change) => self.apply_destroy(*change, at),
            Change::Preserve(change) => self.apply_preserve(change, at),
            Change::EraseNames(change) => self.apply_erase_names(change, at),
            Change::EraseTexts(change) => self.apply_erase_texts(change, at),
            Change::Witnesses(change) => self.apply_witnesses(change, at),
            Change::Partner(change) => self.apply_partner(change, at),
            Change::Entrust(change) => self.apply_entrust(change, at),
            Change::EndTrust(change) => self.apply_end_trust(change, at),
            Change::Admit(change) => return self.apply_admit(change, at),
            Change::SharePolicy(change) => self.apply_share_policy(change, at),
            Change::ShowShared(change) => self.apply_show_shared(change, at),
            Change::Open(_) | Change::Answer(_) | Change::Step(_) => Err(FoldRefusal::OtherLog),
        }?;
        Ok(None)
    }
}
