//! `sekisho report`, and what the panel says of a report: what can be reported, and what came of it.

use std::process::ExitCode;

use clap::ValueEnum;
use sekisho_ipc::{
    CardTrouble, Client, ClientError, IncidentClass, Numbered, ReportCardAnswer, ReportCardRequest,
    ReportIncidentAnswer, ReportIncidentRequest,
};
use sekisho_wire::words::Language;

use crate::failure::Failure;
use crate::phrases::sentence;
use crate::{Surroundings, exit, output};

/// What can be reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    Lost,
    Stolen,
    Damaged,
    PinKnown,
    Failure,
    Malfunction,
    Leak,
    Alteration,
    Intrusion,
    Irrecoverable,
    Misuse,
    Loss,
    Theft,
    Other,
}

/// What a report asks of the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Card(ReportCardRequest),
    Incident(ReportIncidentRequest),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Card(ReportCardAnswer),
    Incident(ReportIncidentAnswer),
}

impl What {
    /// All of them, as the panel lists them.
    pub(crate) const ALL: [Self; 14] = [
        Self::Lost,
        Self::Stolen,
        Self::PinKnown,
        Self::Damaged,
        Self::Failure,
        Self::Malfunction,
        Self::Irrecoverable,
        Self::Leak,
        Self::Alteration,
        Self::Intrusion,
        Self::Misuse,
        Self::Loss,
        Self::Theft,
        Self::Other,
    ];

    /// What of a card it is, if it is about one and blocks it.
    pub(crate) const fn trouble(self) -> Option<CardTrouble> {
        match self {
            Self::Lost => Some(CardTrouble::Lost),
            Self::Stolen => Some(CardTrouble::Stolen),
            Self::Damaged => Some(CardTrouble::Damaged),
            Self::PinKnown => Some(CardTrouble::PinCompromised),
            Self::Failure
            | Self::Malfunction
            | Self::Irrecoverable
            | Self::Leak
            | Self::Alteration
            | Self::Intrusion
            | Self::Misuse
            | Self::Loss
            | Self::Theft
            | Self::Other => None,
        }
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Stolen => "stolen",
            Self::Damaged => "damaged",
            Self::PinKnown => "pin-known",
            Self::Failure => "failure",
            Self::Malfunction => "malfunction",
            Self::Leak => "leak",
            Self::Alteration => "alteration",
            Self::Intrusion => "intrusion",
            Self::Irrecoverable => "irrecoverable",
            Self::Misuse => "misuse",
            Self::Loss => "loss",
            Self::Theft => "theft",
            Self::Other => "other",
        }
    }

    /// For people.
    pub(crate) const fn title(self, language: Language) -> &'static str {
        match self {
            Self::Lost => language.pick("カードの紛失", "a card is lost"),
            Self::Stolen => language.pick("カードの盗難", "a card was stolen"),
            Self::Damaged => language.pick("カードのき損", "a card is damaged"),
            Self::PinKnown => language.pick("暗証番号の漏えい(おそれを含む)", "somebody else may know a PIN"),
            Self::Failure => language.pick("障害: 故障", "failure: something does not work"),
            Self::Malfunction => language.pick("障害: 誤動作", "failure: something works wrongly"),
            Self::Irrecoverable => {
                language.pick("障害: 回復困難な異常・損傷", "failure: damage that cannot be put right")
            }
            Self::Misuse => language.pick("不正行為: 目的外利用", "misuse: used for another purpose"),
            Self::Loss => language.pick("不正行為: 帳票・媒体の紛失", "misuse: papers or a medium are lost"),
            Self::Theft => language.pick("不正行為: 帳票・媒体の盗難", "misuse: papers or a medium were stolen"),
            Self::Leak => language.pick("不正行為: 情報の漏えい", "misuse: information leaked"),
            Self::Alteration => language.pick("不正行為: 情報の改ざん", "misuse: information was altered"),
            Self::Intrusion => language.pick("不正行為: 不正アクセス", "misuse: somebody got in"),
            Self::Other => language.pick("不正行為: その他", "misuse: something else"),
        }
    }

    /// `card` as it was typed; nothing means the card in the reader, or no card for an incident.
    pub(crate) fn request(self, card: Option<&str>) -> Request {
        let card = card.map(str::trim).filter(|card| !card.is_empty()).map(str::to_owned);
        let class = match self {
            Self::Failure | Self::Malfunction | Self::Irrecoverable => IncidentClass::Failure,
            Self::Lost
            | Self::Stolen
            | Self::Damaged
            | Self::PinKnown
            | Self::Leak
            | Self::Alteration
            | Self::Intrusion
            | Self::Misuse
            | Self::Loss
            | Self::Theft
            | Self::Other => IncidentClass::Misuse,
        };
        match self.trouble() {
            Some(reason) => Request::Card(ReportCardRequest { card, reason }),
            None => Request::Incident(ReportIncidentRequest { class, kind: self.kind().to_owned(), card }),
        }
    }
}

impl Request {
    /// Reports it.
    pub(crate) fn send(&self, client: &mut Client) -> Result<Answer, ClientError> {
        match self {
            Self::Card(request) => client.report_card(request).map(Answer::Card),
            Self::Incident(request) => client.report_incident(request).map(Answer::Incident),
        }
    }
}

impl Answer {
    /// What came of it, and what is left to do.
    pub(crate) fn sentence(&self, language: Language) -> String {
        let (done, heard) = match self {
            Self::Card(answer) if answer.refused => (blocked(answer, language), refused_card(language)),
            Self::Card(answer) => (blocked(answer, language), heard(answer.reached, language)),
            Self::Incident(answer) if answer.refused => (String::new(), refused_incident(language)),
            Self::Incident(answer) => (taken(answer, language), heard(answer.reached, language)),
        };
        format!("{done}{heard}")
    }

    /// Whether nothing is left to do.
    pub(crate) const fn is_done(&self) -> bool {
        match self {
            Self::Card(answer) => answer.reached && answer.not_blocked.is_empty(),
            Self::Incident(answer) => answer.reached && answer.unclear.is_empty(),
        }
    }

    /// Whether something of it was not taken, here or at the ledger. A line that is down is no refusal.
    const fn is_refused(&self) -> bool {
        match self {
            Self::Card(answer) => answer.refused || !answer.not_blocked.is_empty(),
            Self::Incident(answer) => answer.refused,
        }
    }
}

fn blocked(answer: &ReportCardAnswer, language: Language) -> String {
    let mut text = String::new();
    if !answer.cards.is_empty() {
        let cards = numbers(&answer.cards, language);
        text += &match language {
            Language::Japanese => format!("カード{cards}を使えなくしました。停止を解けるのは管理者だけです。"),
            Language::English => format!("Blocked: card {cards}. Only administrators lift that. "),
        };
    }
    if !answer.already.is_empty() {
        let cards = numbers(&answer.already, language);
        text += &match language {
            Language::Japanese => format!("カード{cards}は既に使えません。"),
            Language::English => format!("Blocked before: card {cards}. "),
        };
    }
    for left in &answer.not_blocked {
        let (card, why) = (numbers(std::slice::from_ref(&left.card), language), sentence(&left.verdict, language));
        text += &match language {
            Language::Japanese => format!("カード{card}は停止できませんでした: {why}"),
            Language::English => format!("NOT blocked: card {card}: {why} "),
        };
    }
    text
}

fn taken(answer: &ReportIncidentAnswer, language: Language) -> String {
    let text: String = match (&answer.number, language) {
        (Some(number), Language::Japanese) => format!("事故を{}として受け付けました。", number.number_ja),
        (Some(number), Language::English) => format!("The incident has the number {}. ", number.number),
        (None, Language::Japanese) => "事故の報告を受け付けました。番号は台帳が付けます。".into(),
        (None, Language::English) => "The incident was taken down; the ledger gives it a number. ".into(),
    };
    if answer.unclear.is_empty() {
        return text;
    }
    let cards = numbers(&answer.unclear, language);
    text + &match language {
        Language::Japanese => {
            format!(
                "該当者のカードが複数({cards})あるため、報告にはカードを記していません。どのカードかをアクセス管理責任者に知らせてください。"
            )
        }
        Language::English => {
            format!(
                "The person has several cards ({cards}), so the report names none. Tell the access manager which it was. "
            )
        }
    }
}

const fn refused_card(language: Language) -> &'static str {
    language.pick(
        "台帳は届出を受け付けず、カードはこの端末でのみ停止しています。直ちにアクセス管理責任者に電話し、カードの停止・失効・解除を求めてください。",
        "The ledger will not have the report: the card is blocked at this terminal alone. Telephone the access manager at once: an administrator has to suspend, revoke or lift it.",
    )
}

const fn refused_incident(language: Language) -> &'static str {
    language.pick(
        "台帳は報告を受け付けませんでした。この端末の記録には残っています。アクセス管理責任者に電話してください。",
        "The ledger will not have the report; it is in this terminal's records. Telephone the access manager.",
    )
}

const fn heard(reached: bool, language: Language) -> &'static str {
    match (reached, language) {
        (true, Language::Japanese) => "台帳に届きました。",
        (true, Language::English) => "The ledger has it.",
        (false, Language::Japanese) => {
            "台帳にはまだ届いていません。回線が戻りしだい送ります。アクセス管理責任者に電話でも知らせてください。"
        }
        (false, Language::English) => {
            "The ledger does not have it yet; it goes there as soon as there is a line. Telephone the access manager as well."
        }
    }
}

fn numbers(cards: &[Numbered], language: Language) -> String {
    let number = |card: &Numbered| language.pick(&card.number_ja, &card.number).to_owned();
    cards.iter().map(number).collect::<Vec<_>>().join(language.pick("、", ", "))
}

pub(crate) fn run(
    surroundings: &Surroundings,
    what: What,
    card: Option<&str>,
    json: bool,
) -> Result<ExitCode, Failure> {
    let request = what.request(card);
    let answer = request.send(&mut surroundings.connect()?).map_err(|error| surroundings.asking(error))?;
    match (&answer, json) {
        (_, false) => output::line(&answer.sentence(surroundings.language))?,
        (Answer::Card(answer), true) => output::json(answer)?,
        (Answer::Incident(answer), true) => output::json(answer)?,
    }
    Ok(if answer.is_refused() { exit::REFUSED } else { exit::DONE }.into())
}

#[cfg(test)]
mod tests {
    use sekisho_ipc::NotBlocked;

    use super::*;

    #[test]
    fn every_report_is_listed_once_and_names_its_class() {
        for what in What::value_variants() {
            assert_eq!(What::ALL.iter().filter(|listed| *listed == what).count(), 1, "{what:?}");
            assert_eq!(what.to_possible_value().unwrap().get_name(), what.kind());
            match what.request(Some(" 0012 ")) {
                Request::Card(request) => assert_eq!(request.card.as_deref(), Some("0012")),
                Request::Incident(request) => {
                    let fails = what.title(Language::English).starts_with("failure");
                    assert_eq!(request.class == IncidentClass::Failure, fails, "{what:?}");
                }
            }
        }
        assert_eq!(
            What::Lost.request(Some("")),
            Request::Card(ReportCardRequest { card: None, reason: CardTrouble::Lost })
        );
    }

    fn card_answer(cards: Vec<Numbered>, reached: bool) -> ReportCardAnswer {
        ReportCardAnswer { cards, already: vec![], not_blocked: vec![], reached, refused: false }
    }

    #[test]
    fn what_is_left_to_do_is_said() {
        let number = |number: &str| Numbered { number: number.into(), number_ja: number.into() };
        let text = |text: &str| text.to_owned();
        let verdict = sekisho_ipc::Verdict {
            granted: false,
            code: text("report_limit"),
            number: 209,
            what: text("as much was reported"),
            next: text("Report at another terminal."),
            what_ja: text("件数に達しました"),
            next_ja: text("別の端末から届け出てください。"),
        };
        let left = NotBlocked { card: number("2026-2"), verdict };
        let some = ReportCardAnswer { not_blocked: vec![left], ..card_answer(vec![number("2026-1")], true) };
        let some = Answer::Card(some);
        let said = some.sentence(Language::English);
        assert!(said.contains("Blocked: card 2026-1") && said.contains("NOT blocked: card 2026-2"), "{said}");
        assert!(said.contains("Report at another terminal.") && !some.is_done() && some.is_refused(), "{said}");
        let refused = Answer::Card(ReportCardAnswer { refused: true, ..card_answer(vec![number("2026-1")], false) });
        assert!(refused.sentence(Language::English).contains("this terminal alone") && refused.is_refused());
        assert!(refused.sentence(Language::Japanese).contains("この端末でのみ"));
        let unclear = vec![number("2026-1"), number("2026-2")];
        let incident = ReportIncidentAnswer { number: None, unclear, reached: true, refused: false };
        let said = Answer::Incident(incident.clone()).sentence(Language::English);
        assert!(said.contains("several cards (2026-1, 2026-2)"), "{said}");
        let refused = Answer::Incident(ReportIncidentAnswer { refused: true, ..incident });
        assert!(!refused.sentence(Language::English).contains("taken down"));
    }

    #[test]
    fn what_the_ledger_has_not_heard_is_to_be_told_by_telephone() {
        let number = Numbered { number: "2026-12".into(), number_ja: "令和8年度第12号".into() };
        let answer = |reached| Answer::Card(card_answer(vec![number.clone()], reached));
        assert!(answer(false).sentence(Language::English).contains("Telephone"));
        assert!(answer(false).sentence(Language::Japanese).contains("電話"));
        assert!(!answer(true).sentence(Language::English).contains("Telephone"));
        assert!(answer(true).sentence(Language::Japanese).contains("令和8年度第12号"));
    }
}
