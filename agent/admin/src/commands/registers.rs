//! Registers as plain tables, as they stood on a date (台帳), and lists of permits and routes.

use sekisho_register::Register;
use sekisho_register::calendar::local_day;
use sekisho_register::cards::Card;
use sekisho_register::change::{CardState, OperatorState, PersonClass, TerminalKind, TerminalUse};
use sekisho_register::people::{Designation, Operator, Standing};
use sekisho_register::role::{Class, Role};
use sekisho_register::wareki::{day_text, moment_text, numbered, wareki};
use sekisho_wire::decision::Level;
use sekisho_wire::id::Code;
use sekisho_wire::words::Language;

use crate::cli::{RegisterCommand, Which};
use crate::clock;
use crate::dates::Edge;
use crate::desk::Desk;
use crate::error::AdminError;
use crate::register_cache::RegisterCache;
use crate::screen::{Lists, Screen};
use crate::table::Table;

pub(super) fn run(desk: &mut Desk, command: RegisterCommand) -> Result<(), AdminError> {
    let RegisterCommand::Print { which, as_of } = command;
    desk.log_in()?;
    // "As of a day" is as of its end: what was decided on that day counts.
    let at = as_of.map_or_else(clock::now, |date| date.moment(Edge::Until).saturating_sub(1));
    if desk.screen.lists == Lists::Text {
        let title = desk.cache.register().title();
        let (size, language) = (desk.cache.size(), desk.screen.language);
        let heading = match language {
            Language::Japanese => format!("{title} {}  {} 現在(登録簿 {size} 件)", name(which, language), wareki(at)),
            Language::English => {
                format!("{title}: {}  as of {} ({size} entries)", name(which, language), moment_text(at, language))
            }
        };
        desk.screen.print(&heading)?;
    }
    print(desk, which, at)
}

/// The register as it is now.
pub(super) fn print_now(desk: &mut Desk, which: Which) -> Result<(), AdminError> {
    desk.log_in()?;
    print(desk, which, clock::now())
}

fn print(desk: &Desk, which: Which, at: u64) -> Result<(), AdminError> {
    let printer = Printer { screen: &desk.screen, cache: &desk.cache, register: desk.cache.register(), at };
    desk.screen.print_table(&match which {
        Which::Operators => printer.people(|_| true),
        Which::SystemStaff => printer.people(|operator| printer.is_system_staff(operator)),
        Which::Cards => printer.cards(),
        Which::Terminals => printer.terminals(),
        Which::Functions => printer.functions(),
    })
}

const fn name(which: Which, language: Language) -> &'static str {
    match (which, language) {
        (Which::Operators, Language::Japanese) => "操作者名簿",
        (Which::SystemStaff, Language::Japanese) => "電算要員登録台帳",
        (Which::Cards, Language::Japanese) => "操作者カード管理簿",
        (Which::Terminals, Language::Japanese) => "端末機管理簿",
        (Which::Functions, Language::Japanese) => "業務機能一覧",
        (Which::Operators, Language::English) => "register of operators",
        (Which::SystemStaff, Language::English) => "register of system staff",
        (Which::Cards, Language::English) => "register of cards",
        (Which::Terminals, Language::English) => "register of terminals",
        (Which::Functions, Language::English) => "functions",
    }
}

struct Printer<'a> {
    screen: &'a Screen,
    cache: &'a RegisterCache,
    register: &'a Register,
    at: u64,
}

impl Printer<'_> {
    fn words(&self, english: &'static str, japanese: &'static str) -> &'static str {
        self.screen.words(english, japanese)
    }

    fn day(&self, t: u64) -> String {
        let language = self.screen.language;
        if t == u64::MAX { moment_text(t, language) } else { day_text(local_day(t), language) }
    }

    /// Whether the act at this index had been made by then: a register of last month does not list this month's cards.
    fn was_decided(&self, index: u64) -> bool {
        self.cache.made(index).is_some_and(|made| made <= self.at)
    }

    /// The last day of a span: the register keeps the moment after it.
    fn last_day(&self, t: u64) -> String {
        self.day(if t == u64::MAX { t } else { t.saturating_sub(1) })
    }

    /// Whether the newest designation that had been decided by then is one as 電算要員 (S3 17). Those who founded the office only sign: they belong to no section.
    fn is_system_staff(&self, operator: &Operator) -> bool {
        let decided = operator.designations().iter().rfind(|designation| self.was_decided(designation.index));
        let staff = |said: &Designation| said.class == PersonClass::SystemStaff && said.section.is_some();
        decided.is_some_and(|designation| staff(&designation.value))
    }

    fn people(&self, asked: impl Fn(&Operator) -> bool) -> Table {
        let mut table = Table::new(&[
            ("operator", self.words("operator", "照合ID")),
            ("name", self.words("name", "氏名")),
            ("section", self.words("section", "所属")),
            ("state", self.words("state", "状態")),
            ("from", self.words("from", "開始日")),
            ("to", self.words("until", "終了日")),
            ("profiles", self.words("permissions", "操作者ID")),
            ("where", self.words("may work at", "使用場所")),
        ]);
        for operator in self.register.operators().filter(|operator| asked(operator)) {
            if !operator.designations().iter().any(|designation| self.was_decided(designation.index)) {
                continue;
            }
            let name = self.cache.name_or_erased(operator.name(), self.screen.language).unwrap_or("-").to_owned();
            let profiles: Vec<Code> = operator.profiles_at(self.at).map(|(code, _)| code.clone()).collect();
            let (section, from, to, places) = match operator.standing(self.at) {
                Standing::Designated(designation) => {
                    let section =
                        designation.section.as_ref().map_or_else(|| "-".to_owned(), |section| self.section(section));
                    let places: Vec<&Code> = designation.terminals.iter().chain(&designation.sections).collect();
                    (section, self.day(designation.from), self.last_day(designation.to), list(&places))
                }
                Standing::NotBegun | Standing::Ended => {
                    ("-".to_owned(), "-".to_owned(), "-".to_owned(), "-".to_owned())
                }
            };
            let state = self.operator_state(operator.state(self.at), operator.standing(self.at)).to_owned();
            table.row([operator.code().to_string(), name, section, state, from, to, list(&profiles), places]);
        }
        table
    }

    fn operator_state(&self, state: OperatorState, standing: Standing<'_>) -> &'static str {
        match (state, standing) {
            (OperatorState::Suspended, _) => self.words("suspended", "停止"),
            (OperatorState::Ended, _) | (OperatorState::Active, Standing::Ended) => self.words("ended", "解除"),
            (OperatorState::Active, Standing::NotBegun) => self.words("not yet", "開始前"),
            (OperatorState::Active, Standing::Designated(_)) => self.words("active", "有効"),
        }
    }

    fn section(&self, code: &Code) -> String {
        self.register.section(code).map_or_else(|| code.to_string(), |section| format!("{} ({code})", section.title()))
    }

    fn cards(&self) -> Table {
        let mut table = Table::new(&[
            ("number", self.words("number", "番号")),
            ("kind", self.words("kind", "種別")),
            ("operator", self.words("operator", "照合ID")),
            ("name", self.words("name", "氏名")),
            ("state", self.words("state", "状態")),
            ("since", self.words("state since", "状態の日付")),
            ("decided", self.words("decided", "処分日時")),
            ("from", self.words("from", "開始日")),
            ("to", self.words("until", "終了日")),
            ("profiles", self.words("permissions", "操作者ID")),
            ("guid", self.words("GUID", "カードGUID")),
        ]);
        let language = self.screen.language;
        for card in self.register.cards_by_number().filter(|card| self.was_decided(card.index())) {
            let issued = card.issued();
            let operator = card.holder(self.at).map(|holder| holder.operator);
            let name = operator.and_then(|operator| {
                self.cache.name_or_erased(self.register.name_hash(operator)?, self.screen.language)
            });
            let profiles = if issued.profiles.is_empty() {
                self.words("all", "全て").to_owned()
            } else {
                list(&issued.profiles)
            };
            let (since, decided) = self.state_dates(card);
            table.row([
                numbered(card.number(), language),
                self.kind(card),
                operator.map_or_else(|| "-".to_owned(), ToString::to_string),
                name.unwrap_or("-").to_owned(),
                state_name(card, self.at, language).to_owned(),
                since,
                decided,
                self.day(issued.from),
                self.last_day(issued.to),
                profiles,
                card.guid().to_string(),
            ]);
        }
        table
    }

    /// A card that another office lent is said to be so: it has a number of this one, and was never given out here.
    fn kind(&self, card: &Card) -> String {
        let kind = card.issued().kind.name(self.screen.language);
        let Some(lender) = self.register.lender(card) else { return kind.to_owned() };
        let title = &lender.said().title;
        self.screen.words(format!("{kind}, lent by {title}"), format!("{kind}({title}貸与)"))
    }

    /// From when a card's state counts, and when that was decided: what a panel blocks counts from the act before it (register §R3.9), so the
    /// one does not say the other.
    fn state_dates(&self, card: &Card) -> (String, String) {
        let Some(said) = card.state_said(self.at) else { return ("-".to_owned(), "-".to_owned()) };
        let decided = self.cache.made(said.index).map(|made| moment_text(made, self.screen.language));
        (self.day(said.effective), decided.unwrap_or_else(|| "-".to_owned()))
    }

    fn terminals(&self) -> Table {
        let mut table = Table::new(&[
            ("terminal", self.words("terminal", "端末機")),
            ("kind", self.words("kind", "種別")),
            ("section", self.words("section", "設置課")),
            ("responsible", self.words("responsible", "管理責任者")),
            ("state", self.words("state", "状態")),
            ("functions", self.words("for", "用途")),
            ("readers", self.words("readers", "カードリーダー")),
        ]);
        for terminal in self.register.terminals() {
            let Some(version) = terminal.versions().at(self.at) else { continue };
            let kind = match version.kind {
                TerminalKind::Business => self.words("business", "業務端末"),
                TerminalKind::Management => self.words("management", "管理用端末機"),
                TerminalKind::Integrated => self.words("integrated", "統合端末"),
                TerminalKind::CardIssuing => self.words("card issuing", "カード発行用端末"),
            };
            let state = match terminal.state(self.at) {
                TerminalUse::Active => self.words("active", "使用中"),
                TerminalUse::Suspended => self.words("suspended", "停止"),
                TerminalUse::Retired => self.words("retired", "廃止"),
            };
            let responsible = version.responsible.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
            let section = self.section(&version.section);
            let (functions, readers) = (list(&version.functions), list(&version.readers));
            table.row([
                version.terminal.to_string(),
                kind.to_owned(),
                section,
                responsible,
                state.to_owned(),
                functions,
                readers,
            ]);
        }
        table
    }

    fn functions(&self) -> Table {
        let mut table = Table::new(&[
            ("function", self.words("function", "機能")),
            ("title", self.words("title", "名称")),
            ("level", self.words("proved by", "確認")),
            ("purpose", self.words("purpose", "事由")),
            ("essential", self.words("essential", "停止時使用")),
        ]);
        for function in self.register.functions() {
            let Some(version) = function.versions().at(self.at) else { continue };
            let level = match version.level {
                Level::Session => self.words("session", "セッション"),
                Level::Card => self.words("card", "カード"),
                Level::Pin => self.words("card and PIN", "カードと暗証番号"),
            };
            let purpose = if version.purpose_required { self.words("needed", "必須") } else { "-" };
            let essential = if version.essential { self.words("yes", "可") } else { "-" };
            let code = version.function.to_string();
            table.row([code, version.title.to_string(), level.to_owned(), purpose.to_owned(), essential.to_owned()]);
        }
        table
    }
}

fn list<T: ToString>(items: &[T]) -> String {
    if items.is_empty() {
        return "-".to_owned();
    }
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Permits, newest number last.
pub(super) fn permits(desk: &mut Desk) -> Result<(), AdminError> {
    desk.log_in()?;
    let language = desk.screen.language;
    let mut table = Table::new(&[
        ("number", desk.screen.words("number", "番号")),
        ("operators", desk.screen.words("who", "操作者")),
        ("terminals", desk.screen.words("where", "端末機")),
        ("functions", desk.screen.words("what", "機能")),
        ("from", desk.screen.words("from", "開始")),
        ("to", desk.screen.words("until", "終了")),
        ("reason", desk.screen.words("reason", "理由")),
    ]);
    for permit in desk.cache.register().permits() {
        let given = permit.given();
        table.row([
            numbered(permit.number(), language),
            list(&given.operators),
            list(&given.terminals),
            list(&given.functions),
            moment_text(given.from, language),
            moment_text(given.to, language),
            given.reason.to_string(),
        ]);
    }
    desk.screen.print_table(&table)
}

/// Who proposes and who approves, for each class.
pub(super) fn routes(desk: &mut Desk) -> Result<(), AdminError> {
    desk.log_in()?;
    let screen = desk.screen;
    let mut table = Table::new(&[
        ("class", screen.words("class", "処分の種類")),
        ("proposers", screen.words("proposed or signed by", "申請・署名")),
        ("approvers", screen.words("approved by", "承認")),
    ]);
    let roles =
        |roles: &[Role]| list(&roles.iter().map(|role| screen.words(role.name(), role.title())).collect::<Vec<_>>());
    for class in Class::ALL {
        let route = desk.cache.register().route(class);
        let name = screen.words(class.name(), class.title()).to_owned();
        let stages: Vec<String> = route.stages.iter().map(|stage| roles(stage)).collect();
        let stages = if stages.is_empty() { roles(&[]) } else { stages.join(screen.words(", then ", "、次に ")) };
        table.row([name, roles(&route.proposers), stages]);
    }
    desk.screen.print_table(&table)
}

/// The state of a card, for people; one that sleeps says so.
pub(super) fn state_name(card: &Card, at: u64, language: Language) -> &'static str {
    let state = card.state(at);
    let sleeps = card.issued().dormant && card.holder(at).is_none() && state == CardState::Active;
    match language {
        Language::English if sleeps => "dormant",
        Language::Japanese if sleeps => "休眠中",
        Language::English | Language::Japanese => state.name(language),
    }
}

#[cfg(test)]
mod tests {
    use sekisho_register::change::{CardState, Change, SetCardState, StateReason};
    use sekisho_wire::id::CardGuid;
    use sekisho_wire::words::Language;

    use super::*;
    use crate::register_cache::tests::{NOW, Story};
    use crate::screen::Confirm;

    #[test]
    fn a_state_is_printed_with_its_date_and_with_the_moment_it_was_decided() {
        let mut story = Story::begin();
        let effective = NOW + 3 * 24 * 60 * 60 * 1000;
        let (card, state, reason) = (CardGuid([2; 16]), CardState::Suspended, StateReason::Lost);
        story.change(Change::CardState(SetCardState { card, state, reason, effective, disposal: None }));
        let screen = Screen { language: Language::English, confirm: Confirm::Yes, lists: Lists::Text };
        let cache = story.cache(2);
        let printed = |at| {
            let cards = Printer { screen: &screen, cache: &cache, register: cache.register(), at }.cards().json();
            let dates = ["state", "since", "decided"].map(|key| cards[1][key].as_str().unwrap().to_owned());
            (dates, cards[0]["decided"].as_str().unwrap().to_owned())
        };
        let active = ["active", "-", "-"].map(str::to_owned);
        assert_eq!(printed(effective - 1), (active, "-".to_owned()));
        let suspended = ["suspended", "2026-11-21", "2026-11-18 20:06 JST"].map(str::to_owned);
        assert_eq!(printed(effective), (suspended, "-".to_owned()));
    }
}
