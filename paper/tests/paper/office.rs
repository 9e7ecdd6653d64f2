//! A small office: two administrators, a clerk, a terminal, cards that became something.

use std::collections::BTreeMap;

use sekisho_paper::registers::begins;
use sekisho_paper::{AsOf, Names};
use sekisho_register::act::{ACT_VERSION, Proposal};
use sekisho_register::calendar::{Date, day_of_date, fiscal_year, local_day, moment};
use sekisho_register::change::{
    ActivateCard, Administrator, Admit, CardKind, CardState, Change, Designate, Disposal, Found, FoundingKeys,
    GivePermit, GiveProfile, IssueCard, Log, OperatorState, PersonClass, Recovery, SectionState, SetCardState,
    SetFunction, SetOperatorState, SetPartner, SetSection, SetTerminal, StateReason, TerminalKind, UseState,
};
use sekisho_register::{
    Act, Concluded, Ed25519Key, NO_OFFICE, NameHash, P256Key, Policy, PublicKeyBytes, Register, SignedAct, Title,
    office_of,
};
use sekisho_wire::cose::Signer;
use sekisho_wire::decision::Level;
use sekisho_wire::id::{CardGuid, CaseReference, Code, Hash, OfficeId, Salt};

/// Noon of a day in Japan.
pub(crate) fn noon(year: u16, month: u8, day: u8) -> u64 {
    moment(day_of_date(Date { year, month, day }), 12 * 60)
}

pub(crate) fn code(text: &str) -> Code {
    Code::new(text).unwrap()
}

fn title(text: &str) -> Title {
    Title::new(text).unwrap()
}

/// The log, as a desk keeps it. Nobody signs: each entry is folded as one that was verified before.
#[derive(Clone, Default)]
pub(crate) struct Office {
    pub(crate) register: Register,
    entries: Vec<Vec<u8>>,
    made: Vec<u64>,
    names: BTreeMap<NameHash, String>,
    pub(crate) id: Option<OfficeId>,
}

impl Names for Office {
    fn name(&self, hash: &NameHash) -> Option<&str> {
        self.names.get(hash).map(String::as_str)
    }

    fn is_erased(&self, _: &NameHash) -> bool {
        false
    }

    fn made(&self, index: u64) -> Option<u64> {
        self.made.get(usize::try_from(index).unwrap()).copied()
    }

    fn entry(&self, index: u64) -> Option<&[u8]> {
        self.entries.get(usize::try_from(index).unwrap()).map(Vec::as_slice)
    }
}

impl Office {
    pub(crate) fn as_of(&self, at: u64) -> AsOf<'_> {
        AsOf { register: &self.register, names: self, at, cases: None, sight: None }
    }

    /// The register when the log had so many entries.
    pub(crate) fn register_at(&self, size: usize) -> Register {
        let mut register = Register::new();
        for entry in &self.entries[..size] {
            register.fold_stored(entry, Concluded::Accepted).unwrap();
        }
        register
    }

    pub(crate) fn name_of(&mut self, number: u8, text: &str) -> NameHash {
        let hash = NameHash::of(&Salt([number; 16]), text);
        self.names.insert(hash, text.to_owned());
        hash
    }

    pub(crate) fn act(&mut self, made: u64, changes: Vec<Change>) {
        let act = self.draft(made, changes);
        self.fold(&act);
    }

    /// What nobody decides alone: the second proposes, the first approves.
    pub(crate) fn by_two(&mut self, made: u64, changes: Vec<Change>) {
        let proposal = Act { log: Log::Casebook, salt: Salt([255; 16]), ..self.draft(made, changes) };
        let proposal = proposal.to_be_signed(&Signer::Card(CardGuid([2; 16]))).finish([0; 64]);
        let approval = Act { proposal: Some(Proposal(proposal)), ..self.draft(made, Vec::new()) };
        self.fold(&approval);
    }

    fn draft(&self, made: u64, changes: Vec<Change>) -> Act {
        Act {
            version: ACT_VERSION,
            critical: true,
            office: self.id.unwrap_or(NO_OFFICE),
            log: Log::Register,
            salt: Salt([u8::try_from(self.entries.len()).unwrap(); 16]),
            made,
            expires: made + 1000,
            seen_size: self.register.size(),
            seen_root: self.register.root(),
            post: self.id.map(|_| code("kacho")),
            as_deputy: false,
            request: Some(CaseReference::new(&format!("R8-{}", self.entries.len())).unwrap()),
            agreement: None,
            changes,
            proposal: None,
            effective: None,
            paper: None,
            permit: None,
        }
    }

    fn fold(&mut self, act: &Act) {
        let entry = act.to_be_signed(&Signer::Card(CardGuid([1; 16]))).finish([0; 64]);
        self.register.fold_stored(&entry, Concluded::Accepted).unwrap();
        self.id.get_or_insert_with(|| office_of(&SignedAct::decode(&entry).unwrap()));
        self.entries.push(entry);
        self.made.push(act.made);
    }

    /// The card of that number; its keys are those of no other.
    fn card(number: u8, kind: CardKind, operator: Option<&str>, from: u64) -> IssueCard {
        let key = |slot: u8| P256Key([number * 4 + slot; 33]);
        IssueCard {
            card: CardGuid([number; 16]),
            kind,
            operator: operator.map(code),
            profiles: Vec::new(),
            authentication: key(1),
            signature: None,
            presence: key(2),
            from,
            to: noon(2027, 4, 1) - 12 * 60 * 60 * 1000,
            dormant: operator.is_none(),
        }
    }

    fn found(&mut self) {
        let made = noon(2026, 4, 1);
        let key = Ed25519Key([9; 32]);
        let names = [self.name_of(1, "佐藤 一郎"), self.name_of(2, "鈴木 花子")];
        let administrator = |number: u8, name| Administrator {
            operator: code(&format!("000{number}")),
            name,
            post: code("kacho"),
            card: IssueCard {
                signature: Some(P256Key([number * 4 + 3; 33])),
                to: noon(2030, 4, 1),
                ..Self::card(number, CardKind::Business, Some(&format!("000{number}")), made)
            },
        };
        let found = Found {
            ledger: title("ledger.sekisho.example"),
            title: title("関所町"),
            jurisdiction: code("131016"),
            keys: FoundingKeys {
                records: key,
                register: key,
                casebook: key,
                envelope: PublicKeyBytes::new(&[4; 65]).unwrap(),
            },
            administrators: vec![administrator(1, names[0]), administrator(2, names[1])],
            recovery: Recovery { k: 1, keys: vec![key] },
            policy: Policy::default(),
        };
        self.act(made, vec![Change::Found(Box::new(found))]);
    }

    /// A year of an office.
    pub(crate) fn of_2026() -> Self {
        let mut office = Self::default();
        office.found();
        let section = |section: &str, name: &str| {
            let (section, title) = (code(section), title(name));
            Change::Section(SetSection { section, title, state: SectionState::Open, effective: noon(2026, 4, 1) })
        };
        let function = |function: &str, name: &str| {
            Change::Function(SetFunction {
                function: code(function),
                title: title(name),
                level: Level::Session,
                purpose_required: false,
                essential: false,
                terminal_kind: None,
                applications: Vec::new(),
                state: UseState::InUse,
                management: false,
            })
        };
        let terminal = SetTerminal {
            terminal: code("jumin-1"),
            kind: TerminalKind::Business,
            section: code("jumin"),
            responsible: Some(code("kacho")),
            functions: vec![code("juminhyo.issue")],
            readers: Vec::new(),
            key: Ed25519Key([3; 32]),
        };
        office.act(
            noon(2026, 4, 2),
            vec![
                section("jumin", "住民課"),
                section("zeimu", "税務課"),
                function("juminhyo.issue", "住民票の写しの交付"),
                function("zei.query", "税情報の照会"),
                Change::Terminal(Box::new(terminal)),
            ],
        );
        office.designate(noon(2026, 4, 3), 3, "10023", "田中 次郎", "jumin");
        let profile = GiveProfile {
            operator: code("10023"),
            profile: code("jumin-a"),
            functions: vec![code("juminhyo.issue")],
            from: noon(2026, 4, 3),
            to: noon(2027, 4, 1),
        };
        office.act(noon(2026, 4, 3), vec![Change::Profile(profile)]);
        let issue = |number, kind, operator: Option<&str>| {
            Change::IssueCard(Box::new(Self::card(number, kind, operator, noon(2026, 4, 4))))
        };
        office.act(
            noon(2026, 4, 4),
            vec![
                issue(3, CardKind::Business, Some("10023")),
                issue(4, CardKind::Spare, None),
                issue(5, CardKind::Emergency, None),
            ],
        );
        office.act(
            noon(2026, 5, 7),
            vec![Change::ActivateCard(Box::new(ActivateCard {
                card: CardGuid([4; 16]),
                operator: code("10023"),
                profiles: Vec::new(),
                from: noon(2026, 5, 7),
                to: noon(2026, 5, 8),
                reason: code("forgot"),
            }))],
        );
        office.state(noon(2026, 6, 1), 3, CardState::Revoked, StateReason::Lost);
        office.state(noon(2026, 6, 2), 5, CardState::Disposed, StateReason::Damaged);
        office.act(
            noon(2026, 6, 10),
            vec![Change::Permit(Box::new(GivePermit {
                operators: vec![code("10023")],
                terminals: vec![code("jumin-1")],
                functions: Vec::new(),
                from: noon(2026, 6, 13),
                to: noon(2026, 6, 14),
                reason: code("election"),
            }))],
        );
        office
    }

    pub(crate) fn designate(&mut self, made: u64, number: u8, operator: &str, name: &str, section: &str) {
        let name = self.name_of(number, name);
        let designate = Designate {
            operator: code(operator),
            name,
            class: PersonClass::Operator,
            section: code(section),
            from: made,
            to: begins(fiscal_year(made) + 1),
            terminals: Vec::new(),
            sections: vec![code(section)],
        };
        self.act(made, vec![Change::Designate(Box::new(designate))]);
    }

    pub(crate) fn state(&mut self, made: u64, card: u8, state: CardState, reason: StateReason) {
        let card = CardGuid([card; 16]);
        let disposal = (state == CardState::Disposed).then(|| Disposal {
            on: local_day(made),
            method: title("券面裁断・ICチップ破壊"),
            person: code("0002"),
            witness: Some(code("0001")),
        });
        self.act(made, vec![Change::CardState(SetCardState { card, state, reason, effective: made, disposal })]);
    }

    pub(crate) fn leaves(&mut self, made: u64, operator: &str) {
        let (operator, state, reason) = (code(operator), OperatorState::Ended, StateReason::LeftDuty);
        self.act(made, vec![Change::OperatorState(SetOperatorState { operator, state, effective: made, reason })]);
    }

    /// Somebody of 隣町, designated here for this fiscal year, with the card of that number.
    pub(crate) fn admit(&mut self, made: u64, number: u8, operator: &str, name: &str) {
        let partner = SetPartner {
            partner: code("tonari"),
            office: OfficeId([7; 16]),
            title: title("隣町"),
            ledger: title("ledger.tonari.example"),
            key: Ed25519Key([9; 32]),
        };
        let designation = Designate {
            operator: code(operator),
            name: self.name_of(number, name),
            class: PersonClass::Operator,
            section: code("jumin"),
            from: made,
            to: begins(fiscal_year(made) + 1),
            terminals: Vec::new(),
            sections: vec![code("jumin")],
        };
        let keys = Self::card(number, CardKind::Business, Some(operator), made);
        let admit = Admit {
            designation,
            partner: code("tonari"),
            home: code("88"),
            card: keys.card,
            authentication: keys.authentication,
            signature: None,
            presence: keys.presence,
        };
        self.by_two(made, vec![Change::Partner(Box::new(partner))]);
        self.by_two(made, vec![Change::Admit(Box::new(admit))]);
    }

    /// Designates somebody who is known anew, from the act on and until that moment.
    pub(crate) fn designate_until(&mut self, made: u64, number: u8, operator: &str, name: &str, to: u64) {
        let designate = Designate {
            operator: code(operator),
            name: self.name_of(number, name),
            class: PersonClass::Operator,
            section: code("jumin"),
            from: made,
            to,
            terminals: Vec::new(),
            sections: vec![code("jumin")],
        };
        self.act(made, vec![Change::Designate(Box::new(designate))]);
    }

    /// From now on the ledger shows that name no more; nothing erased it.
    pub(crate) fn forget(&mut self, name: &str) {
        self.names.retain(|_, known| known != name);
    }

    pub(crate) fn root(&self) -> Hash {
        self.register.root()
    }
}
