//! Every kind of change, the policy and an act of each kind of signer, byte for byte: `vectors/acts-1.txt`, one name and its bytes a line.

use core::fmt::Write as _;

use minicbor::{Decode, Encode};
use sekisho_register::act::Proposal;
use sekisho_register::change::*;
use sekisho_register::forms::Form;
use sekisho_register::incidents::{OwnKind, Severity};
use sekisho_register::*;
use sekisho_wire::canonical::decode_canonical;
use sekisho_wire::cose::Signer;
use sekisho_wire::decision::Level;
use sekisho_wire::id::*;
use sekisho_wire::record::Retention;

use crate::office::*;

const GOLDEN: &str = include_str!("../../vectors/acts-1.txt");
/// When it is set, the file is written anew: for a change of format that was decided.
const WRITE: &str = "SEKISHO_WRITE_VECTORS";

fn t(hours: u64) -> u64 {
    1_795_000_000_000 + hours * 3_600_000
}

fn permit_number() -> Numbered {
    Numbered { fiscal_year: 2026, number: 12 }
}

fn organisation() -> [(&'static str, Change); 4] {
    let (post, operator) = (code("kakaricho"), code("chiba"));
    [
        ("section", section("jumin", "住民課", SectionState::Suspended)),
        (
            "post",
            Change::Post(SetPost {
                post: post.clone(),
                title: title("住民係長"),
                roles: vec![Role::TerminalManager, Role::DataHandlingManager],
                section: Some(code("jumin")),
                keeper: None,
            }),
        ),
        (
            "hold_post",
            Change::HoldPost(HoldPost {
                post: post.clone(),
                operator: operator.clone(),
                from: t(0),
                to: Some(t(1)),
                deputy: true,
            }),
        ),
        ("leave_post", Change::LeavePost(LeavePost { post, operator, effective: t(2) })),
    ]
}

/// What is left out where it is empty.
fn policy_that_asks() -> Policy {
    Policy {
        qualified_kinds: vec![CardKind::Business, CardKind::Spare],
        permitted_classes: vec![Class::Operators, Class::Cards],
        incident_kinds: vec![OwnKind { code: code("nozoki"), title: title("のぞき見"), severity: Severity::Grave }],
        confirmations: vec![1, 2],
        templates: Some(Hash([7; 32])),
        ..Policy::default()
    }
}

fn people() -> [(&'static str, Change); 6] {
    let designation =
        Designate { class: PersonClass::SystemStaff, terminals: codes(&["mado-1", "mado-2"]), ..designation("chiba") };
    let state = SetOperatorState {
        operator: code("chiba"),
        state: OperatorState::Ended,
        effective: t(3),
        reason: StateReason::LeftDuty,
    };
    let qualification = Qualify {
        operator: code("chiba"),
        kinds: vec![CardKind::Business, CardKind::Spare],
        ground: title("研修 令和8年度"),
        from: t(0),
        to: t(9),
    };
    let withdrawal = WithdrawProfile { operator: code("chiba"), profile: code("p1"), effective: t(4) };
    [
        ("designate", Change::Designate(Box::new(designation))),
        ("operator_state", Change::OperatorState(state)),
        ("profile", profile("chiba", "p1", &["juminhyo", "inkan"])),
        ("withdraw_profile", Change::WithdrawProfile(withdrawal)),
        ("qualify", Change::Qualify(Box::new(qualification))),
        ("end_qualification", Change::EndQualification(EndQualification { operator: code("chiba"), effective: t(4) })),
    ]
}

fn work() -> [(&'static str, Change); 6] {
    let function = SetFunction {
        purpose_required: true,
        essential: true,
        terminal_kind: Some(TerminalKind::Integrated),
        applications: codes(&["juki"]),
        ..set_function("juminhyo", Level::Pin)
    };
    let purpose = SetPurpose {
        purpose: code("mado"),
        title: title("窓口請求"),
        functions: codes(&["juminhyo"]),
        state: UseState::Ended,
    };
    let permit = GivePermit {
        operators: codes(&["chiba"]),
        terminals: codes(&["mado-1"]),
        functions: codes(&["juminhyo"]),
        from: t(5),
        to: t(6),
        reason: code("zangyo"),
    };
    let week = [OpenSpan { open: 510, close: 1035 }; 7];
    [
        ("function", Change::Function(function)),
        ("purpose", Change::Purpose(purpose)),
        ("hours", Change::Hours(SetHours { terminal: Some(code("mado-1")), week })),
        ("calendar", Change::Calendar(SetCalendar { closed: vec![20_780, 20_781], open: vec![20_790] })),
        ("permit", Change::Permit(Box::new(permit))),
        ("end_permit", Change::EndPermit(EndPermit { permit: permit_number(), effective: t(7) })),
    ]
}

fn things() -> [(&'static str, Change); 8] {
    let card = IssueCard { profiles: codes(&["p1"]), ..issue_signing(10, "chiba") };
    let state = SetCardState {
        card: guid(10),
        state: CardState::Revoked,
        reason: StateReason::Stolen,
        effective: t(8),
        disposal: None,
    };
    let activation = ActivateCard {
        card: guid(11),
        operator: code("chiba"),
        profiles: codes(&["p1"]),
        from: t(9),
        to: t(10),
        reason: code("wasure"),
    };
    let terminal = SetTerminal {
        responsible: Some(code("kakaricho")),
        readers: vec![ReaderIdentity::new("usb:04e6:5116:1").unwrap()],
        ..set_terminal()
    };
    let retired = SetTerminalState { terminal: code("mado-1"), state: TerminalUse::Retired, effective: t(11) };
    let epoch = OpenEpoch { terminal: code("mado-1"), epoch: 1, reason: EpochReason::Fork };
    [
        ("issue_card", Change::IssueCard(Box::new(card))),
        ("card_state", Change::CardState(state)),
        ("activate_card", Change::ActivateCard(Box::new(activation))),
        ("reset_pin", Change::ResetPin(ResetPin { card: guid(10), identified: Identified::StaffCard })),
        ("pin_changed", Change::PinChanged(PinChanged { card: guid(10), at: t(12) })),
        ("terminal", Change::Terminal(Box::new(terminal))),
        ("terminal_state", Change::TerminalState(retired)),
        ("open_epoch", Change::OpenEpoch(epoch)),
    ]
}

fn office_wide() -> [(&'static str, Change); 14] {
    let connection = SetConnection {
        state: ConnectionState::Stopped,
        functions: codes(&["juminhyo"]),
        incident: Some(permit_number()),
    };
    let route = SetRoute {
        class: Class::Cards,
        proposers: vec![Role::SystemManager, Role::AccessManager],
        stages: vec![vec![Role::DataProtectionManager]],
        distinct: true,
    };
    let successor =
        SucceedLog { log: Log::Records, kept_size: 70_000, kept_root: Hash([0x44; 32]), signed_size: 70_123 };
    let incident = OpenCase::incident(IncidentClass::Misuse, code("nozoki"), code("mado-1"), Some(guid(10)));
    [
        ("found", Change::Found(Box::new(founding()))),
        ("require_version", Change::RequireVersion(RequireVersion { version: 2 })),
        ("recovery_keys", crate::recovery::new_keys([33, 34, 35])),
        ("connection", Change::Connection(connection)),
        ("policy", Change::Policy(SetPolicy { policy: policy() })),
        ("route", Change::Route(route)),
        ("log_key", Change::LogKey(SetLogKey { log: Log::Casebook, key: edwards_public(50) })),
        ("announce_recovery", crate::recovery::announce(vec![crate::recovery::new_keys([33, 34, 35])])),
        ("end_recovery", crate::recovery::end(Hash([6; 32]), RecoveryEnd::Completed)),
        ("succeed_log", Change::SucceedLog(successor)),
        ("witnesses", Change::Witnesses(witnesses())),
        ("open_case", Change::Open(Box::new(incident))),
        ("take_step", Change::Step(Box::new(every_value()))),
        ("answer", Change::Answer(answer())),
    ]
}

fn kept() -> [(&'static str, Change); 4] {
    let (from, to) = (calendar::Month(2019 * 12 + 3), calendar::Month(2020 * 12 + 3));
    let order = Preserve {
        order: code("r8-hozen-1"),
        state: OrderState::Holds,
        classes: vec![Retention::Access, Retention::Administration],
        from: Some(from),
        to: Some(to),
        incident: Some(permit_number()),
    };
    let texts = EraseTexts {
        cases: vec![CaseTexts {
            case: CaseId { form: Form::Visitor, number: permit_number() },
            texts: vec![NameHash([0x31; 32]), NameHash([0x32; 32])],
        }],
    };
    [
        ("destroy", Change::Destroy(Destroy { class: Retention::Operation, from, to })),
        ("preserve", Change::Preserve(Box::new(order))),
        ("erase_names", Change::EraseNames(EraseNames { operators: codes(&["chiba", "doi"]) })),
        ("erase_texts", Change::EraseTexts(texts)),
    ]
}

fn elsewhere() -> [(&'static str, Change); 6] {
    let (partner, office) = (code("shiranuka"), OfficeId([0x77; 16]));
    let agreement = CaseReference::new("K-2026-1").unwrap();
    let set = SetPartner {
        partner: partner.clone(),
        office,
        title: title("白糠町"),
        ledger: title("ledger.example"),
        key: edwards_public(54),
    };
    let (classes, from, to) = (vec![Class::Operators, Class::Cards], t(14), t(15));
    let entrust = Entrust { partner: partner.clone(), agreement: agreement.clone(), classes, from, to };
    let admit = Admit {
        designation: designation("guest"),
        partner: partner.clone(),
        home: code("k-12"),
        card: guid(61),
        authentication: public(61, Slot::Authentication),
        signature: Some(public(61, Slot::Signature)),
        presence: public(61, Slot::Presence),
    };
    let shared = SharePolicy { office, agreement, policy: Some(policy()), from: t(17) };
    let shown = ShowShared {
        office,
        entry: Proposal(vec![1, 2, 3]),
        index: 7,
        proof: vec![Hash([0x55; 32]), Hash([0x66; 32])],
        checkpoint: "a signed note\n".into(),
    };
    [
        ("partner", Change::Partner(Box::new(set))),
        ("entrust", Change::Entrust(entrust)),
        ("end_trust", Change::EndTrust(EndTrust { partner, effective: t(16) })),
        ("admit", Change::Admit(Box::new(admit))),
        ("share_policy", Change::SharePolicy(Box::new(shared))),
        ("show_shared", Change::ShowShared(Box::new(shown))),
    ]
}

fn witnesses() -> SetWitnesses {
    let witness = |name: &str, seed| Witness { name: title(name), key: edwards_public(seed) };
    SetWitnesses { witnesses: vec![witness("w1.example.jp", 51), witness("w2.example.jp", 52)], needed: 1 }
}

fn policy() -> Policy {
    Policy { out_of_hours_kinds: vec![CardKind::CardManagement, CardKind::Emergency], ..Policy::default() }
}

fn changes() -> Vec<(&'static str, Change)> {
    let mut changes = Vec::new();
    changes.extend(organisation());
    changes.extend(people());
    changes.extend(work());
    changes.extend(things());
    changes.extend(office_wide());
    changes.extend(kept());
    changes.extend(elsewhere());
    changes.sort_by_key(|(_, change)| change.kind());
    changes
}

/// A whole signed act for each letter of a key id (wire §5.3), and an approval with every field that an act can have.
fn acts() -> [(&'static str, Vec<u8>); 4] {
    let act = Act {
        version: 1,
        critical: true,
        office: OfficeId([0x11; 16]),
        log: Log::Casebook,
        salt: Salt([0x22; 16]),
        made: t(0),
        expires: t(24),
        seen_size: 3,
        seen_root: Hash([0x33; 32]),
        post: None,
        as_deputy: false,
        request: None,
        agreement: None,
        changes: vec![Change::CardState(SetCardState {
            card: guid(10),
            state: CardState::Suspended,
            reason: StateReason::Lost,
            effective: t(0),
            disposal: None,
        })],
        proposal: None,
        effective: None,
        paper: None,
        permit: None,
    };
    let in_post = Act {
        post: Some(code("chief")),
        as_deputy: true,
        request: Some(CaseReference::new("R8-0012").unwrap()),
        agreement: Some(CaseReference::new("R8-0013").unwrap()),
        effective: Some(t(13)),
        permit: Some(Numbered { fiscal_year: 2026, number: 7 }),
        ..act.clone()
    };
    let by_card = sign_card(&in_post, 1);
    let proposal = Some(Proposal(by_card.clone()));
    let approval = Act { log: Log::Register, post: Some(code("vice")), changes: vec![], proposal, ..act.clone() };
    [
        ("act_by_card", by_card),
        ("act_by_terminal", sign_edwards(&act, Signer::Terminal(code("mado-1")), TERMINAL_SEED)),
        ("act_by_recovery_key", sign_edwards(&act, Signer::Recovery(edwards_public(30).0), 30)),
        ("approval_by_card", sign_card(&approval, 2)),
    ]
}

fn bytes_of<T: Encode<()>>(value: &T) -> Vec<u8> {
    minicbor::to_vec(value).unwrap()
}

/// As written now.
fn written() -> String {
    let mut lines = String::new();
    let mut line = |name: &str, bytes: &[u8]| {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(lines, "{name} {hex}").unwrap();
    };
    changes().iter().for_each(|(name, change)| line(&format!("{}_{name}", change.kind()), &bytes_of(change)));
    line("policy", &bytes_of(&policy()));
    line("policy_that_asks", &bytes_of(&policy_that_asks()));
    acts().iter().for_each(|(name, entry)| line(name, entry));
    lines
}

/// The bytes of a name in the file.
fn golden(name: &str) -> Vec<u8> {
    let mut lines = GOLDEN.lines().filter_map(|line| line.split_once(' '));
    let hex = lines.find(|(known, _)| *known == name).map_or_else(|| panic!("no {name}"), |(_, hex)| hex);
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// What the file says is read as `value`, in its one spelling.
fn reads_as<T>(name: &str, value: &T)
where
    T: for<'b> Decode<'b, ()> + Encode<()> + PartialEq + core::fmt::Debug,
{
    let bytes = golden(name);
    assert_eq!(&decode_canonical::<T>("golden", &bytes).unwrap(), value, "{name}");
}

#[test]
fn the_bytes_of_every_change_and_of_every_signer_never_change() {
    let now = written();
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/acts-1.txt"), &now).unwrap();
        return;
    }
    assert_eq!(now, GOLDEN, "bytes of acts changed:\n{now}");
}

#[test]
fn every_kind_of_change_is_among_the_golden_bytes_and_is_read_from_them() {
    let changes = changes();
    let kinds: Vec<u16> = changes.iter().map(|(_, change)| change.kind()).collect();
    assert_eq!(kinds, Change::KINDS);
    changes.iter().for_each(|(name, change)| reads_as(&format!("{}_{name}", change.kind()), change));
    reads_as("policy", &policy());
    reads_as("policy_that_asks", &policy_that_asks());
}

#[test]
fn golden_acts_are_read_and_come_out_as_they_were() {
    for (name, entry) in acts() {
        let bytes = golden(name);
        let signed = SignedAct::decode(&bytes).unwrap();
        assert_eq!(signed, SignedAct::decode(&entry).unwrap(), "{name}");
        let again = signed.act().to_be_signed(signed.signer()).finish(signed.signature().0);
        assert_eq!(again, bytes, "{name}");
    }
    let approval = SignedAct::decode(&golden("approval_by_card")).unwrap();
    assert_eq!(approval.proposal().unwrap(), Some(SignedAct::decode(&golden("act_by_card")).unwrap()));
}

/// A step with each kind of value; no form has all of them, and none is asked.
fn every_value() -> TakeStep {
    let case = CaseId { form: Form::Incident, number: Numbered { fiscal_year: 2026, number: 3 } };
    let values = [
        Value::Text(NameHash([8; 32])),
        Value::Code(code("leak")),
        Value::Card(guid(10)),
        Value::Moment(1_790_000_000_000),
        Value::Day(20_500),
        Value::Number(3),
        Value::Choice(1),
        Value::Document(title("白総第12号")),
        Value::Case(case),
        Value::Act(Hash([7; 32])),
        Value::Record(70_123),
        Value::Roles(vec![Role::Executive, Role::SecurityCommittee]),
    ];
    let fields = (1..).zip(values).map(|(key, value)| Field { key, value }).collect();
    TakeStep { case, step: 5, fields }
}

fn answer() -> AnswerAct {
    AnswerAct { act: Hash([7; 32]), answer: Answer::Refused, reason: Some(NameHash([9; 32])) }
}
