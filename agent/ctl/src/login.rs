//! `sekisho login`, `change-pin`, `lock`: what the operator does with the session.

use std::process::ExitCode;

use sekisho_ipc::{AwaitAnswer, Client, PinFrame, Prompt, PromptRequest};
use sekisho_wire::words::Language;

use crate::arguments::{Kind, PinFrom};
use crate::failure::Failure;
use crate::phrases::{self, sentence, tries};
use crate::terminal_pin::PinSource;
use crate::{Surroundings, exit, output};

pub(crate) fn run(
    surroundings: &Surroundings,
    profile: Option<String>,
    kind: Option<Kind>,
    pin: &PinFrom,
) -> Result<ExitCode, Failure> {
    let kind = kind.map(|kind| kind.name().to_owned());
    let request = PromptRequest { profile, kind, ..PromptRequest::login() };
    let answer = match prove(surroundings, &mut surroundings.connect()?, request.clone(), pin) {
        Err(failure) if !pin.stdin && failure.says_expired() => {
            failure.report(surroundings.language);
            let Some(new) = change_expired(surroundings, pin)? else { return Ok(exit::REFUSED.into()) };
            let mut client = surroundings.connect()?;
            let prompt = open(surroundings, &mut client, request, pin)?;
            match new {
                Changed::Typed(frame) => send(surroundings, &mut client, &prompt, &[frame])?,
                Changed::OnReader => {
                    let ask = phrases::type_on_reader(surroundings.language);
                    on_reader(surroundings, &mut client, &prompt, ask, pin)?
                }
            }
        }
        answer => answer?,
    };
    if answer.verdict.granted
        && let Some(session) = &answer.session
    {
        crate::status::session_lines(session, surroundings.language).iter().try_for_each(|line| output::line(line))?;
    }
    told(&answer, surroundings.language)
}

/// Where a new PIN was typed.
enum Changed {
    /// Here: it logs in, and nobody types it a third time.
    Typed(PinFrame),
    OnReader,
}

/// A PIN that has expired is changed before anything else; nothing, where card or agent did not take the new one, which was said.
fn change_expired(surroundings: &Surroundings, pin: &PinFrom) -> Result<Option<Changed>, Failure> {
    let (answer, new) = changed(surroundings, pin)?;
    let done = answer.verdict.granted;
    told(&answer, surroundings.language)?;
    Ok(done.then_some(new))
}

pub(crate) fn change_pin(surroundings: &Surroundings, pin: &PinFrom) -> Result<ExitCode, Failure> {
    told(&changed(surroundings, pin)?.0, surroundings.language)
}

fn changed(surroundings: &Surroundings, pin: &PinFrom) -> Result<(AwaitAnswer, Changed), Failure> {
    let language = surroundings.language;
    let mut client = surroundings.connect()?;
    let prompt = open(surroundings, &mut client, PromptRequest::change_pin(), pin)?;
    if prompt.on_reader.is_some() {
        let ask = language.pick(
            "カードリーダーのキーパッドで、現在の暗証番号、新しい暗証番号、新しい暗証番号(確認)の順に入力してください",
            "On the reader's keypad, type the present PIN, then the new one twice",
        );
        return Ok((on_reader(surroundings, &mut client, &prompt, ask, pin)?, Changed::OnReader));
    }
    let mut source = PinSource::open(pin.stdin)?;
    let old = source.ask(&question(&prompt, language.pick("現在の暗証番号: ", "Present PIN: "), language))?;
    let new = source.ask(language.pick("新しい暗証番号: ", "New PIN: "))?;
    if !pin.stdin && !source.ask(language.pick("新しい暗証番号(確認): ", "New PIN again: "))?.same_as(&new) {
        return Err(Failure::PinsDiffer);
    }
    // Both are framed before either is sent: a new PIN that is none must not cost a try of the old one.
    let frames = [old.frame().map_err(Failure::Pin)?, new.frame().map_err(Failure::Pin)?];
    drop(source);
    let answer = send(surroundings, &mut client, &prompt, &frames)?;
    let [_, new] = frames;
    Ok((answer, Changed::Typed(new)))
}

pub(crate) fn lock(surroundings: &Surroundings, end: bool) -> Result<ExitCode, Failure> {
    let mut client = surroundings.connect()?;
    if end { client.end() } else { client.lock() }.map_err(|error| surroundings.asking(error))?;
    let (japanese, english) =
        if end { ("終了しました", "session ended") } else { ("ロックしました", "locked") };
    output::line(surroundings.language.pick(japanese, english))?;
    Ok(exit::DONE.into())
}

/// Opens a prompt, asks for one PIN, waits for what comes of it.
pub(crate) fn prove(
    surroundings: &Surroundings,
    client: &mut Client,
    request: PromptRequest,
    pin: &PinFrom,
) -> Result<AwaitAnswer, Failure> {
    let language = surroundings.language;
    let prompt = open(surroundings, client, request, pin)?;
    if prompt.on_reader.is_some() {
        let ask = phrases::type_on_reader(language);
        return on_reader(surroundings, client, &prompt, ask, pin);
    }
    let mut source = PinSource::open(pin.stdin)?;
    let typed = source.ask(&question(&prompt, language.pick("暗証番号: ", "PIN: "), language))?;
    let frame = typed.frame().map_err(Failure::Pin)?;
    drop((source, typed));
    send(surroundings, client, &prompt, &[frame])
}

/// The reader asks, and nobody here: what is shown says where to type.
fn on_reader(
    surroundings: &Surroundings,
    client: &mut Client,
    prompt: &Prompt,
    ask: &str,
    pin: &PinFrom,
) -> Result<AwaitAnswer, Failure> {
    if pin.stdin {
        return Err(Failure::PinOnReader);
    }
    output::remark(&question(prompt, ask, surroundings.language));
    client.wait_for(prompt).map_err(|error| surroundings.asking(error))
}

/// A PIN that is piped was typed for a card that nobody has been shown: who names it is sure that no other one hears it.
fn open(
    surroundings: &Surroundings,
    client: &mut Client,
    request: PromptRequest,
    pin: &PinFrom,
) -> Result<Prompt, Failure> {
    // The reader cannot be stopped once it asks: a PIN that is piped is refused before.
    let at_keyboard = pin.stdin.then_some(true);
    let request = PromptRequest { card: pin.card.clone(), at_keyboard, ..request };
    client.prompt(&request).map_err(|error| surroundings.asking(error))
}

fn send(
    surroundings: &Surroundings,
    client: &mut Client,
    prompt: &Prompt,
    frames: &[PinFrame],
) -> Result<AwaitAnswer, Failure> {
    frames.iter().try_for_each(|frame| prompt.send_pin(frame)).map_err(|error| surroundings.asking(error))?;
    client.wait_for(prompt).map_err(|error| surroundings.asking(error))
}

/// Whose card it is comes before the PIN: nobody shall type it for another's card.
fn question(prompt: &Prompt, ask: &str, language: Language) -> String {
    let holder =
        [prompt.operator.as_deref(), prompt.name.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let left = prompt.tries_left.map(|left| tries(left, language)).unwrap_or_default();
    let card =
        if holder.is_empty() { String::new() } else { format!("{}: {holder}", language.pick("カード", "card")) };
    [card, left].iter().filter(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect::<String>() + ask
}

/// Says what came of it; the exit code goes with it.
pub(crate) fn told(answer: &AwaitAnswer, language: Language) -> Result<ExitCode, Failure> {
    if answer.verdict.granted {
        output::line(crate::phrases::what_of(&answer.verdict, language))?;
        return Ok(exit::DONE.into());
    }
    output::line(&sentence(&answer.verdict, language))?;
    if let Some(left) = answer.tries_left {
        output::line(&tries(left, language))?;
    }
    Ok(exit::REFUSED.into())
}
