//! Fields of a form as people write them on a command line: `name=value`. All that is wrong with them is said at once, before a PIN is asked for.

use std::borrow::Cow;

use sekisho_register::change::{Field, Log};
use sekisho_register::forms::{Blank, Kind};
use sekisho_register::refusal::FieldFault;
use sekisho_register::typed::{self, Fault, WrongField};
use sekisho_register::{Casebook, NameHash, Register};
use sekisho_wire::id::Salt;
use sekisho_wire::words::Language;

use crate::casebook;
use crate::clock;
use crate::desk::Desk;
use crate::error::{AdminError, Said, WrongArgument};
use crate::given_text::GivenTexts;
use crate::name::{Name, is_a_text};
use crate::random;

/// What was filled in, and the texts that travel beside it.
#[derive(Debug, Default)]
pub(crate) struct FilledIn {
    /// By key, ascending.
    pub fields: Vec<Field>,
    /// The texts.
    pub texts: Vec<Name>,
}

/// What is wrong with what was filled in, by the fold's own code: the casebook, the register, the fields, now.
pub(crate) type Judge<'j> = dyn Fn(&Casebook, &Register, &[Field], u64) -> Vec<WrongField> + 'j;

/// `name=value`, told apart.
#[derive(Debug, Default)]
struct Given<'a> {
    pairs: Vec<Pair<'a>>,
    /// Fields whose text could not be read: they are not empty.
    unread: Vec<&'static str>,
    wrong: Vec<WrongArgument>,
}

/// A field, what was written there, and what stands for it: for a text, what the file that was named holds.
#[derive(Debug)]
struct Pair<'a> {
    name: &'static str,
    written: &'a str,
    value: Cow<'a, str>,
}

impl FilledIn {
    /// Reads `name=value` for the fields of a form or a step, and judges it, first with what is known here, so that a slip costs no PIN, then logged in.
    ///
    /// # Errors
    /// [`AdminError::FilledIn`], which names all that is wrong; as [`Desk::log_in`].
    pub(crate) fn read(
        desk: &mut Desk,
        blanks: &'static [Blank],
        given: &[String],
        judge: &Judge<'_>,
    ) -> Result<Self, AdminError> {
        let given = Given::of(blanks, given, &mut GivenTexts::beside(&desk.signing.pin, desk.screen));
        let is_newest = is_newest(desk);
        let register = desk.cache.register();
        let (filled, wrong) = given.read(blanks, register)?;
        let judged = judge(&Casebook::new(), register, &filled.fields, clock::now());
        // Which cases there are nobody knows here; and of a register that went on, not what has come into it since.
        let is_sure = |wrong: &WrongField| match wrong.fault {
            Fault::Field(FieldFault::NotThere) => {
                let known = blanks.iter().find(|blank| blank.name == wrong.name);
                is_newest && known.is_some_and(|blank| !is_of_the_casebook(blank.kind))
            }
            Fault::Spelling | Fault::Date(_) | Fault::Field(_) | Fault::Recipients(_) | Fault::Against(_) => true,
        };
        given.refuse(blanks, wrong.into_iter().chain(judged).filter(is_sure))?;
        desk.log_in()?;
        let named = |field: &Field| blanks.iter().any(|it| it.key == field.key && is_of_the_casebook(it.kind));
        let asks = blanks.iter().any(|blank| blank.kind == Kind::Number) || filled.fields.iter().any(named);
        let casebook = if asks { Some(casebook::entries(desk)?.0) } else { None };
        let (filled, wrong) = given.read(blanks, desk.cache.register())?;
        let nothing = Casebook::new();
        let by = casebook.as_ref().unwrap_or(&nothing);
        let judged = judge(by, desk.cache.register(), &filled.fields, clock::now());
        given.refuse(blanks, wrong.into_iter().chain(judged))?;
        Ok(filled)
    }

    /// A text, salted; the text itself goes beside the act.
    ///
    /// # Errors
    /// When it would not show as it is written.
    pub(crate) fn text(&mut self, name: &'static str, text: &str) -> Result<NameHash, AdminError> {
        if !is_a_text(text) {
            let value = text.escape_default().to_string();
            let rule = Said::new(
                "1 to 1300 characters, nothing that does not show",
                "1〜1300文字で、見えない文字を含まないこと",
            );
            return Err(AdminError::Argument { name, value, rule });
        }
        let salt = Salt(random::bytes()?);
        self.texts.push(Name { salt, text: text.to_owned() });
        Ok(NameHash::of(&salt, text))
    }
}

const fn is_of_the_casebook(kind: Kind) -> bool {
    matches!(kind, Kind::Case(_) | Kind::Act)
}

/// Whether the register at hand is the one in force, as far as the ledger's checkpoint says, which is shown to everybody.
fn is_newest(desk: &Desk) -> bool {
    let newest =
        || desk.log_keys(Log::Register)?.open(&desk.ledger.checkpoint(Log::Register)?).map_err(AdminError::from);
    newest().is_ok_and(|newest| newest.size == desk.cache.size())
}

impl<'a> Given<'a> {
    fn of(blanks: &'static [Blank], given: &'a [String], texts: &mut GivenTexts) -> Self {
        let mut told = Self::default();
        for argument in given {
            let (name, written) = argument.split_once('=').unwrap_or((argument, ""));
            let Some(blank) = find(blanks, name).filter(|_| argument.contains('=')) else {
                told.wrong.push(no_such_field(blanks, name));
                continue;
            };
            if told.pairs.iter().any(|known| known.name == blank.name) {
                let rule = Said::new("it is given twice", "2度指定されています");
                told.wrong.push(WrongArgument::by(blank.name, blank.title, written, rule));
                continue;
            }
            let value =
                if blank.kind == Kind::Text { texts.read(written).map(Cow::Owned) } else { Ok(Cow::Borrowed(written)) };
            match value {
                Ok(value) => told.pairs.push(Pair { name: blank.name, written, value }),
                Err(rule) => {
                    told.unread.push(blank.name);
                    told.wrong.push(WrongArgument::by(blank.name, blank.title, written, rule));
                }
            }
        }
        told
    }

    fn read(&self, blanks: &'static [Blank], register: &Register) -> Result<(FilledIn, Vec<WrongField>), AdminError> {
        let salts = blanks.iter().map(|_| random::bytes().map(Salt)).collect::<Result<Vec<_>, _>>()?;
        let typed = typed::read(
            blanks,
            self.pairs.iter().map(|pair| (pair.name, pair.value.as_ref())),
            register,
            &mut salts.into_iter(),
        );
        let texts = typed.texts.into_iter().map(|(salt, text)| Name { salt, text });
        Ok((FilledIn { fields: typed.fields, texts: texts.collect() }, typed.wrong))
    }

    /// All that is wrong in one error, in the order of the form. What cannot be read is not missing, too.
    fn refuse(&self, blanks: &'static [Blank], wrong: impl Iterator<Item = WrongField>) -> Result<(), AdminError> {
        let mut of_fields: Vec<WrongField> = Vec::new();
        for wrong in wrong.filter(|wrong| !self.unread.contains(&wrong.name)) {
            if of_fields.iter().all(|known| known.name != wrong.name) {
                of_fields.push(wrong);
            }
        }
        let place = |wrong: &WrongField| blanks.iter().position(|blank| blank.name == wrong.name);
        of_fields.sort_by_key(place);
        let value = |name| self.pairs.iter().find(|pair| pair.name == name).map_or("", |pair| pair.written);
        let told = of_fields.iter().map(|wrong| WrongArgument::of(wrong, value(wrong.name)));
        let all: Vec<WrongArgument> = self.wrong.iter().cloned().chain(told).collect();
        if all.is_empty() { Ok(()) } else { Err(AdminError::FilledIn(all)) }
    }
}

fn find(blanks: &'static [Blank], name: &str) -> Option<&'static Blank> {
    blanks.iter().find(|blank| blank.name == name || blank.title.text(Language::Japanese) == name)
}

fn no_such_field(blanks: &[Blank], given: &str) -> WrongArgument {
    let names: Vec<&str> = blanks.iter().map(|blank| blank.name).collect();
    let both: Vec<String> =
        blanks.iter().map(|blank| format!("{}({})", blank.name, blank.title.text(Language::Japanese))).collect();
    let rule = if blanks.is_empty() {
        Said::new("there is nothing to fill in", "記入する欄はありません")
    } else {
        Said::new(
            format!("FIELD=VALUE, where FIELD is one of {}", names.join(", ")),
            format!("欄=内容の形で、欄は次のいずれかです: {}", both.join("、")),
        )
    };
    WrongArgument { name: Said::new("FIELD=VALUE", "FIELD=VALUE"), value: given.to_owned(), rule }
}
