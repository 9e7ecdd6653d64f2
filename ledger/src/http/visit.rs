//! A person's visit (LEDGER §L4): card and role first, then the answer, and what was read is on the disk before the answer leaves.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use sekisho_register::Role;
use sekisho_wire::id::OfficeId;
use sekisho_wire::reason::Query;
use sekisho_wire::record::About;
use serde::Deserialize;

use super::problem::Inside;
use super::{Hall, Named, blocking, office_of};
use crate::ledger::Ledger;
use crate::refusal::Refusal;
use crate::visitors::Visitor;

/// Somebody at an office's door with a token, or without.
pub(crate) struct Knock {
    pub(crate) office: OfficeId,
    token: Option<String>,
}

/// What a visitor is shown of persons: it becomes a record. Every route has to say.
#[derive(Clone, Debug)]
pub(crate) enum Shown {
    /// Nothing that speaks of a person.
    NoPersons,
    /// So many rows, about whom or what was asked for.
    Rows(Query, usize, Box<About>),
}

impl Shown {
    /// So many rows.
    pub(crate) fn rows(query: Query, count: usize, about: About) -> Self {
        Self::Rows(query, count, Box::new(about))
    }
}

impl Knock {
    /// The token that was shown, whatever it is.
    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Whether this person may come in now.
    pub(crate) fn admitted(&self, ledger: &Ledger, any_of: &[Role]) -> Result<Visitor, Refusal> {
        ledger.visitor(&self.office, self.token.as_deref(), any_of)
    }

    /// Lets the person in, works beside the runtime, and writes down what is shown.
    pub(super) async fn visit<T: Send + 'static>(
        self,
        hall: Hall,
        any_of: &'static [Role],
        work: impl FnOnce(&Ledger, &Visitor) -> Result<(T, Shown), Refusal> + Send + 'static,
    ) -> Result<T, Inside> {
        // Whoever names an office that is none is sent away at once.
        let is_known = hall.ledger.office(&self.office).is_ok();
        let room = is_known.then(|| hall.rooms.for_visit(self.office)).transpose()?;
        let answered = blocking(move || {
            let _room = room;
            let visitor = self.admitted(&hall.ledger, any_of)?;
            let (answer, shown) = work(&hall.ledger, &visitor)?;
            if let Shown::Rows(query, count, about) = shown {
                hall.ledger.note_read(&visitor, query, count, *about)?;
            }
            Ok(answer)
        });
        Ok(answered.await?)
    }
}

/// The token that a request shows.
pub(super) fn token_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok())?.strip_prefix("Bearer ")
}

impl<S: Send + Sync> FromRequestParts<S> for Knock {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Named(AtOffice { office }) = Named::from_request_parts(parts, state).await?;
        let token = token_of(&parts.headers).map(str::to_owned);
        Ok(Self { office: office_of(&office)?, token })
    }
}

#[derive(Deserialize)]
struct AtOffice {
    office: String,
}
