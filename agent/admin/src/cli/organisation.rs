//! Arguments about sections, posts and who holds them.

use clap::Subcommand;
use sekisho_register::Title;
use sekisho_register::change::SectionState;
use sekisho_register::role::Role;
use sekisho_wire::id::Code;

use super::{Since, when, word};
use crate::dates::When;

/// Sections.
#[derive(Debug, Subcommand)]
pub(crate) enum SectionCommand {
    /// Open, rename, suspend or end a section
    Set {
        /// Its code
        #[arg(value_parser = word::<Code>)]
        section: Code,
        /// Its name
        #[arg(value_parser = word::<Title>)]
        title: Title,
        /// open, suspended or ended
        #[arg(long, value_parser = word::<SectionState>, default_value = "open")]
        state: SectionState,
        #[command(flatten)]
        since: Since,
    },
}

/// Posts.
#[derive(Debug, Subcommand)]
pub(crate) enum PostCommand {
    /// Make a post, or change its name and roles
    Set {
        /// Its code
        #[arg(value_parser = word::<Code>)]
        post: Code,
        /// Its name
        #[arg(value_parser = word::<Title>)]
        title: Title,
        /// What it may do; give it as often as needed
        #[arg(long = "role", value_parser = word::<Role>, required = true)]
        roles: Vec<Role>,
        /// The section it belongs to
        #[arg(long, value_parser = word::<Code>)]
        section: Option<Code>,
        /// The post whose holder records its decisions from paper, where it decides without a card (書面の記録者)
        #[arg(long, value_parser = word::<Code>)]
        keeper: Option<Code>,
    },
    /// Let a person hold a post (就任)
    Hold {
        /// The post
        #[arg(value_parser = word::<Code>)]
        post: Code,
        /// The person
        #[arg(value_parser = word::<Code>)]
        operator: Code,
        /// As deputy (代決者)
        #[arg(long)]
        deputy: bool,
        /// Beside whoever holds it at that time; else that is refused (重複を認める)
        #[arg(long, conflicts_with = "deputy")]
        beside: bool,
        /// From this date [default: now]
        #[arg(long, value_parser = when, value_name = "DATE")]
        from: Option<When>,
        /// Until the end of this date [default: until the person leaves]
        #[arg(long, value_parser = when, value_name = "DATE")]
        to: Option<When>,
    },
    /// Let a person leave a post (離任)
    Leave {
        /// The post
        #[arg(value_parser = word::<Code>)]
        post: Code,
        /// The person
        #[arg(value_parser = word::<Code>)]
        operator: Code,
        #[command(flatten)]
        since: Since,
    },
}
