//! What waits and whose it is, in words: the same at the console, at the desk and in a mail.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use sekisho_wire::id::{CardGuid, Code, Hash};
use sekisho_wire::words::Language;

use crate::casebook::Casebook;
use crate::cases::{Duty, Whose};
use crate::fold::Register;
use crate::forms::checks;
use crate::render::changes;
use crate::role::Role;
use crate::today::Waits;
use crate::wareki::{day_text, moment_text, numbered};

/// What a text is made from: the logs, the reader's language, and what the reader calls people.
pub struct Telling<'a> {
    /// The register.
    pub register: &'a Register,
    /// The casebook.
    pub casebook: &'a Casebook,
    /// The language.
    pub language: Language,
    /// What a person is called: by name where the reader may see it, else by the code.
    pub person: &'a dyn Fn(&Code) -> String,
}

impl Telling<'_> {
    fn say(&self, japanese: String, english: String) -> String {
        match self.language {
            Language::Japanese => japanese,
            Language::English => english,
        }
    }

    /// What waits.
    #[must_use]
    pub fn what(&self, what: &Waits) -> String {
        match what {
            Waits::Approval { proposal } => {
                let what = self.proposal(proposal);
                self.say(format!("承認待ちの申請: {what}"), format!("a proposal waits for approval: {what}"))
            }
            Waits::Stranded { proposal } => {
                let what = self.proposal(proposal);
                self.say(
                    format!("決裁区分の段階が減り、承認できなくなった申請(申請者が取り下げてください): {what}"),
                    format!("nobody can approve a proposal any more, for its route has fewer stages now: its proposer withdraws it: {what}"),
                )
            }
            Waits::Step(duty) => {
                format!("{}: {}", duty.case.text(self.language), self.step(duty))
            }
            Waits::Review { post, .. } => {
                self.say(format!("職 {post} の代決の後閲"), format!("what a deputy of {post} decided"))
            }
            Waits::StopUnrecorded => self.say(
                "結合停止の記録と通知がまだです".to_string(),
                "the connection was stopped, and nobody has recorded it or told anybody".to_string(),
            ),
            Waits::Unconfirmed { what, day } => {
                let word = checks::CONFIRMED.iter().find(|word| word.number == *what);
                let title = word.map_or("?", |word| word.title.text(self.language));
                let day = day_text(*day, self.language);
                self.say(format!("{day}の確認がありません: {title}"), format!("no confirmation of {day}: {title}"))
            }
            Waits::NobodyResponsible(terminal) => self.say(
                format!("端末機 {terminal}: 管理責任者がいません"),
                format!("terminal {terminal}: nobody is responsible"),
            ),
            Waits::Unreturned { card, operator } => {
                let (number, who) = (self.card(card), (self.person)(operator));
                self.say(
                    format!("カード {number} が {who} から返却されていません"),
                    format!("card {number} is still with {who}"),
                )
            }
            Waits::CardEnds { card, operator, ends } => {
                let (number, ends) = (self.card(card), moment_text(*ends, self.language));
                match operator.as_ref().map(self.person) {
                    None => self.say(
                        format!("予備・緊急用のカード {number} の有効期間は {ends} に終了します"),
                        format!("card {number}, spare or for emergencies, ends {ends}"),
                    ),
                    Some(who) => self.say(
                        format!("{who} のカード {number} の有効期間は {ends} に終了します(職務は続きます)"),
                        format!("card {number} of {who}, whose duty goes on, ends {ends}"),
                    ),
                }
            }
            Waits::Unrenewed { operator, ends } => {
                let (who, ends) = ((self.person)(operator), moment_text(*ends, self.language));
                self.say(format!("{who} の指定は {ends} に終了します"), format!("designation of {who} ends {ends}"))
            }
            Waits::Untrained(operator) => {
                let who = (self.person)(operator);
                self.say(
                    format!("{who} は1年間研修を受けていません"),
                    format!("{who} took part in no training for a year"),
                )
            }
            Waits::NotTold { operator, index } => {
                let who = (self.person)(operator);
                self.say(
                    format!("{who} への変更通知がありません(登録順{index})"),
                    format!("{who} was not told of a change (entry {index})"),
                )
            }
            Waits::Unacknowledged { operator, rules } => {
                let (who, version) = ((self.person)(operator), rules.text(self.language));
                self.say(
                    format!("{who} は基準書を確認していません: {version}"),
                    format!("{who} has not acknowledged the rules: {version}"),
                )
            }
            Waits::Unreported { operator, index } => {
                let who = (self.person)(operator);
                self.say(
                    format!("電算要員 {who} の指定・変更がデータ保護管理者に報告されていません(登録順{index})"),
                    format!("designation of system staff {who} was not reported to the data protection manager (entry {index})"),
                )
            }
            Waits::Unqualified { operator, ends: Some(ends) } => {
                let (who, ends) = ((self.person)(operator), moment_text(*ends, self.language));
                self.say(
                    format!("{who} のカードの交付資格は {ends} に終了します"),
                    format!("the qualification of {who} for the card ends {ends}"),
                )
            }
            Waits::Unqualified { operator, ends: None } => {
                let who = (self.person)(operator);
                self.say(
                    format!("{who} は交付資格の認定がないカードを使用しています"),
                    format!("{who} has a card and no qualification for it"),
                )
            }
            Waits::StockDiffers(count) => {
                let (on, found) = (day_text(count.on, self.language), count.found);
                let expected = count.expected.unwrap_or_default();
                self.say(
                    format!("白カードの棚卸({on})が帳簿と合いません: 実在庫 {found}枚、帳簿 {expected}枚"),
                    format!("the count of blank cards of {on} does not add up: {found} found, {expected} expected"),
                )
            }
            Waits::TextsDue { cases } => self.say(
                format!("処理簿の{cases}件は保存期間が満了しており、本文を消去できます"),
                format!("the texts of {cases} cases were kept long enough, and may be erased"),
            ),
            Waits::LossUnwritten { card, index } => {
                let number = self.card(card);
                self.say(
                    format!("届出のあったカード {number} の紛失等届が作成されていません(登録順{index})"),
                    format!("card {number} was reported, and its form is not filled in (entry {index})"),
                )
            }
            Waits::Watched(watched) => watched.text(self),
        }
    }

    pub(super) fn card(&self, card: &CardGuid) -> String {
        let number = self.register.card(card).map(|card| numbered(card.number(), self.language));
        number.unwrap_or_else(|| card.to_string())
    }

    /// What a proposal would change: the first of it, and how much more there is.
    #[must_use]
    pub fn proposal(&self, id: &Hash) -> String {
        let proposed = self.casebook.proposal(id);
        let lines = proposed.map(|proposed| changes(proposed.act.act(), self.register, self.language));
        match lines.as_deref() {
            None | Some([]) => id.to_string(),
            Some([one]) => one.clone(),
            Some([first, rest @ ..]) => {
                let more = rest.len();
                self.say(format!("{first}(ほか{more}件)"), format!("{first} (and {more} more)"))
            }
        }
    }

    /// Whose it is.
    #[must_use]
    pub fn whose(&self, whose: &Whose) -> String {
        match whose {
            Whose::Roles(all) => self.roles(all),
            Whose::Section(all, section) => {
                let known = self.register.section(section);
                let title = known.map_or_else(|| section.to_string(), |section| section.title().to_string());
                let roles = self.roles(all);
                self.say(format!("{title}の{roles}"), format!("{roles} of {title}"))
            }
            Whose::Post(post) => {
                let known = self.register.post(post);
                let title = known.map_or_else(|| post.to_string(), |post| post.version().title.to_string());
                self.say(format!("職 {title}"), format!("post {title}"))
            }
            Whose::Writer(writer, all) => {
                let (writer, roles) = ((self.person)(writer), self.roles(all));
                self.say(format!("{writer}又は{roles}"), format!("{writer}, or {roles}"))
            }
            Whose::Partner(all, partner) => {
                let roles = self.roles(all);
                self.say(format!("{roles}から団体 {partner} へ"), format!("{roles}, to office {partner}"))
            }
        }
    }

    /// Whoever has one of these roles.
    #[must_use]
    pub fn roles(&self, all: &[Role]) -> String {
        if all.len() == Role::ALL.len() {
            return self.say("職に就いている者".to_string(), "anybody in a post".to_string());
        }
        let names: Vec<String> =
            all.iter().map(|role| self.say(role.title().to_string(), role.name().replace('_', " "))).collect();
        self.any_of(&names)
    }

    /// One of these: A, B or C; A、B又はC.
    #[must_use]
    pub fn any_of(&self, names: &[String]) -> String {
        match names.split_last() {
            None => "-".to_string(),
            Some((only, [])) => only.clone(),
            Some((last, before)) => {
                let before = before.join(&self.say("、".to_string(), ", ".to_string()));
                self.say(format!("{before}又は{last}"), format!("{before} or {last}"))
            }
        }
    }

    /// A step, and which of several it is about.
    #[must_use]
    pub fn step(&self, duty: &Duty) -> String {
        let about = duty.about.map_or_else(String::new, |number| format!(" ({number})"));
        let to = duty.to.map_or_else(String::new, |role| format!(" ({})", self.roles(&[role])));
        format!("{}{about}{to}", duty.step.title.text(self.language))
    }
}
