//! What follows the PIN: may the account go on, and what its end means for the session at the agent.

use sekisho_ipc::{Client, SessionState};

use crate::application::{Application, Tone};
use crate::authenticate::{account, of_client, refusal, refuse};
use crate::options::{Options, Recorded};
use crate::outcome::Outcome;
use crate::words::{Language, Saying};
use crate::{CARD_VARIABLE, SESSION_VARIABLE};

/// `pam_sm_acct_mgmt`: whether a session of a person whose account this is is open now. Between the PIN and here a card may have been pulled.
pub(crate) fn may_go_on(application: &dyn Application, options: &Options) -> Outcome {
    let language = Language::of(options.language, application);
    // The session that is open here is that of who sits here.
    if let Some(host) = application.remote_host() {
        let no = refusal(Outcome::PermissionDenied, Saying::FromAfar, language, format!("refused: from {host:?}"));
        return refuse(application, no);
    }
    let looked = account(application, options, language).and_then(|(user, _, whose)| {
        let state = Client::connect(&options.socket).and_then(|mut client| client.status());
        let state = state.map_err(|error| of_client(&error, language))?;
        let operator = state.session.as_ref().map(|session| session.operator.as_str());
        if state.state == SessionState::Open && whose.includes(operator) {
            return Ok(());
        }
        Err(refusal(Outcome::PermissionDenied, Saying::NoSession, language, format!("{user}: no open session")))
    });
    looked.map_or_else(|no| refuse(application, no), |()| Outcome::Success)
}

/// `pam_sm_open_session`: a login that a card opened is on record already, and another one is told of. It is never refused: somebody has a reason
/// to break the glass just when the agent is away.
pub(crate) fn begin(application: &dyn Application, options: &Options) -> Outcome {
    if options.record == Some(Recorded::BreakGlass) && application.variable(CARD_VARIABLE).is_none() {
        let account = application.user().unwrap_or_default();
        let told = Client::connect(&options.socket).and_then(|mut client| client.break_glass(&account));
        match told {
            Ok(record) => {
                application.log(&format!("{account}: without a card; record {} of epoch {}", record.seq, record.epoch))
            }
            Err(error) => {
                application.log(&format!("{account}: without a card, to be recorded when the agent starts: {error}"));
                let language = Language::of(options.language, application);
                application.tell(Tone::Refusal, Saying::RecordedLater.in_words(language));
            }
        }
    }
    Outcome::Success
}

/// `pam_sm_close_session`: who logs out has finished. Ends the session that this login opened, and no other.
pub(crate) fn end(application: &dyn Application, options: &Options) -> Outcome {
    let Some(ours) = application.variable(SESSION_VARIABLE) else { return Outcome::Success };
    let ended = Client::connect(&options.socket).and_then(|mut client| client.end_session(&ours));
    // A dead agent has ended it already.
    if let Err(error) = ended {
        application.log(&format!("the session is not ended: {error}"));
    }
    Outcome::Success
}
