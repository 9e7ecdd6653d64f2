//! A small office: two administrators, one clerk, one terminal, each with keys that sign.

use ed25519_dalek::Signer as _;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use sekisho_register::calendar::{Date, day_of_date, moment};
use sekisho_register::change::*;
use sekisho_register::*;
use sekisho_wire::cose::Signer;
use sekisho_wire::decision::*;
use sekisho_wire::id::*;

/// 2026-11-24 is a Tuesday; 10:00 in Japan.
pub(crate) fn tuesday_ten() -> u64 {
    at(2026, 11, 24, 10)
}

pub(crate) fn at(year: u16, month: u8, day: u8, hour: u16) -> u64 {
    moment(day_of_date(Date { year, month, day }), hour * 60)
}

pub(crate) fn code(text: &str) -> Code {
    Code::new(text).unwrap()
}

pub(crate) fn codes(texts: &[&str]) -> Vec<Code> {
    texts.iter().map(|text| code(text)).collect()
}

pub(crate) fn title(text: &str) -> Title {
    Title::new(text).unwrap()
}

pub(crate) fn guid(card: u8) -> CardGuid {
    CardGuid([card; 16])
}

#[derive(Clone, Copy)]
pub(crate) enum Slot {
    Authentication = 1,
    Signature = 2,
    Presence = 3,
}

pub(crate) fn card_key(card: u8, slot: Slot) -> p256::ecdsa::SigningKey {
    let mut seed = [card; 32];
    seed[31] = slot as u8;
    p256::ecdsa::SigningKey::from_slice(&seed).unwrap()
}

pub(crate) fn public(card: u8, slot: Slot) -> P256Key {
    let point = card_key(card, slot).verifying_key().to_encoded_point(true);
    P256Key(point.as_bytes().try_into().unwrap())
}

pub(crate) fn sign_with_card(card: u8, slot: Slot, digest: &[u8; 32]) -> [u8; 64] {
    let signature: p256::ecdsa::Signature = card_key(card, slot).sign_prehash(digest).unwrap();
    signature.to_bytes().into()
}

pub(crate) fn edwards(seed: u8) -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[seed; 32])
}

pub(crate) fn edwards_public(seed: u8) -> Ed25519Key {
    Ed25519Key(edwards(seed).verifying_key().to_bytes())
}

pub(crate) const TERMINAL_SEED: u8 = 40;

pub(crate) fn issue(card: u8, operator: Option<&str>) -> IssueCard {
    IssueCard {
        card: guid(card),
        kind: CardKind::Business,
        operator: operator.map(code),
        profiles: vec![],
        authentication: public(card, Slot::Authentication),
        signature: None,
        presence: public(card, Slot::Presence),
        from: at(2026, 4, 1, 0),
        to: at(2027, 4, 1, 0),
        dormant: false,
    }
}

/// As [`issue`], with a key that signs acts: takes two persons.
pub(crate) fn issue_signing(card: u8, operator: &str) -> IssueCard {
    IssueCard { signature: Some(public(card, Slot::Signature)), ..issue(card, Some(operator)) }
}

fn administrator(operator: &str, post: &str, card: u8) -> Administrator {
    let card = IssueCard { kind: CardKind::CardManagement, to: at(2030, 4, 1, 0), ..issue_signing(card, operator) };
    Administrator {
        operator: code(operator),
        name: NameHash::of(&Salt([card.card.0[0]; 16]), operator),
        post: code(post),
        card,
    }
}

pub(crate) fn founding() -> Found {
    Found {
        ledger: title("ledger.example"),
        title: title("関所町"),
        jurisdiction: code("011011"),
        keys: FoundingKeys {
            records: edwards_public(20),
            register: edwards_public(21),
            casebook: edwards_public(22),
            envelope: PublicKeyBytes::new(&[4; 65]).unwrap(),
        },
        administrators: vec![administrator("aoki", "chief", 1), administrator("baba", "vice", 2)],
        recovery: Recovery { k: 2, keys: vec![edwards_public(30), edwards_public(31), edwards_public(32)] },
        policy: Policy::default(),
    }
}

#[derive(Clone)]
pub(crate) struct Office {
    pub(crate) register: Register,
    pub(crate) casebook: Casebook,
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) now: u64,
    salts: u8,
}

/// The act in an entry, and its signer, where it was made over this very register.
fn made_over(register: &Register, entry: &[u8]) -> Option<(Act, Signer)> {
    let signed = SignedAct::decode(entry).ok()?;
    let here = signed.act().seen_size == register.size() && register.office().is_some();
    here.then(|| (signed.act().clone(), signed.signer().clone()))
}

impl Office {
    pub(crate) fn empty() -> Self {
        Self { register: Register::new(), casebook: Casebook::new(), entries: vec![], now: tuesday_ten(), salts: 0 }
    }

    pub(crate) fn founded() -> Self {
        let mut office = Self::empty();
        let mut act = office.draft(vec![Change::Found(Box::new(founding()))]);
        act.post = None;
        let entry = sign_card(&act, 1);
        office.take(&entry).unwrap();
        office
    }

    /// With sections, functions, a purpose, a terminal, a clerk (card 10) and the clerk's profile.
    pub(crate) fn furnished() -> Self {
        let mut office = Self::founded();
        office
            .approved(vec![
                section("jumin", "住民課", SectionState::Open),
                section("zeimu", "税務課", SectionState::Open),
                function("juminhyo", Level::Session),
                function("inkan", Level::Session),
                Change::Purpose(SetPurpose {
                    purpose: code("mado"),
                    title: title("窓口請求"),
                    functions: codes(&["juminhyo"]),
                    state: UseState::InUse,
                }),
                terminal(),
                designate("chiba"),
                profile("chiba", "p1", &["juminhyo"]),
                Change::IssueCard(Box::new(issue_signing(10, "chiba"))),
            ])
            .unwrap();
        office
    }

    /// An unsigned act of the chief over the register as it stands.
    pub(crate) fn draft(&mut self, changes: Vec<Change>) -> Act {
        self.salts = self.salts.wrapping_add(1);
        let mut salt = [self.salts; 16];
        salt[..8].copy_from_slice(&self.register.size().to_be_bytes());
        Act {
            version: 1,
            critical: true,
            office: self.register.office().unwrap_or(NO_OFFICE),
            log: Log::Register,
            salt: Salt(salt),
            made: self.now,
            expires: self.now + 24 * 60 * 60 * 1000,
            seen_size: self.register.size(),
            seen_root: self.register.root(),
            post: Some(code("chief")),
            as_deputy: false,
            request: None,
            agreement: None,
            changes,
            proposal: None,
            effective: None,
            paper: None,
            permit: None,
        }
    }

    pub(crate) fn take(&mut self, entry: &[u8]) -> Result<Folded, FoldRefusal> {
        // What the ledger asks first and what the fold says must never differ.
        let asked = self.register.would_accept(entry, self.now);
        let rehearsed = made_over(&self.register, entry);
        let before = if rehearsed.is_some() { self.register.clone() } else { Register::new() };
        let folded = self.register.fold(entry);
        assert_eq!(asked, folded);
        if let Some((act, signer)) = &rehearsed {
            let said = before.rehearse(act, signer);
            assert!(said.is_ok() || folded.is_err(), "a rehearsal refuses what is taken: {said:?}");
        }
        self.entries.push(entry.to_vec());
        folded
    }

    /// The register of that size, from its entries.
    pub(crate) fn register_at(&self, size: u64) -> Register {
        let mut register = Register::new();
        for entry in self.entries.iter().take(usize::try_from(size).unwrap_or(usize::MAX)) {
            let _ = register.fold(entry);
        }
        register
    }

    /// What the ledger asks before it files an act.
    pub(crate) fn would_file(&self, entry: &[u8]) -> Result<Filed, FoldRefusal> {
        let looked = self.casebook.look(&self.register, entry, self.now);
        if let Some((act, signer)) = made_over(&self.register, entry) {
            let said = self.casebook.rehearse(&self.register, &act, &signer);
            assert!(said.is_ok() || looked.is_err(), "a rehearsal refuses what is filed: {said:?}");
            // What somebody filled in or may not do he hears before he signs.
            if let Err(refusal) = &looked
                && said.is_ok()
            {
                let of_the_moment = [
                    "signature_wrong",
                    "made_in_future",
                    "expired",
                    "other_history",
                    "seen_ahead",
                    "signer_not_current",
                ];
                assert!(of_the_moment.contains(&refusal.code()), "a rehearsal says nothing of {refusal:?}");
            }
        }
        let unopposed = looked?;
        assert_eq!(unopposed.judged_by(), self.casebook.judged_by(entry));
        let filed = self.casebook.would_accept(&self.register_at(unopposed.judged_by()), &unopposed);
        // For nothing that is refused in the end is a register folded.
        assert!(filed.is_ok(), "{filed:?}");
        filed
    }

    /// Files an act in the casebook.
    pub(crate) fn file(&mut self, entry: &[u8]) -> Result<Filed, FoldRefusal> {
        let judge = self.register_at(self.casebook.judged_by(entry));
        self.casebook.fold(&judge, entry)
    }

    /// The chief changes something.
    pub(crate) fn act(&mut self, changes: Vec<Change>) -> Result<Folded, FoldRefusal> {
        let act = self.draft(changes);
        self.take(&sign_card(&act, 1))
    }

    /// The chief proposes, the vice approves.
    pub(crate) fn approved(&mut self, changes: Vec<Change>) -> Result<Folded, FoldRefusal> {
        let proposal = self.proposal(changes);
        let entry = self.approval(&proposal, "vice", 2);
        self.take(&entry)
    }

    pub(crate) fn proposal(&mut self, changes: Vec<Change>) -> Vec<u8> {
        let mut act = self.draft(changes);
        act.log = Log::Casebook;
        sign_card(&act, 1)
    }

    pub(crate) fn approval(&mut self, proposal: &[u8], post: &str, card: u8) -> Vec<u8> {
        let mut act = self.draft(vec![]);
        act.proposal = Some(act::Proposal(proposal.to_vec()));
        act.post = Some(code(post));
        sign_card(&act, card)
    }

    /// A granted request for a resident's record, the clerk's card in the reader.
    pub(crate) fn request(&self) -> DecisionInput {
        DecisionInput {
            rules: RULES_VERSION,
            register: self.register.size(),
            office: self.register.office().unwrap(),
            terminal: code("mado-1"),
            reader: Some(ReaderIdentity::new("usb:04e6:5116:1").unwrap()),
            state: TerminalState::Open,
            request: Request::Function,
            level: Level::Session,
            card: Some(guid(10)),
            operator: Some(code("chiba")),
            profile: Some(code("p1")),
            section: Some(code("jumin")),
            session: Some(SessionId([5; 16])),
            session_kind: SessionKind::Ordinary,
            opened: Some(self.now - 60_000),
            application: None,
            function: Some(code("juminhyo")),
            purpose: Some(code("mado")),
            case: None,
            permit: None,
            time: self.now,
            clock: ClockState::Sound,
            note_time: Some(self.now - 1000),
            note_until: Some(self.now + 60_000),
            worked: 0,
            worked_today: 0,
            grant: None,
            reported: None,
            home: None,
            pin_changed: None,
        }
    }

    /// As [`Self::request`], to open the session.
    pub(crate) fn login(&self) -> DecisionInput {
        DecisionInput {
            state: TerminalState::AwaitPin,
            request: Request::Open,
            level: Level::Pin,
            opened: None,
            function: None,
            purpose: None,
            ..self.request()
        }
    }

    /// As [`Self::login`], to open a locked session again.
    pub(crate) fn unlock(&self) -> DecisionInput {
        DecisionInput {
            state: TerminalState::Locked,
            request: Request::Unlock,
            opened: Some(self.now - 60_000),
            ..self.login()
        }
    }

    /// As [`Self::login`], to have the PIN of the card changed.
    pub(crate) fn change_of_pin(&self) -> DecisionInput {
        DecisionInput { request: Request::ChangePin, profile: None, session: None, ..self.login() }
    }
}

pub(crate) fn sign_card(act: &Act, card: u8) -> Vec<u8> {
    let to_be_signed = act.to_be_signed(&Signer::Card(guid(card)));
    let signature = sign_with_card(card, Slot::Signature, &to_be_signed.digest);
    to_be_signed.finish(signature)
}

pub(crate) fn sign_edwards(act: &Act, signer: Signer, seed: u8) -> Vec<u8> {
    let to_be_signed = act.to_be_signed(&signer);
    let signature = edwards(seed).sign(&to_be_signed.signed_bytes()).to_bytes();
    to_be_signed.finish(signature)
}

pub(crate) fn section(section: &str, name: &str, state: SectionState) -> Change {
    Change::Section(SetSection { section: code(section), title: title(name), state, effective: at(2026, 4, 1, 0) })
}

pub(crate) fn set_function(function: &str, level: Level) -> SetFunction {
    SetFunction {
        function: code(function),
        title: title(if function == "juminhyo" { "住民票の写しの交付" } else { "印鑑登録証明" }),
        level,
        purpose_required: false,
        essential: false,
        terminal_kind: None,
        applications: vec![],
        state: UseState::InUse,
        management: false,
    }
}

pub(crate) fn function(function: &str, level: Level) -> Change {
    Change::Function(set_function(function, level))
}

pub(crate) fn set_terminal() -> SetTerminal {
    SetTerminal {
        terminal: code("mado-1"),
        kind: TerminalKind::Business,
        section: code("jumin"),
        responsible: None,
        functions: codes(&["juminhyo"]),
        readers: vec![],
        key: edwards_public(TERMINAL_SEED),
    }
}

pub(crate) fn terminal() -> Change {
    Change::Terminal(Box::new(set_terminal()))
}

pub(crate) fn designation(operator: &str) -> Designate {
    Designate {
        operator: code(operator),
        name: NameHash::of(&Salt([9; 16]), operator),
        class: PersonClass::Operator,
        section: code("jumin"),
        from: at(2026, 4, 1, 0),
        to: at(2027, 4, 1, 0),
        terminals: vec![],
        sections: codes(&["jumin"]),
    }
}

pub(crate) fn designate(operator: &str) -> Change {
    Change::Designate(Box::new(designation(operator)))
}

pub(crate) fn profile(operator: &str, profile: &str, functions: &[&str]) -> Change {
    Change::Profile(GiveProfile {
        operator: code(operator),
        profile: code(profile),
        functions: codes(functions),
        from: at(2026, 4, 1, 0),
        to: at(2027, 4, 1, 0),
    })
}

pub(crate) fn card_state(card: u8, state: CardState, effective: u64) -> Change {
    let disposal = (state == CardState::Disposed).then(|| Disposal {
        on: calendar::local_day(tuesday_ten()),
        method: title("裁断"),
        person: code("aoki"),
        witness: Some(code("baba")),
    });
    Change::CardState(SetCardState { card: guid(card), state, reason: StateReason::Other, effective, disposal })
}
