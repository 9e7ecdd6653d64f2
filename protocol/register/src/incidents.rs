//! Kinds of incidents (§R11.4): those of every office, those that an office has declared besides, and whom each has to tell.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use minicbor::{Decode, Encode};
use sekisho_wire::id::Code;
use sekisho_wire::words::Language;

use crate::forms::Words;
use crate::policy::Policy;
use crate::role::Role;
use crate::values::Title;

/// How grave a kind of incidents is by itself, whatever its threat level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Severity {
    /// The system manager hears of it (S2 12(1)).
    #[n(0)]
    Ordinary,
    /// Mayor and committee as well, as of a leak and of what cannot be put right (S1 15(2)).
    #[n(1)]
    Grave,
    /// Whoever answers for security and for data as well, and there is a plan, as after an intrusion (S4 22, S2 15; ours for the intrusion).
    #[n(2)]
    Serious,
    /// Both.
    #[n(3)]
    Gravest,
}

/// A kind of incidents that an office has declared (policy, key 20).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OwnKind {
    /// Its code: none of [`KINDS`].
    #[n(0)]
    pub code: Code,
    /// What people call it.
    #[n(1)]
    pub title: Title,
    /// How grave it is.
    #[n(2)]
    pub severity: Severity,
}

/// A kind of incidents that every office has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownKind {
    /// Its code.
    pub code: &'static str,
    /// What people call it.
    pub title: Words,
    /// How grave it is.
    pub severity: Severity,
}

/// Those that every office has.
pub const KINDS: [KnownKind; 10] = {
    use Severity::{Grave, Ordinary, Serious};
    [
        known("leak", Words("漏えい", "leak"), Grave),
        known("irrecoverable", Words("回復困難な異常・損傷", "irrecoverable damage"), Grave),
        known("intrusion", Words("不正侵入", "intrusion"), Serious),
        known("alteration", Words("改ざん", "alteration"), Ordinary),
        known("misuse", Words("目的外利用", "misuse"), Ordinary),
        known("loss", Words("紛失", "loss"), Ordinary),
        known("theft", Words("盗難", "theft"), Ordinary),
        known("failure", Words("障害", "failure"), Ordinary),
        known("malfunction", Words("誤作動", "malfunction"), Ordinary),
        known("other", Words("その他", "something else"), Ordinary),
    ]
};

const fn known(code: &'static str, title: Words, severity: Severity) -> KnownKind {
    KnownKind { code, title, severity }
}

impl Severity {
    /// Every one of them.
    pub const ALL: [Self; 4] = [Self::Ordinary, Self::Grave, Self::Serious, Self::Gravest];

    /// Its name in programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Grave => "grave",
            Self::Serious => "serious",
            Self::Gravest => "gravest",
        }
    }

    /// The one of that [`Self::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.name() == name)
    }

    /// For people: who hears of it.
    #[must_use]
    pub const fn text(self, language: Language) -> &'static str {
        let words = match self {
            Self::Ordinary => Words("システム管理者に報告", "told to the system manager"),
            Self::Grave => Words("首長と委員会にも報告", "told to mayor and committee as well"),
            Self::Serious => Words(
                "統括責任者とデータ保護管理者にも報告、再発防止計画",
                "told to the chief security officer and the data protection manager as well, with a plan",
            ),
            Self::Gravest => {
                Words("首長、委員会、統括責任者、データ保護管理者にも報告、再発防止計画", "told to all, with a plan")
            }
        };
        words.text(language)
    }

    const fn is_grave(self) -> bool {
        matches!(self, Self::Grave | Self::Gravest)
    }

    const fn is_serious(self) -> bool {
        matches!(self, Self::Serious | Self::Gravest)
    }
}

impl Policy {
    /// How grave a kind of incidents is; nothing for one that neither every office has nor this one.
    #[must_use]
    pub fn severity(&self, kind: &Code) -> Option<Severity> {
        let own = || self.incident_kinds.iter().find(|own| own.code == *kind).map(|own| own.severity);
        KINDS.iter().find(|known| known.code == kind.as_str()).map(|known| known.severity).or_else(own)
    }

    /// What people call it; nothing for one that is not known.
    #[must_use]
    pub fn kind_title(&self, kind: &Code, language: Language) -> Option<String> {
        self.kinds(language).into_iter().find(|(code, _)| code == kind.as_str()).map(|(_, title)| title)
    }

    /// Code and title of each kind of incidents that can be reported here.
    #[must_use]
    pub fn kinds(&self, language: Language) -> Vec<(String, String)> {
        let known = KINDS.iter().map(|known| (known.code.to_string(), known.title.text(language).to_string()));
        known.chain(self.incident_kinds.iter().map(|own| (own.code.to_string(), own.title.to_string()))).collect()
    }

    /// The kind that somebody typed, by code or title.
    pub(crate) fn kind_typed(&self, text: &str) -> Option<Code> {
        let titled = [Language::Japanese, Language::English].map(|language| self.kinds(language));
        let found = titled.iter().flatten().find(|(code, title)| code == text || title == text);
        found.map_or(text, |(code, _)| code.as_str()).parse().ok()
    }

    /// Kinds of its own are not one of everybody's, and each is there once; no more than a list that people read.
    pub(crate) fn kinds_are_sound(&self) -> bool {
        let own = &self.incident_kinds;
        own.len() <= OWN_KINDS
            && own.is_sorted_by(|a, b| a.code < b.code)
            && !own.iter().any(|own| KINDS.iter().any(|known| known.code == own.code.as_str()))
    }
}

/// The words of the field, for people who have no register at hand.
pub(crate) fn words(language: Language) -> String {
    let word = |known: &KnownKind| format!("{}={}", known.code, known.title.text(language));
    let words: Vec<String> = KINDS.iter().map(word).collect();
    words.join(" | ")
}

/// Whom an incident has to tell: システム管理者 of each (S2 12(1)), mayor and committee of a leak and of what cannot be put right (S1 15(2)), whoever answers
/// for data and for security of a serious one (S4 22, S2 15(2)). What the policy of then does not know is told to all.
pub(crate) fn required_recipients(policy: &Policy, level: u8, kind: &Code) -> impl Iterator<Item = Role> + use<> {
    let grave = policy.severity(kind).is_none_or(Severity::is_grave);
    let serious = is_serious(policy, level, kind);
    let told = [
        (true, Role::SystemManager),
        (grave, Role::Executive),
        (grave, Role::SecurityCommittee),
        (serious, Role::ChiefSecurityOfficer),
        (serious, Role::DataProtectionManager),
    ];
    told.into_iter().filter(|(asked, _)| *asked).map(|(_, role)| role)
}

/// Whether an incident of this level and kind needs a plan.
pub(crate) fn is_serious(policy: &Policy, level: u8, kind: &Code) -> bool {
    level >= SERIOUS || policy.severity(kind).is_none_or(Severity::is_serious)
}

/// From this threat level on an incident is serious (ours).
pub const SERIOUS: u8 = 3;
/// Most kinds of an office's own.
pub const OWN_KINDS: usize = 32;
