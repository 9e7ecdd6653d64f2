//! Recovery, as a signer reads it, and everybody who is to object.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::describe;
use crate::change::{AnnounceRecovery, EndRecovery, Recovery, RecoveryEnd};
use crate::render::Titles;

pub(super) fn keys(change: &Recovery, say: &Titles<'_>) -> String {
    let (k, all) = (change.k, change.keys.len());
    let mut lines = Vec::from([say.say(
        &format!("復旧鍵: {all}件のうち{k}件がそろうと、すべての処分を予告し、期間経過後に実施できる"),
        &format!(
            "recovery: any {k} of these {all} keys together can announce any act, and carry it out after the wait"
        ),
    )]);
    for (number, key) in (1..).zip(&change.keys) {
        lines.push(say.say(&format!("復旧鍵 {number}: {key}"), &format!("recovery key {number}: {key}")));
    }
    lines.join("\n   ")
}

pub(super) fn announcement(change: &AnnounceRecovery, say: &Titles<'_>) -> String {
    let mut lines = Vec::from([say.say(
        "復旧を予告する。期間内に管理者の異議がなければ、次の変更を実施できる",
        "announce a recovery: unless an administrator objects in time, these changes can be carried out",
    )]);
    lines.extend(change.changes.iter().map(|change| format!("- {}", describe(change, say))));
    lines.join("\n   ")
}

pub(super) fn end(change: EndRecovery, say: &Titles<'_>) -> String {
    let id = change.announced;
    let mut lines = Vec::from([match change.how {
        RecoveryEnd::Completed => say.say(
            &format!("予告 {id} のとおり復旧を実施する"),
            &format!("carry out the recovery announced by act {id}"),
        ),
        RecoveryEnd::Objected => say.say(
            &format!("予告 {id} の復旧に異議を申し立てる"),
            &format!("object to the recovery announced by act {id}"),
        ),
    }]);
    // Where this register holds it still: what was signed names it by its id.
    let announced = say.register.announced_recovery(0).filter(|announced| announced.id == id);
    let changes = announced.into_iter().flat_map(|announced| &announced.changes);
    lines.extend(changes.map(|change| format!("- {}", describe(change, say))));
    lines.join("\n   ")
}
