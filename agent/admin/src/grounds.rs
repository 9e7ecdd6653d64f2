//! On what a decision rests: who it was, and which acts, by whom, permitted it.

use sekisho_register::organisation::Post;
use sekisho_register::people::{ProfileStanding, Standing};
use sekisho_register::wareki::{moment_text, numbered};
use sekisho_register::{Register, SignedAct};
use sekisho_wire::cose::Signer;
use sekisho_wire::decision::{DecisionInput, Level, Request};
use sekisho_wire::id::Code;
use sekisho_wire::words::Language;

use crate::record_words::Teller;
use crate::register_cache::RegisterCache;

/// The signer as people know him.
#[must_use]
pub(crate) fn who(cache: &RegisterCache, language: Language, signer: &Signer, at: u64) -> String {
    match signer {
        Signer::Card(guid) => {
            let holder = cache.register().card(guid).and_then(|card| card.holder(at));
            holder.map_or_else(|| signer.to_string(), |holder| cache.person(holder.operator, language))
        }
        Signer::Terminal(_) | Signer::Recovery(_) => signer.to_string(),
    }
}

/// Who signed; of an approval, also who proposed it.
#[must_use]
pub(crate) fn by_whom(cache: &RegisterCache, language: Language, signed: &SignedAct) -> String {
    let signer = |signed: &SignedAct| who(cache, language, signed.signer(), signed.act().made);
    let by = signer(signed);
    match (signed.proposal(), language) {
        (Ok(Some(proposal)), Language::English) => format!("{}, approved by {by}", signer(&proposal)),
        (Ok(Some(proposal)), Language::Japanese) => format!("{}(承認: {by})", signer(&proposal)),
        (Ok(None) | Err(_), _) => by,
    }
}

impl Teller<'_> {
    /// An act by its number and date, and who signed it.
    #[must_use]
    pub(crate) fn act(&self, index: u64) -> String {
        let signed = self.cache.entry(index).and_then(|entry| SignedAct::decode(entry).ok());
        let Some(signed) = signed else { return self.say(format!("act {index}"), format!("処分{index}")) };
        let made = moment_text(signed.act().made, self.language);
        let by = by_whom(self.cache, self.language, &signed);
        self.say(format!("act {index} of {made} by {by}"), format!("処分{index}、{made}、{by}"))
    }

    /// The person, his card and his posts at that moment, as the register that decided knows them; nothing where nobody is named.
    #[must_use]
    pub(crate) fn in_person(&self, register: &Register, input: &DecisionInput) -> Option<String> {
        let who = input.operator.as_ref().map(|operator| self.cache.person(operator, self.language));
        let card = input.card.as_ref().map(|guid| match register.card(guid) {
            Some(card) => {
                let number = numbered(card.number(), self.language);
                self.say(format!("card number {number} ({guid})"), format!("カード {number}({guid})"))
            }
            None => self.say(format!("card {guid}"), format!("カード {guid}")),
        });
        let posts = input.operator.as_ref().map(|operator| self.posts(register, operator, input.time));
        let facts: Vec<String> = [who, card].into_iter().flatten().chain(posts.into_iter().flatten()).collect();
        if facts.is_empty() {
            return None;
        }
        Some(self.say(format!("who: {}", facts.join(", ")), format!("誰が: {}", facts.join("、"))))
    }

    /// The section and the posts of a person.
    fn posts(&self, register: &Register, operator: &Code, at: u64) -> Vec<String> {
        let designation = register.operator(operator).map(|person| person.standing(at));
        let section = if let Some(Standing::Designated(designation)) = designation {
            designation.section.as_ref().and_then(|section| register.section(section))
        } else {
            None
        };
        let section = section.map(|section| self.say(format!("section {}", section.title()), section.title()));
        let held = |post: &&Post| post.holders(at).any(|holder| holder.operator == *operator);
        let title = |post: &Post| {
            let title =
                post.versions().at(at).map_or_else(|| post.code().to_string(), |version| version.title.to_string());
            self.say(format!("post {title}"), format!("職 {title}"))
        };
        section.into_iter().chain(register.posts().filter(held).map(title)).collect()
    }

    /// Why a request was permitted, by the register that decided: what it asks for, and the acts behind it.
    #[must_use]
    pub(crate) fn why_granted(&self, register: &Register, input: &DecisionInput) -> String {
        let facts = self.of_the_person(register, input).into_iter().chain(self.of_the_place(register, input));
        let facts: Vec<String> = facts.chain([self.of_the_hours(register, input), self.of_the_level(input)]).collect();
        let (size, facts) = (input.register, facts.join(&self.say("; ", "、")));
        self.say(
            format!("permitted by the register of {size} entries: {facts}"),
            format!("登録簿({size}件)により許可: {facts}"),
        )
    }

    fn of_the_person(&self, register: &Register, input: &DecisionInput) -> Vec<String> {
        let mut facts = Vec::new();
        let person = input.operator.as_ref().and_then(|operator| register.operator(operator));
        if let Some(person) = person
            && let Standing::Designated(designation) = person.standing(input.time)
        {
            let said = person.designations().iter().find(|dated| std::ptr::eq(&dated.value, designation));
            if let Some(index) = said.map(|said| said.index) {
                let act = self.act(index);
                facts.push(self.say(format!("designated ({act})"), format!("操作者に指定({act})")));
            }
        }
        if let Some(grant) = &input.grant {
            let (index, act) = (grant.index, self.act(grant.index));
            facts.push(self.say(
                format!("the card is valid by the act on it (entry {index} of the register log, which the terminal had not got yet; {act})"),
                format!("カードが記載の貸与記録(登録順{index}、端末機の登録簿には未到達、{act})により有効"),
            ));
        } else if let Some(card) = input.card.as_ref().and_then(|guid| register.card(guid)) {
            let (number, act) = (numbered(card.number(), self.language), self.act(card.index()));
            facts.push(
                self.say(format!("card number {number} is valid ({act})"), format!("カード {number} が有効({act})")),
            );
        }
        if let (Some(person), Some(profile)) = (person, &input.profile) {
            let given = self.profile_act(register, person.code(), profile, input.time);
            let given = given.map_or_else(String::new, |act| format!(" ({act})"));
            facts.push(match &input.function {
                Some(function) => self.say(
                    format!("permission {profile} covers {function}{given}"),
                    format!("操作者ID {profile} が {function} を含む{given}"),
                ),
                None => self
                    .say(format!("permission {profile} is held{given}"), format!("操作者ID {profile} を所持{given}")),
            });
        }
        facts
    }

    fn profile_act(&self, register: &Register, operator: &Code, profile: &Code, at: u64) -> Option<String> {
        let person = register.operator(operator)?;
        let ProfileStanding::Held(held) = person.profile(profile, at) else { return None };
        let (_, said) = person.profiles().find(|(code, _)| *code == profile)?;
        let is_it = |value: &Option<_>| value.as_ref().is_some_and(|value| std::ptr::eq(value, held));
        said.iter().find(|dated| is_it(&dated.value)).map(|dated| self.act(dated.index))
    }

    fn of_the_place(&self, register: &Register, input: &DecisionInput) -> Vec<String> {
        let mut facts = Vec::new();
        if let Some(function) = input.function.as_ref().and_then(|code| register.function(code))
            && let Some(dated) = function.versions().dated_at(input.time)
        {
            let (code, act) = (function.code(), self.act(dated.index));
            facts.push(
                self.say(format!("function {code} is in use ({act})"), format!("業務機能 {code} は使用中({act})")),
            );
        }
        let terminal = &input.terminal;
        let dated = register.terminal(terminal).and_then(|place| place.versions().dated_at(input.time));
        let act = dated.map_or_else(String::new, |dated| format!(" ({})", self.act(dated.index)));
        facts.push(match input.request {
            Request::Function => self
                .say(format!("terminal {terminal} is for it{act}"), format!("端末機 {terminal} の用途に含まれる{act}")),
            Request::Open | Request::Unlock | Request::ChangePin => self
                .say(format!("may work at terminal {terminal}{act}"), format!("端末機 {terminal} を使用できる{act}")),
        });
        facts
    }

    fn of_the_hours(&self, register: &Register, input: &DecisionInput) -> String {
        match input.permit {
            Some(permit) => {
                let act = register.permit(permit).map(|permit| self.act(permit.index()));
                let act = act.map_or_else(String::new, |act| format!(" ({act})"));
                let permit = numbered(permit, self.language);
                self.say(format!("permit {permit} covers it{act}"), format!("許可 {permit} がある{act}"))
            }
            None if !register.policy_at(input.time).hours_enforced => {
                self.say("hours are not enforced", "運用時間の制限なし")
            }
            None if register.is_open(&input.terminal, input.time) => self.say("within operating hours", "運用時間内"),
            None => self.say("hours do not bind this kind of card", "この種別のカードは運用時間によらない"),
        }
    }

    fn of_the_level(&self, input: &DecisionInput) -> String {
        match input.level {
            Level::Session => self.say("proved by the open session", "開いたセッションで確認"),
            Level::Card => self.say("the card signed it", "カードの署名を確認"),
            Level::Pin => self.say("the card signed it after the PIN", "暗証番号入力後のカードの署名を確認"),
        }
    }

    /// Why a request was refused: the rule is in the record; what the register said of the card then, and by which act, stands here.
    #[must_use]
    pub(crate) fn why_refused(&self, register: &Register, input: &DecisionInput) -> String {
        let size = input.register;
        let again = self.say(
            format!("refused by the same rule when decided again by the register of {size} entries"),
            format!("登録簿({size}件)による再判定でも同じ規則により拒否"),
        );
        let card = input.card.as_ref().and_then(|guid| register.card(guid));
        let Some(said) = card.and_then(|card| card.state_said(input.time)) else { return again };
        let act = self.act(said.index);
        self.say(format!("{again}; state of the card: {act}"), format!("{again}、カードの状態は{act}による"))
    }
}
