//! Cards: the register (no. 2), temporary and emergency use (no. 6), stock and destruction (no. 20), labels (S3 23(3)).

use sekisho_register::cards::Card;
use sekisho_register::change::{ActivateCard, CardKind, CardState};
use sekisho_register::stock::BlankCards;
use sekisho_wire::id::Code;
use sekisho_wire::words::Language;

use super::{AsOf, card_state, codes_or_all, reason};
use crate::forms::{CARDS, DISPOSALS, LABELS, STOCK, TEMPORARY};
use crate::said::Said;
use crate::table::{Cell, Column, Table};

const KINDS: [CardKind; 6] = [
    CardKind::Business,
    CardKind::Special,
    CardKind::CardManagement,
    CardKind::Spare,
    CardKind::Emergency,
    CardKind::RoomEntry,
];

/// The state of a card, for people; one that sleeps says so.
#[must_use]
pub fn state_of(card: &Card, at: u64) -> Said {
    let state = card.state(at);
    if card.issued().dormant && card.holder(at).is_none() && state == CardState::Active {
        return Said::new("休眠中", "dormant");
    }
    card_state(state)
}

impl<'a> AsOf<'a> {
    /// 操作者用カード管理簿.
    #[must_use]
    pub fn cards(&self) -> Table {
        self.cards_where(|_| true)
    }

    /// As [`Self::cards`], only those of which this says so.
    #[must_use]
    pub fn cards_where(&self, wanted: impl Fn(&Card) -> bool) -> Table {
        let columns = vec![
            Column::new("number", "カード番号", "number"),
            Column::new("kind", "種別", "kind"),
            Column::new("operator", "登録番号", "operator"),
            Column::new("name", "被貸与者", "name"),
            Column::new("section", "所属", "section"),
            Column::new("state", "状態", "state"),
            Column::new("since", "状態の日付", "state since"),
            Column::new("decided", "処分日時", "decided"),
            Column::new("from", "貸与日", "from"),
            Column::new("to", "終了予定日", "until"),
            Column::new("back", "返納", "return"),
            Column::not_on_screen("returned", "返納日", "returned"),
            Column::not_on_screen("revoked", "失効日", "revoked"),
            Column::not_on_screen("reason", "失効理由", "why"),
            Column::new("profiles", "操作者ID", "permissions"),
            Column::new("guid", "カードGUID", "GUID"),
            Column::by_hand("place", "保管場所", "kept at"),
            Column::by_hand("remarks", "備考", "remarks"),
        ];
        let mut table = Table::new(&CARDS, columns);
        for card in self.known_cards().filter(|card| wanted(card)) {
            let issued = card.issued();
            let operator = card.holder(self.at).map(|holder| holder.operator);
            let said = card.state_said(self.at);
            let since = |state| self.since(card, state);
            let gone = said.filter(|said| said.value.0 != CardState::Active);
            table.row([
                Cell::Numbered(card.number()),
                self.kind(card),
                Cell::or_nothing(operator.map(Cell::text)),
                operator.map_or(Cell::Nothing, |operator| self.name_of(operator)),
                Cell::or_nothing(self.section_of_card(card).map(|section| self.section(section))),
                Cell::Said(state_of(card, self.at)),
                Cell::or_nothing(said.map(|said| Cell::day_of(said.effective))),
                // What a panel blocks counts from the act before it (register §R3.9), so the date does not say when it was decided.
                Cell::or_nothing(said.and_then(|said| self.names.made(said.index)).map(Cell::Moment)),
                self.lent_from(card),
                Cell::last_day_of(issued.to),
                if self.is_unreturned(card) { Cell::said("未返納", "overdue") } else { Cell::Nothing },
                since(CardState::Returned),
                since(CardState::Revoked),
                gone.map_or(Cell::Nothing, |said| reason(said.value.1)),
                codes_or_all(&issued.profiles),
                Cell::text(card.guid()),
            ]);
        }
        table
    }

    /// 臨時・緊急カード使用簿: each time a dormant card was woken (S4 11(5)).
    #[must_use]
    pub fn temporary_cards(&self) -> Table {
        let columns = vec![
            Column::new("number", "カード番号", "number"),
            Column::new("kind", "種別", "kind"),
            Column::new("operator", "登録番号", "operator"),
            Column::new("name", "使用者", "name"),
            Column::new("section", "所属", "section"),
            Column::new("reason", "理由", "reason"),
            Column::new("approval", "承認番号", "approval"),
            Column::not_on_screen("approved_by", "承認者", "approved by"),
            Column::new("from", "開始", "from"),
            Column::new("to", "終了", "until"),
            Column::by_hand("returned", "返却確認", "return confirmed"),
        ];
        let mut table = Table::new(&TEMPORARY, columns);
        for card in self.known_cards() {
            for activation in card.activations().iter().filter(|one| self.was_decided(one.index)) {
                let given = &activation.value;
                let section = self.register.operator(&given.operator).and_then(|operator| {
                    let last = operator.designations().iter().rfind(|one| one.effective <= given.from)?;
                    last.value.section.as_ref()
                });
                table.row([
                    Cell::Numbered(card.number()),
                    self.kind(card),
                    Cell::text(&given.operator),
                    self.name_of(&given.operator),
                    Cell::or_nothing(section.map(|code| self.section(code))),
                    Cell::text(&given.reason),
                    self.number_of_act(activation.index),
                    self.decided_by(activation.index),
                    Cell::Moment(given.from),
                    Cell::Moment(given.to),
                ]);
            }
        }
        table
    }

    /// カード在庫枚数簿: each card is counted in one column, so that a row adds up.
    #[must_use]
    pub fn stock(&self) -> Table {
        let mut columns = vec![
            Column::new("kind", "種別", "kind"),
            Column::new("issued", "発行", "issued"),
            Column::new("lent", "貸与中", "lent"),
            Column::new("dormant", "休眠中", "dormant"),
            Column::new("outside", "期間外", "outside its dates"),
            Column::new("suspended", "停止", "suspended"),
            Column::new("revoked", "失効", "revoked"),
            Column::new("returned", "返納", "returned"),
            Column::new("disposed", "廃棄", "destroyed"),
        ];
        let blank = self.cases.and_then(|(casebook, _)| BlankCards::at(self.register, casebook, self.at));
        let counted = Column::by_hand("counted", "実査枚数", "counted");
        let (key, ja, en) = ("blank", "未発行(白カード)", "blank cards");
        columns.extend(match blank {
            Some(_) => [Column::new(key, ja, en), counted],
            None => [counted, Column::by_hand(key, ja, en)],
        });
        let mut table = Table::new(&STOCK, columns);
        let mut total = [0; COUNTED];
        for kind in KINDS {
            let mut counts = [0; COUNTED];
            for card in self.own_cards().filter(|card| card.issued().kind == kind) {
                counts[self.counted_as(card) as usize] += 1;
            }
            total.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
            // Blank cards are of no kind yet.
            let none = blank.map(|_| Cell::Nothing);
            table.row(row(Cell::Said(Said::by(|language| kind.name(language))), &counts).into_iter().chain(none));
        }
        let expected = blank.map(|blank| Cell::Text(blank.expected().to_string()));
        table.row(row(Cell::said("合計", "total"), &total).into_iter().chain(expected));
        let table = blanks_noted(table, blank).noted(Said::new(
            "発行 = 貸与中 + 休眠中 + 期間外 + 停止 + 失効 + 返納 + 廃棄",
            "issued = lent + dormant + outside its dates + suspended + revoked + returned + destroyed",
        ));
        let guests = self.known_cards().count() - self.own_cards().count();
        if guests == 0 {
            return table;
        }
        table.noted(Said::made(
            format!("他の団体が貸与したカード{guests}枚は当団体の在庫ではなく、含まれていない"),
            format!("{guests} cards that other offices lent are none of this office's stock, and not counted"),
        ))
    }

    /// カード廃棄記録 (S3 23(4)).
    #[must_use]
    pub fn disposals(&self) -> Table {
        let columns = vec![
            Column::new("number", "カード番号", "number"),
            Column::new("kind", "種別", "kind"),
            Column::new("disposed", "廃棄日", "destroyed on"),
            Column::new("method", "方法(券面・ICチップ破壊)", "method (face, chip)"),
            Column::new("person", "実施者", "destroyed by"),
            Column::new("witness", "立会者", "witness"),
            Column::not_on_screen("decided_by", "処分者", "decided by"),
        ];
        let mut table = Table::new(&DISPOSALS, columns);
        for card in self.known_cards().filter(|card| card.state(self.at) == CardState::Disposed) {
            let (said, disposal) = (card.state_said(self.at), card.disposal());
            table.row([
                Cell::Numbered(card.number()),
                self.kind(card),
                disposal.map_or(Cell::ByHand, |disposal| Cell::Day(disposal.on)),
                disposal.map_or(Cell::ByHand, |disposal| Cell::text(&disposal.method)),
                disposal.map_or(Cell::ByHand, |disposal| self.person(&disposal.person)),
                // Nobody need have stood beside it; whoever did may still sign.
                disposal.and_then(|disposal| disposal.witness.as_ref()).map_or(Cell::ByHand, |who| self.person(who)),
                said.map_or(Cell::Nothing, |said| self.decided_by(said.index)),
            ]);
        }
        table
    }

    /// カードラベル: the serial numbers of the cards that are not gone, and nothing that tells whose they are or what for (S3 23(3)).
    #[must_use]
    pub fn labels(&self) -> Table {
        let mut table = Table::new(&LABELS, vec![Column::new("serial", "カード番号", "serial number")]);
        for card in self.own_cards().filter(|card| !card.state(self.at).is_final()) {
            table.row([Cell::Numbered(card.number())]);
        }
        table
    }

    /// The section of whoever has a card, or had it last; a card that is nobody's lies in no section.
    #[must_use]
    pub fn section_of_card(&self, card: &Card) -> Option<&'a Code> {
        let operator = card.holder(self.at).map_or(card.issued().operator.as_ref(), |holder| Some(holder.operator))?;
        let person = self.register.operator(operator)?;
        self.designation(person).and_then(|decided| decided.value.section.as_ref())
    }

    /// Whether a card that was lent should have come back: its own time, or its holder's duty, is over, and no act says where it went (S1 12(3)).
    #[must_use]
    pub fn is_unreturned(&self, card: &Card) -> bool {
        self.register.unreturned(card, self.at).is_some()
    }

    fn known_cards(&self) -> impl Iterator<Item = &'a Card> {
        let of = *self;
        self.register.cards_by_number().filter(move |card| of.was_decided(card.index()) && of.shows_card(card))
    }

    /// Those that this office made: what another one lent goes back there, and has its label from there.
    fn own_cards(&self) -> impl Iterator<Item = &'a Card> {
        let register = self.register;
        self.known_cards().filter(move |card| register.lender(card).is_none())
    }

    /// Since when whoever has a card has it; of a dormant one, since it was woken for him.
    fn lent_from(&self, card: &Card) -> Cell {
        let issued = card.issued();
        if !issued.dormant {
            return Cell::day_of(issued.from);
        }
        let Some(holder) = card.holder(self.at) else { return Cell::Nothing };
        let holds =
            |given: &ActivateCard| given.operator == *holder.operator && (given.from..given.to).contains(&self.at);
        let lent = card.activations().iter().rfind(|said| said.effective <= self.at && holds(&said.value));
        Cell::or_nothing(lent.map(|said| Cell::day_of(said.effective)))
    }

    /// A card that another office lent is said to be so: it has a number of this one, and was never given out here.
    fn kind(&self, card: &Card) -> Cell {
        let kind = card.issued().kind;
        let Some(lender) = self.register.lender(card) else {
            return Cell::Said(Said::by(|language| kind.name(language)));
        };
        let title = &lender.said().title;
        Cell::Said(Said::made(
            format!("{}({title}貸与)", kind.name(Language::Japanese)),
            format!("{}, lent by {title}", kind.name(Language::English)),
        ))
    }

    /// From when a card is in a state that it has never left.
    fn since(&self, card: &Card, state: CardState) -> Cell {
        let said = card.states().iter().filter(|said| said.effective <= self.at && said.value.0 == state);
        Cell::or_nothing(said.map(|said| said.effective).min().map(Cell::day_of))
    }

    fn counted_as(&self, card: &Card) -> Counted {
        match card.state(self.at) {
            CardState::Suspended => Counted::Suspended,
            CardState::Revoked => Counted::Revoked,
            CardState::Returned => Counted::Returned,
            CardState::Disposed => Counted::Disposed,
            CardState::Active if !card.is_within_dates(self.at) => Counted::Outside,
            CardState::Active if card.holder(self.at).is_none() => Counted::Dormant,
            CardState::Active => Counted::Lent,
        }
    }
}

/// Under which head a card is counted, in the order of the columns.
#[derive(Clone, Copy)]
enum Counted {
    Lent,
    Dormant,
    Outside,
    Suspended,
    Revoked,
    Returned,
    Disposed,
}

const COUNTED: usize = 7;

/// How many blank cards there should be, of what that is made up, and what the last count found.
fn blanks_noted(table: Table, blank: Option<BlankCards>) -> Table {
    let Some(blank) = blank else { return table };
    let BlankCards { counted, received, again, issued, spoilt } = blank;
    let (found, expected) = (counted.map_or(0, |count| count.found), blank.expected());
    let table = table.noted(Said::made(
        format!(
            "未発行 {expected} = 前回棚卸 {found} + 受入 {received} + 初期化 {again} - 発行 {issued} - 書損 {spoilt}"
        ),
        format!(
            "blank {expected} = last count {found} + received {received} + made blank again {again} - issued {issued} - spoilt {spoilt}"
        ),
    ));
    let Some((count, should)) = counted.and_then(|count| Some((count, count.expected?))) else { return table };
    let (on, difference) = (Cell::Day(count.on), count.difference());
    let (ja, en) = (on.in_words(Language::Japanese), on.in_words(Language::English));
    table.noted(Said::made(
        format!("前回棚卸({ja}): 実在庫 {found}、帳簿 {should}、差 {difference:+}"),
        format!("last count ({en}): {found} found, {should} expected, difference {difference:+}"),
    ))
}

fn row(kind: Cell, counts: &[u64; COUNTED]) -> Vec<Cell> {
    let all = counts.iter().sum();
    [kind, Cell::Number(all)].into_iter().chain(counts.iter().copied().map(Cell::Number)).collect()
}
