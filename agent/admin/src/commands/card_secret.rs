//! `office card-secret`: where the card-management secret lies, its way into a token, a new one.

use sekisho_issuer::{CardManagementSecret, TokenError, TokenPlace};
use sekisho_register::wareki::numbered;

use crate::card_secret::{CardSecrets, Place, open_token, read, write_new};
use crate::cli::{CardSecretCommand, RenewArguments, TokenArguments};
use crate::clock;
use crate::desk::Desk;
use crate::error::AdminError;
use crate::home::Home;
use crate::office_file::Office;
use crate::pending;
use crate::pin_entry::PinSource;
use crate::rekeying::{self, Rekeying};
use crate::screen::{Lists, Screen};
use crate::table::Table;

pub(super) fn run(desk: &mut Desk, command: CardSecretCommand) -> Result<(), AdminError> {
    match command {
        CardSecretCommand::Show => show(desk),
        CardSecretCommand::Create(_) => Err(AdminError::SecretExists),
        CardSecretCommand::Move(arguments) => into_token(desk, arguments),
        CardSecretCommand::Use(arguments) => go_by(desk, arguments),
        CardSecretCommand::Renew(arguments) => renew(desk, arguments),
        CardSecretCommand::DestroyFormer { lost } => destroy_former(desk, lost),
    }
}

/// Before there is an office: its cards will be made with what the token makes now.
pub(super) fn create(
    arguments: TokenArguments,
    screen: &Screen,
    home: &Home,
    pin: &PinSource,
) -> Result<(), AdminError> {
    // The cards of an office have a secret, though this home may not know it.
    if CardSecrets::load(home)?.is_some() || Office::load(home)?.is_some() {
        return Err(AdminError::SecretExists);
    }
    let place = arguments.place(1);
    open_token(&place, screen, pin)?.create(&place.key)?;
    say_backup(screen);
    keep(screen, home, &CardSecrets { generation: 1, now: Place::Token(place), former: None })
}

impl TokenArguments {
    fn place(self, generation: u32) -> TokenPlace {
        let key = self.key.unwrap_or_else(|| CardSecrets::label(generation));
        TokenPlace { module: self.module, token: self.token, key }
    }
}

/// From here on the secret is there.
fn keep(screen: &Screen, home: &Home, secrets: &CardSecrets) -> Result<(), AdminError> {
    secrets.save(home)?;
    let place = secrets.now.in_words(home, screen);
    screen.print(&screen.words(format!("card-management secret: {place}"), format!("カード管理鍵: {place}")))
}

fn say_backup(screen: &Screen) {
    screen.note(
        "nobody can copy it out: have the token's own backup made, for without it no card can be managed any more",
        "鍵は取り出せません。トークンの機能でバックアップを作成してください(失うとカードを管理できなくなります)",
    );
}

fn show(desk: &Desk) -> Result<(), AdminError> {
    let (screen, home) = (&desk.screen, &desk.home);
    let secrets = CardSecrets::of(home)?;
    let mut lines = Vec::new();
    let place = secrets.now.in_words(home, screen);
    lines.push(screen.words(format!("card-management secret: {place}"), format!("カード管理鍵: {place}")));
    lines.extend(left_over(home, &secrets)?.iter().map(|name| {
        let path = home.path(name);
        screen.words(
            format!("not in use, and still there: {}", path.display()),
            format!("使用していない鍵のファイルが残っています: {}", path.display()),
        )
    }));
    let Some(former) = &secrets.former else { return screen.print(&lines.join("\n")) };
    let place = former.in_words(home, screen);
    lines.push(screen.words(format!("former secret: {place}"), format!("旧カード管理鍵: {place}")));
    let rekeying = Rekeying::of(home, secrets.generation, desk.cache.register(), clock::now())?;
    let (done, in_use) = (rekeying.done(), rekeying.in_use);
    lines.push(match former {
        Place::File(_) | Place::Token(_) => screen.words(
            format!("{done} of {in_use} cards in use are done; missing ('card rekey'):"),
            format!("使用中のカード{in_use}枚のうち{done}枚が更新済み。未更新(card rekey):"),
        ),
        Place::Lost => screen.words(
            format!("{done} of {in_use} cards in use were made since; to be replaced by new cards:"),
            format!("使用中のカード{in_use}枚のうち{done}枚が新しい管理鍵で作成済み。新しいカードとの交換が必要:"),
        ),
    });
    if screen.lists == Lists::Text {
        screen.print(&lines.join("\n"))?;
    }
    screen.print_table(&missing(desk, &rekeying))
}

fn missing(desk: &Desk, rekeying: &Rekeying<'_>) -> Table {
    let (screen, now) = (&desk.screen, clock::now());
    let mut table = Table::new(&[
        ("number", screen.words("number", "番号")),
        ("holder", screen.words("holder", "所持者")),
        ("guid", screen.words("GUID", "カードGUID")),
    ]);
    for card in &rekeying.missing {
        let holder = card
            .holder(now)
            .map_or_else(|| "-".to_owned(), |holder| desk.cache.person(holder.operator, desk.screen.language));
        table.row([numbered(card.number(), screen.language), holder, card.guid().to_string()]);
    }
    table
}

/// Files with a secret that is none of the office's two any more: what an interruption left.
fn left_over(home: &Home, secrets: &CardSecrets) -> Result<Vec<String>, AdminError> {
    let used = |name: &str| {
        [Some(&secrets.now), secrets.former.as_ref()].into_iter().flatten().any(|place| match place {
            Place::File(file) => file == name,
            Place::Token(_) | Place::Lost => false,
        })
    };
    let ours = |name: &String| name.starts_with("card-management") && name.ends_with(".secret") && !used(name);
    Ok(home.list("")?.into_iter().filter(ours).collect())
}

/// The file is destroyed only after the token has shown that it makes the same keys. Interrupted, it is run again.
fn into_token(desk: &Desk, arguments: TokenArguments) -> Result<(), AdminError> {
    let (screen, home) = (&desk.screen, &desk.home);
    let mut secrets = CardSecrets::of(home)?;
    let place = arguments.place(secrets.generation);
    screen.confirm(
        &format!("move the card-management secret into token '{}', and destroy its file?", place.token),
        &format!("カード管理鍵をトークン「{}」へ移し、ファイルを消去しますか?", place.token),
    )?;
    match &secrets.now {
        Place::File(name) => {
            copy_into(desk, name, &place)?;
            secrets.now = Place::Token(place);
        }
        // Interrupted before its file was destroyed.
        Place::Token(there) if *there == place => {}
        Place::Token(_) | Place::Lost => return Err(AdminError::SecretInToken),
    }
    keep(screen, home, &secrets)?;
    left_over(home, &secrets)?.iter().try_for_each(|name| home.dangerous_destroy(name))?;
    screen.note(
        "its file is destroyed. A copy in the safe still opens every card: keep it as the backup, or destroy it too",
        "ファイルを消去しました。金庫の写しでも全カードを管理できるため、予備として保管するか、同様に廃棄してください",
    );
    Ok(())
}

fn copy_into(desk: &Desk, name: &str, place: &TokenPlace) -> Result<(), AdminError> {
    let secret = read(&desk.home, name)?;
    let token = open_token(place, &desk.screen, desk.token_pin())?;
    let there = match token.secret(&place.key) {
        Err(TokenError::NoKey { .. }) => token.import(&place.key, &secret),
        there => there,
    }?;
    let same = CardManagementSecret::in_token(there).is_same_as(&CardManagementSecret::new(secret))?;
    if same { Ok(()) } else { Err(TokenError::KeyExists { token: place.token.clone(), key: place.key.clone() }.into()) }
}

/// At a second desk, or in a home that was lost: the token has the secret.
fn go_by(desk: &Desk, arguments: TokenArguments) -> Result<(), AdminError> {
    if CardSecrets::load(&desk.home)?.is_some() {
        return Err(AdminError::SecretExists);
    }
    let secrets = CardSecrets { generation: 1, now: Place::Token(arguments.place(1)), former: None };
    desk.open_secret(&secrets.now)?;
    keep(&desk.screen, &desk.home, &secrets)
}

/// The new secret is there before the places change; until then nothing has happened.
fn renew(desk: &Desk, arguments: RenewArguments) -> Result<(), AdminError> {
    let (screen, home) = (&desk.screen, &desk.home);
    let known = CardSecrets::load(home)?;
    if known.as_ref().is_some_and(|secrets| secrets.former.is_some()) {
        return Err(AdminError::RenewalUnderWay);
    }
    let begun = pending::begun(home)?.len();
    if begun > 0 {
        return Err(AdminError::CardsBegun(begun));
    }
    let present = match (known, arguments.lost) {
        (Some(known), true) => CardSecrets { now: Place::Lost, ..known },
        (None, true) => CardSecrets { generation: 1, now: Place::Lost, former: None },
        (Some(known), false) => {
            // What cannot be used would leave every card behind.
            desk.open_secret(&known.now)?;
            known
        }
        (None, false) => CardSecrets::of(home)?,
    };
    let in_use = Rekeying::of(home, present.generation + 1, desk.cache.register(), clock::now())?.in_use;
    match present.now {
        Place::Lost => screen.confirm(
            &format!(
                "make a new card-management secret? {in_use} cards in use go on working, but nobody can unblock or change them: each needs a new card"
            ),
            &format!(
                "新しいカード管理鍵を作成しますか?使用中のカード{in_use}枚は引き続き使えますが、暗証番号の再設定などはできなくなり、新しいカードとの交換が必要です"
            ),
        ),
        Place::File(_) | Place::Token(_) => screen.confirm(
            &format!("make a new card-management secret? Then each of {in_use} cards in use has to come to 'card rekey'"),
            &format!("新しいカード管理鍵を作成しますか?使用中のカード{in_use}枚それぞれに「card rekey」が必要です"),
        ),
    }?;
    let generation = present.generation + 1;
    let now = match (arguments.module, arguments.token) {
        (Some(module), Some(token)) => {
            let place = TokenArguments { module, token, key: arguments.key }.place(generation);
            open_token(&place, screen, desk.token_pin())?.create(&place.key)?;
            say_backup(screen);
            Place::Token(place)
        }
        (None, _) | (_, None) => {
            let name = present.next_file();
            write_new(home, &name)?;
            screen.note("put a copy of it into the safe", "写しを金庫に保管してください");
            Place::File(name)
        }
    };
    keep(screen, home, &CardSecrets { generation, now, former: Some(present.now) })
}

/// By the newest register: a card that was issued at another desk meanwhile counts.
fn destroy_former(desk: &mut Desk, lost: bool) -> Result<(), AdminError> {
    let secrets = CardSecrets::of(&desk.home)?;
    let former = secrets.former.clone().ok_or(AdminError::NoRenewal)?;
    desk.log_in()?;
    let (screen, home) = (&desk.screen, &desk.home);
    let rekeying = Rekeying::of(home, secrets.generation, desk.cache.register(), clock::now())?;
    if !rekeying.missing.is_empty() {
        return Err(AdminError::CardsMissing(rekeying.missing.len()));
    }
    let place = former.in_words(home, screen);
    screen.confirm(
        &format!("no card in use holds keys of the former secret. Destroy it ({place})?"),
        &format!("旧カード管理鍵を使うカードはありません。消去しますか?({place})"),
    )?;
    if !lost {
        former.dangerous_destroy(home, screen, desk.token_pin())?;
    }
    CardSecrets { former: None, ..secrets.clone() }.save(home)?;
    rekeying::forget(home, secrets.generation)?;
    screen.print(screen.words("the renewal has ended", "カード管理鍵の更新を終了しました"))?;
    screen.note("destroy its copies too: in the safe, in backups", "金庫やバックアップにある写しも廃棄してください");
    Ok(())
}
