//! Whom an act speaks of: in it stand hashes of names, beside it the names. Shown before anybody signs.

use sekisho_register::change::CaseTexts;
use sekisho_register::{Change, NameHash};
use sekisho_wire::id::Code;
use sekisho_wire::words::Language;

use crate::name::{Name, is_a_name};
use crate::register_cache::RegisterCache;

/// The persons that these changes name, each with the hash of the name.
pub(crate) fn persons_in(changes: &[Change]) -> Vec<(&Code, NameHash)> {
    changes.iter().flat_map(named_by).collect()
}

fn named_by(change: &Change) -> Vec<(&Code, NameHash)> {
    if let Change::Designate(designate) = change {
        return vec![(&designate.operator, designate.name)];
    }
    if let Change::Admit(admit) = change {
        return vec![(&admit.designation.operator, admit.designation.name)];
    }
    if let Change::Found(found) = change {
        return found.administrators.iter().map(|one| (&one.operator, one.name)).collect();
    }
    if let Change::AnnounceRecovery(announced) = change {
        return persons_in(&announced.changes);
    }
    Vec::new()
}

/// The name behind a hash, where it shows as it is written.
fn name_of<'a>(hash: &NameHash, names: &'a [Name]) -> Option<&'a str> {
    let named = names.iter().find(|name| NameHash::of(&name.salt, &name.text) == *hash);
    named.map(|name| name.text.as_str()).filter(|text| is_a_name(text))
}

/// Somebody whose name is not there.
pub(crate) fn nameless<'a>(changes: &'a [Change], names: &[Name]) -> Option<&'a Code> {
    persons_in(changes).into_iter().find(|(_, hash)| name_of(hash, names).is_none()).map(|(operator, _)| operator)
}

/// A line for each person whose names these changes erase, and each of those as it can still be read: nobody decides about a code.
pub(crate) fn erased_lines(changes: &[Change], cache: &RegisterCache, language: Language) -> Vec<String> {
    let erases = changes
        .iter()
        .filter_map(|change| if let Change::EraseNames(erase) = change { Some(&erase.operators) } else { None });
    let line = |operator: &Code| {
        let said = cache.register().operator(operator).into_iter().flat_map(|person| person.designations().iter());
        let mut names: Vec<&str> = said.filter_map(|said| cache.name_or_erased(&said.value.name, language)).collect();
        names.dedup();
        match (names.is_empty(), language) {
            (false, Language::English) => format!("{operator}: {}; this cannot be undone", names.join(", ")),
            (false, Language::Japanese) => format!("{operator}: {}(消去すると元に戻せません)", names.join("、")),
            (true, Language::English) => format!("{operator}: the name is not known here; this cannot be undone"),
            (true, Language::Japanese) => {
                format!("{operator}: 氏名はここでは分かりません(消去すると元に戻せません)")
            }
        }
    };
    erases.flatten().map(line).chain(changes.iter().flat_map(|change| texts_lines(change, language))).collect()
}

/// A line for each case whose texts a change erases: where they can be read as long as they are there.
fn texts_lines(change: &Change, language: Language) -> Vec<String> {
    let Change::EraseTexts(erase) = change else { return Vec::new() };
    let line = |CaseTexts { case, .. }: &CaseTexts| match language {
        Language::English => format!("{case}: 'sekisho-admin case show {case}' shows them; this cannot be undone"),
        Language::Japanese => {
            format!("{case}: 本文は「sekisho-admin case show {case}」で確認できます(消去すると元に戻せません)")
        }
    };
    erase.cases.iter().map(line).collect()
}

/// A line for each person; the hash is the one in the text of the act.
pub(crate) fn lines(changes: &[Change], names: &[Name], language: Language) -> Vec<String> {
    let line = |(operator, hash): (&Code, NameHash)| match (name_of(&hash, names), language) {
        (Some(name), Language::English) => format!("{operator} is {name} (name hash {hash})"),
        (Some(name), Language::Japanese) => format!("{operator}: {name}(氏名のハッシュ {hash})"),
        (None, Language::English) => format!("{operator}: the name is not shown (name hash {hash})"),
        (None, Language::Japanese) => format!("{operator}: 氏名は示されていません(氏名のハッシュ {hash})"),
    };
    persons_in(changes).into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_register::change::{Designate, PersonClass};
    use sekisho_wire::id::Salt;

    fn name(number: u8, text: &str) -> Name {
        Name { salt: Salt([number; 16]), text: text.to_owned() }
    }

    fn designate(operator: &str, name: &Name) -> Change {
        Change::Designate(Box::new(Designate {
            operator: Code::new(operator).unwrap(),
            name: NameHash::of(&name.salt, &name.text),
            class: PersonClass::Operator,
            section: Code::new("jumin").unwrap(),
            from: 0,
            to: 1,
            terminals: Vec::new(),
            sections: Vec::new(),
        }))
    }

    #[test]
    fn each_person_is_shown_by_the_name_that_the_act_asks_for_and_by_no_other() {
        let (one, two) = (name(1, "佐藤 一郎"), name(2, "鈴木 花子"));
        let changes = [designate("10001", &one), designate("10002", &two)];
        let said = lines(&changes, &[two.clone(), one.clone()], Language::English);
        assert!(said[0].starts_with("10001 is 佐藤 一郎 (") && said[1].starts_with("10002 is 鈴木 花子 ("), "{said:?}");
        assert_eq!(nameless(&changes, &[two.clone(), one.clone()]), None);
        // The same text with another salt is not what was proposed.
        let other = name(3, "鈴木 花子");
        assert_eq!(nameless(&changes, &[one, other.clone()]).map(Code::as_str), Some("10002"));
        assert!(lines(&changes[1..], &[other], Language::Japanese)[0].contains("示されていません"));
    }

    #[test]
    fn a_name_that_would_not_show_as_it_is_written_is_none() {
        let turned = name(1, "佐藤\u{202e} 一郎");
        let changes = [designate("10001", &turned)];
        assert_eq!(nameless(&changes, &[turned]).map(Code::as_str), Some("10001"));
    }
}
