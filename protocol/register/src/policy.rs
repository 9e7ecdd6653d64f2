//! Policy (§R5). The figures are ours: the regulations give none, or differ.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};

use sekisho_wire::id::Hash;
use sekisho_wire::pin_policy::PinPolicy;

use crate::calendar::{Date, day_of_date, fiscal_year, local_day, moment};
use crate::change::CardKind;
use crate::forms::checks;
use crate::incidents::OwnKind;
use crate::role::Class;

/// What an office can set. Every act that changes it replaces it whole.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Policy {
    /// Seconds without input until the terminal locks.
    #[n(0)]
    pub idle_seconds: u32,
    /// Most seconds from login to logout.
    #[n(1)]
    pub session_seconds: u32,
    /// Most age in seconds of the newest freshness note, for functions that are not essential.
    #[n(2)]
    pub freshness_seconds: u32,
    /// PIN tries that new cards are given.
    #[n(3)]
    pub pin_tries: u8,
    /// Whether operating hours bind.
    #[n(4)]
    pub hours_enforced: bool,
    /// Kinds of card that ignore hours; ascending.
    #[n(5)]
    pub out_of_hours_kinds: Vec<CardKind>,
    /// Seconds of work at a terminal after which a rest is due; 0: none.
    #[n(6)]
    pub rest_after_seconds: u32,
    /// Seconds without an open session that count as a rest; 0 where none is due.
    #[n(7)]
    pub rest_seconds: u32,
    /// Most seconds of work at a terminal on one legal day; 0: no limit.
    #[n(8)]
    pub daily_seconds: u32,
    /// Days that sealed records stay on the terminal.
    #[n(9)]
    pub keep_sealed_days: u16,
    /// Years that records are kept.
    #[n(10)]
    pub retention_years: RetentionYears,
    /// What pulling the card does.
    #[n(11)]
    pub on_removal: OnRemoval,
    /// What new cards ask of their PINs.
    #[n(12)]
    pub pin: PinPolicy,
    /// What becomes of an operator's session that is opened while another of his is open at another terminal.
    #[n(13)]
    pub two_terminals: TwoTerminals,
    /// Least seconds between the announcement of a recovery and its completion.
    #[n(14)]
    pub recovery_wait_seconds: u32,
    /// Of a hundred terminals that were at work lately, how many a ledger hears after its start before it writes.
    #[n(15)]
    pub hear_percent: u8,
    /// Kinds of card that nobody is lent who does not qualify (S4 10(1)(1)); ascending.
    #[n(16)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub qualified_kinds: Vec<CardKind>,
    /// Classes whose acts name a permit to use the system (S2 6); ascending.
    #[n(17)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub permitted_classes: Vec<Class>,
    /// How long a PIN opens sessions before it must be changed; absent: for ever.
    #[n(18)]
    pub pin_lasts: Option<PinLasts>,
    /// Kinds of incidents that the office knows besides those of every office (§R11.4); by code, ascending.
    #[n(20)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub incident_kinds: Vec<OwnKind>,
    /// What is confirmed each day (S0 3(1)(2)), as [`checks::CONFIRMED`] numbers it; ascending.
    #[n(21)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub confirmations: Vec<u8>,
    /// SHA-256 over the templates by which the office prints in place of ours (S4 24), as the paper crate has it; absent: nobody has decided about them.
    #[n(22)]
    pub templates: Option<Hash>,
}

/// How long a PIN opens sessions (S2 11(2)(4)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum PinLasts {
    /// Until the end of the fiscal year in which it was chosen.
    #[n(0)]
    FiscalYear,
    /// So many legal days, that on which it was chosen among them.
    #[n(1)]
    Days(#[n(0)] u16),
}

impl PinLasts {
    /// Most days: five years.
    const DAYS_MAX: u16 = 1830;

    /// When a PIN of `since` opens nothing any more.
    #[must_use]
    pub fn ends(self, since: u64) -> u64 {
        match self {
            Self::FiscalYear => {
                let next = Date { year: fiscal_year(since).saturating_add(1), month: 4, day: 1 };
                moment(day_of_date(next), 0)
            }
            Self::Days(days) => moment(local_day(since).saturating_add(days.into()), 0),
        }
    }

    const fn is_sound(self) -> bool {
        match self {
            Self::FiscalYear => true,
            Self::Days(days) => days >= 1 && days <= Self::DAYS_MAX,
        }
    }
}

/// Years by retention class (wire §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RetentionYears {
    /// 操作履歴.
    #[n(1)]
    pub access: u8,
    /// 稼働状況.
    #[n(2)]
    pub operation: u8,
    /// Administration.
    #[n(3)]
    pub administration: u8,
}

/// What an operator at two terminals comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum TwoTerminals {
    /// An alarm.
    #[n(0)]
    Tell,
    /// An alarm, and the end of the later session.
    #[n(1)]
    CloseLater,
}

/// What pulling the card does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum OnRemoval {
    /// Closes the session.
    #[n(0)]
    Close,
}

impl Default for Policy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Policy {
    /// Our defaults.
    pub const DEFAULT: Self = Self {
        idle_seconds: 5 * 60,
        session_seconds: 10 * 60 * 60,
        freshness_seconds: 72 * 60 * 60,
        pin_tries: 5,
        hours_enforced: true,
        out_of_hours_kinds: Vec::new(),
        rest_after_seconds: 0,
        rest_seconds: 0,
        daily_seconds: 0,
        keep_sealed_days: 35,
        retention_years: RetentionYears { access: 7, operation: 1, administration: 7 },
        on_removal: OnRemoval::Close,
        pin: PinPolicy::DEFAULT,
        two_terminals: TwoTerminals::Tell,
        recovery_wait_seconds: 72 * 60 * 60,
        hear_percent: 50,
        qualified_kinds: Vec::new(),
        permitted_classes: Vec::new(),
        pin_lasts: Some(PinLasts::FiscalYear),
        incident_kinds: Vec::new(),
        confirmations: Vec::new(),
        templates: None,
    };

    /// A rest is due after some work and lasts some time, or there is none.
    fn rests_are_sound(&self) -> bool {
        match (self.rest_after_seconds, self.rest_seconds) {
            (0, 0) => true,
            (after, rest) => (600..=24 * 60 * 60).contains(&after) && (60..=4 * 60 * 60).contains(&rest),
        }
    }

    /// Whether the figures can be lived with, and protect at all (§R5).
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let years = &self.retention_years;
        let shortest = years.access.min(years.operation).min(years.administration);
        (30..=3600).contains(&self.idle_seconds)
            && (600..=24 * 60 * 60).contains(&self.session_seconds)
            && (60 * 60..=30 * 24 * 60 * 60).contains(&self.freshness_seconds)
            // A day at least: somebody must be at work in it who can object.
            && (24 * 60 * 60..=14 * 24 * 60 * 60).contains(&self.recovery_wait_seconds)
            && (1..=100).contains(&self.hear_percent)
            && shortest >= 1
            // What is destroyed must not lie on terminals still, which keep for the ledger what is up to so old when it comes to them.
            && (1..=u32::from(shortest) * 180).contains(&u32::from(self.keep_sealed_days))
            && (1..=15).contains(&self.pin_tries)
            && self.pin.is_sound()
            && self.pin_lasts.is_none_or(PinLasts::is_sound)
            && self.rests_are_sound()
            && (self.daily_seconds == 0 || (600..=24 * 60 * 60).contains(&self.daily_seconds))
            && self.out_of_hours_kinds.is_sorted_by(|a, b| a < b)
            && self.qualified_kinds.is_sorted_by(|a, b| a < b)
            && self.permitted_classes.is_sorted_by(|a, b| a < b)
            && self.permitted_classes.iter().all(|class| class.may_ask_for_a_permit())
            && self.kinds_are_sound()
            && self.confirmations.is_sorted_by(|a, b| a < b)
            && self.confirmations.iter().all(|what| checks::CONFIRMED.iter().any(|known| known.number == *what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incidents::Severity;
    use crate::values::Title;

    fn own(code: &str) -> OwnKind {
        let title = Title::new("誤送付").unwrap();
        OwnKind { code: code.parse().unwrap(), title, severity: Severity::Ordinary }
    }

    #[test]
    fn figures_out_of_bounds_are_no_policy() {
        let sound = |change: fn(&mut Policy)| {
            let mut policy = Policy::DEFAULT;
            change(&mut policy);
            policy.is_sound()
        };
        assert!(sound(|_| {}));
        let at_the_edge: [fn(&mut Policy); 20] = [
            |policy| policy.confirmations = alloc::vec![1, 2],
            |policy| policy.incident_kinds = alloc::vec![own("gosoufu"), own("nozoki")],
            |policy| policy.pin_lasts = None,
            |policy| policy.pin_lasts = Some(PinLasts::Days(1)),
            |policy| policy.pin_lasts = Some(PinLasts::Days(1830)),
            |policy| policy.recovery_wait_seconds = 86_400,
            |policy| policy.hear_percent = 1,
            |policy| policy.hear_percent = 100,
            |policy| policy.recovery_wait_seconds = 1_209_600,
            |policy| policy.keep_sealed_days = 180,
            |policy| (policy.rest_after_seconds, policy.rest_seconds) = (600, 60),
            |policy| (policy.rest_after_seconds, policy.rest_seconds) = (86_400, 14_400),
            |policy| policy.daily_seconds = 600,
            |policy| policy.daily_seconds = 86_400,
            |policy| policy.idle_seconds = 30,
            |policy| policy.idle_seconds = 3600,
            |policy| policy.session_seconds = 600,
            |policy| policy.session_seconds = 86_400,
            |policy| policy.freshness_seconds = 3600,
            |policy| policy.freshness_seconds = 2_592_000,
        ];
        let beyond: [fn(&mut Policy); 37] = [
            |policy| policy.confirmations = alloc::vec![2, 1],
            |policy| policy.confirmations = alloc::vec![9],
            |policy| policy.incident_kinds = alloc::vec![own("rouei"); 2],
            // What every office calls a leak no office makes harmless.
            |policy| policy.incident_kinds = alloc::vec![own("leak")],
            |policy| policy.pin_lasts = Some(PinLasts::Days(0)),
            |policy| policy.pin_lasts = Some(PinLasts::Days(1831)),
            |policy| policy.recovery_wait_seconds = 86_399,
            |policy| policy.hear_percent = 0,
            |policy| policy.hear_percent = 101,
            |policy| policy.recovery_wait_seconds = 1_209_601,
            |policy| policy.keep_sealed_days = 181,
            |policy| policy.pin.minimum = 5,
            |policy| policy.pin.minimum = 9,
            |policy| policy.pin.history = 11,
            |policy| policy.out_of_hours_kinds = alloc::vec![CardKind::Emergency; 2],
            |policy| policy.qualified_kinds = alloc::vec![CardKind::Spare, CardKind::Business],
            |policy| policy.permitted_classes = alloc::vec![Class::Cards; 2],
            // What only takes rights away waits for nobody, and who founds or recovers an office has no permit yet.
            |policy| policy.permitted_classes = alloc::vec![Class::Block],
            |policy| policy.idle_seconds = 29,
            |policy| policy.idle_seconds = 3601,
            |policy| policy.session_seconds = 599,
            |policy| policy.session_seconds = 86_401,
            |policy| policy.freshness_seconds = 3599,
            |policy| policy.freshness_seconds = u32::MAX,
            |policy| policy.retention_years.access = 0,
            |policy| policy.retention_years.operation = 0,
            |policy| policy.retention_years.administration = 0,
            |policy| policy.keep_sealed_days = 0,
            |policy| policy.pin_tries = 16,
            |policy| policy.rest_after_seconds = 7200,
            |policy| policy.rest_seconds = 900,
            |policy| (policy.rest_after_seconds, policy.rest_seconds) = (599, 60),
            |policy| (policy.rest_after_seconds, policy.rest_seconds) = (86_401, 60),
            |policy| (policy.rest_after_seconds, policy.rest_seconds) = (600, 59),
            |policy| (policy.rest_after_seconds, policy.rest_seconds) = (600, 14_401),
            |policy| policy.daily_seconds = 599,
            |policy| policy.daily_seconds = 86_401,
        ];
        assert!(at_the_edge.into_iter().all(sound));
        assert!(!beyond.into_iter().any(sound));
    }

    #[test]
    fn a_pin_lasts_whole_legal_days_and_to_the_end_of_its_fiscal_year() {
        let noon = |year, month, day| moment(day_of_date(Date { year, month, day }), 720);
        let midnight = |year, month, day| moment(day_of_date(Date { year, month, day }), 0);
        let year = PinLasts::FiscalYear;
        assert_eq!(year.ends(noon(2026, 4, 1)), midnight(2027, 4, 1));
        assert_eq!(year.ends(noon(2027, 3, 31)), midnight(2027, 4, 1));
        assert_eq!(year.ends(midnight(2027, 4, 1) - 1), midnight(2027, 4, 1), "the last moment of the year before");
        assert_eq!(year.ends(midnight(2027, 4, 1)), midnight(2028, 4, 1));
        assert_eq!(PinLasts::Days(1).ends(noon(2026, 4, 1)), midnight(2026, 4, 2));
        assert_eq!(PinLasts::Days(90).ends(noon(2026, 4, 1)), midnight(2026, 6, 30));
        // What nobody will live to see is no reason to fall over.
        assert!(year.ends(u64::MAX) > 0 && PinLasts::Days(1830).ends(u64::MAX) > 0);
    }
}
