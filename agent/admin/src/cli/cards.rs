//! Arguments about cards.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sekisho_register::Title;
use sekisho_register::change::{CardKind, Identified, StateReason};
use sekisho_wire::id::{CardGuid, Code};

use super::{LabelArguments, Period, Since, when, word};
use crate::dates::When;

/// Cards.
#[derive(Debug, Subcommand)]
pub(crate) enum CardCommand {
    /// Make a card for an operator: keys on the card, PIN, act, grant (貸与)
    Issue(IssueArguments),
    /// Make many cards in two passes: each is made, all acts are signed, each gets its grant (一括発行)
    Batch(BatchArguments),
    /// Suspend a card (停止)
    Suspend(CardChange),
    /// Lift a suspension (停止の解除)
    Lift(CardChange),
    /// Revoke a card for good (失効)
    Revoke(CardChange),
    /// Take a card back for good (返納)
    Return(CardChange),
    /// Record that a card was destroyed: how, by whom, beside whom (廃棄)
    Dispose {
        #[command(flatten)]
        change: CardChange,
        /// How: face and chip (方法)
        #[arg(long, value_name = "TEXT", value_parser = word::<Title>)]
        method: Title,
        /// Who destroyed it (廃棄した者)
        #[arg(long, value_name = "OPERATOR", value_parser = word::<Code>)]
        by: Code,
        /// Who was there, another person (立会者)
        #[arg(long, value_name = "OPERATOR", value_parser = word::<Code>)]
        witness: Option<Code>,
        /// On which day [default: today] (廃棄日)
        #[arg(long, value_parser = when, value_name = "DATE")]
        on: Option<When>,
    },
    /// Wake a dormant card for a person and a limited time (予備・緊急カードの使用)
    Activate {
        /// The card: GUID or number (2026-12)
        card: String,
        /// Who gets it
        #[arg(long, value_parser = word::<Code>)]
        operator: Code,
        /// Which of his permissions work with it [default: all]
        #[arg(long = "profile", value_parser = word::<Code>)]
        profiles: Vec<Code>,
        /// Why, as the office codes its reasons
        #[arg(long, value_parser = word::<Code>)]
        reason: Code,
        /// From this date [default: now]
        #[arg(long, value_parser = when, value_name = "DATE")]
        from: Option<When>,
        /// Until the end of this date, or this moment [default: when the office closes today]
        #[arg(long, value_parser = when, value_name = "DATE")]
        to: Option<When>,
    },
    /// Show what is in the reader; of another maker's card what it can do (カードの確認)
    Show,
    /// Set a new PIN and unblock the card in the reader (暗証番号の再設定)
    ResetPin {
        /// How its holder was identified: staff-card, document or known (本人確認)
        #[arg(long, value_name = "HOW", value_parser = word::<Identified>)]
        identified: Identified,
        #[command(flatten)]
        first_pin: FirstPinArguments,
    },
    /// After 'office card-secret renew': give the card in the reader the keys of the new secret (管理鍵の更新)
    Rekey {
        /// Go on with card after card until none is missing
        #[arg(long)]
        all: bool,
    },
    /// Make the card in the reader blank again, for another person; the register must have ended it (初期化)
    Reset,
    /// End the card in the reader for good, before it is destroyed; the register must have ended it (使用終了)
    Terminate,
    /// List the cards whose issue was begun here and is not done (発行途中の一覧)
    Pending {
        /// Give this one up instead: it is lost, or was refused, and will never be finished
        #[arg(long, value_parser = word::<CardGuid>, value_name = "GUID")]
        forget: Option<CardGuid>,
    },
    /// List cards, and how many there are in each state (一覧)
    List {
        /// Only those of this section's people; those that are nobody's are stock
        #[arg(long, value_parser = word::<Code>)]
        section: Option<Code>,
        /// Only those that were lent and not returned, though the duty or the time of the card is over (未返納)
        #[arg(long)]
        unreturned: bool,
        /// Only those in somebody's hands that were not used for two weeks (未使用)
        #[arg(long)]
        unused: bool,
    },
    /// Print labels: a card's number, and nothing that tells whose it is or what for (カードラベル)
    Labels(Box<LabelArguments>),
}

/// Arguments of `card issue`.
#[derive(Debug, Args)]
pub(crate) struct IssueArguments {
    /// Whose card it is; a spare or emergency card has nobody
    #[arg(long, value_parser = word::<Code>, required_unless_present_any = ["resume", "dormant"])]
    pub operator: Option<Code>,
    /// business, special, card-management, spare, emergency or room-entry
    #[arg(long, value_parser = word::<CardKind>, default_value = "business")]
    pub kind: CardKind,
    /// Which of the operator's permissions work with it [default: all]
    #[arg(long = "profile", value_parser = word::<Code>)]
    pub profiles: Vec<Code>,
    /// When it holds.
    #[command(flatten)]
    pub period: Period,
    /// The card sleeps until it is activated (spare and emergency cards)
    #[arg(long, conflicts_with_all = ["own_pin", "own_pin_file"])]
    pub dormant: bool,
    /// The card may sign acts: its issue is a proposal that a second person approves
    #[arg(long, conflicts_with_all = ["dormant", "resume"])]
    pub signing: bool,
    /// How it comes to its first PIN.
    #[command(flatten)]
    pub first_pin: FirstPinArguments,
    /// The holder keeps the card of this kind that he has: this is another one. Else that is ended first (再貸与は失効の後)
    #[arg(long)]
    pub also: bool,
    /// Go on with the card in the reader where it was interrupted
    #[arg(long)]
    pub resume: bool,
}

/// Arguments of `card batch`.
#[derive(Debug, Args)]
pub(crate) struct BatchArguments {
    /// TOML; each [[card]] has 'operators', a list, or 'count' and 'dormant = true'; kind, profiles, from, to. The same file again goes on where it was
    pub file: PathBuf,
    /// Write the first PINs into this folder, made if it is not there; a file for each card: <operator or kind>-<GUID>.pin
    #[arg(long, value_name = "FOLDER")]
    pub first_pin_dir: PathBuf,
    /// When the batch begins: also make cards for people who have one of that kind for that time; else they are left out, and named
    #[arg(long)]
    pub also_holders: bool,
}

/// How a card comes to its first PIN: shown once, unless one of these is given.
#[derive(Debug, Default, Args)]
pub(crate) struct FirstPinArguments {
    /// Write the first PIN to this new file instead of showing it; as the office's policy has it, it is good for nothing but its change
    #[arg(long, value_name = "FILE")]
    pub first_pin_file: Option<PathBuf>,
    /// The holder is here and types a PIN of her own, twice: nobody else ever knows one
    #[arg(long, conflicts_with = "first_pin_file")]
    pub own_pin: bool,
    /// The same, from the first line of a file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["first_pin_file", "own_pin"])]
    pub own_pin_file: Option<PathBuf>,
}

/// A change of a card's state.
#[derive(Debug, Args)]
pub(crate) struct CardChange {
    /// The card: GUID or number (2026-12)
    pub card: String,
    /// Why: none, lost, stolen, damaged, pin_compromised, name_changed, left_duty, replaced or other
    #[arg(long, value_parser = word::<StateReason>, default_value = "none")]
    pub reason: StateReason,
    /// From when.
    #[command(flatten)]
    pub since: Since,
}
