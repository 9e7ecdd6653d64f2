//! A grant for somebody who was not there (DECISION.md).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use sekisho_ipc::AgentError;
use sekisho_register::{Ed25519Key, jwk};
use serde::Serialize;

use crate::agent::{Agent, Core};
use crate::function::{Asked, Decided};

/// How long a decision is good for, in seconds (§D2).
const GOOD_FOR: u64 = 60;
const NAME_MAX: usize = 200;

/// For whom a decision is signed, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recipient {
    audience: String,
    nonce: Option<String>,
}

impl Recipient {
    pub(crate) fn read(recipient: &sekisho_ipc::Recipient) -> Result<Self, AgentError> {
        let sekisho_ipc::Recipient { audience, nonce } = recipient;
        is_name("recipient.audience", audience)?;
        nonce.as_ref().map_or(Ok(()), |nonce| is_name("recipient.nonce", nonce))?;
        Ok(Self { audience: audience.clone(), nonce: nonce.clone() })
    }
}

fn is_name(field: &str, text: &str) -> Result<(), AgentError> {
    let is = (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    let rule = || format!("1 to {NAME_MAX} printable ASCII characters without space");
    if is { Ok(()) } else { Err(AgentError::InvalidArgument { field: field.into(), rule: rule() }) }
}

/// §D1.
#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    kid: &'a str,
    typ: &'static str,
}

/// §D2.
#[derive(Serialize)]
struct Claims<'a> {
    iss: String,
    aud: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    sub: String,
    iat: u64,
    exp: u64,
    jti: String,
    sid: String,
    profile: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<String>,
}

impl Agent {
    /// Signs what was granted just now, in the session that is open; nothing without one.
    pub(crate) fn sign_decision(
        &self,
        core: &mut Core,
        asked: &Asked,
        decided: Decided,
        recipient: &Recipient,
    ) -> Option<String> {
        let iat = self.now(core).trusted / 1000;
        let session = core.machine.session()?;
        let question = &asked.question;
        let text = |code: &Option<sekisho_wire::id::Code>| code.as_ref().map(ToString::to_string);
        let claims = Claims {
            iss: format!("{}/{}", self.identity.office, self.identity.terminal),
            aud: &recipient.audience,
            nonce: recipient.nonce.as_deref(),
            sub: session.operator.to_string(),
            iat,
            exp: iat + GOOD_FOR,
            jti: format!("{}:{}", decided.record.epoch, decided.record.seq),
            sid: session.id.to_string(),
            profile: session.profile.to_string(),
            function: text(&question.function),
            purpose: text(&question.purpose),
            case: question.case.as_ref().map(ToString::to_string),
        };
        signed(&self.identity.key, &claims)
    }
}

fn signed(key: &SigningKey, claims: &Claims<'_>) -> Option<String> {
    let kid = jwk::thumbprint(&Ed25519Key(key.verifying_key().to_bytes()));
    let part = |json: serde_json::Result<Vec<u8>>| json.ok().map(|json| URL_SAFE_NO_PAD.encode(json));
    let header = part(serde_json::to_vec(&Header { alg: "EdDSA", kid: &kid, typ: "sekisho-decision+jwt" }))?;
    let signing_input = format!("{header}.{}", part(serde_json::to_vec(claims))?);
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signing_input.as_bytes()).to_bytes());
    Some(format!("{signing_input}.{signature}"))
}

#[cfg(test)]
#[path = "signed_decision/tests.rs"]
mod tests;
