//! What a request can name that is not there, for people.

/// In Japanese; the name in programs, where there is no word for it.
pub(super) fn japanese(what: &str) -> &str {
    let known = THINGS.iter().find(|(name, _)| *name == what);
    known.map_or(what, |(_, japanese)| japanese)
}

const THINGS: [(&str, &str); 17] = [
    ("act", "処分"),
    ("address", "アドレス"),
    ("case", "事案"),
    ("change", "変更の種類"),
    ("entry", "記録"),
    ("form", "様式"),
    ("log", "ログ"),
    ("office", "団体"),
    ("page", "画面"),
    ("page of this list", "一覧のページ"),
    ("proposal", "申請"),
    ("record", "記録"),
    ("register", "台帳"),
    ("step", "手続"),
    ("terminal", "端末機"),
    ("tile", "タイル"),
    ("wish", "依頼"),
];
