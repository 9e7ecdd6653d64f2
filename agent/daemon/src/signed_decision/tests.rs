use sekisho_ipc::{AgentError, AuthorizeRequest};

use crate::testing::{Bench, ask, panel};

fn named(request: &str) -> AuthorizeRequest {
    AuthorizeRequest { request: Some(request.repeat(16)), ..ask("juminhyo") }
}

fn for_tax_server(request: AuthorizeRequest, nonce: Option<&str>) -> AuthorizeRequest {
    let recipient = sekisho_ipc::Recipient { audience: "https://zei.example".into(), nonce: nonce.map(Into::into) };
    AuthorizeRequest { recipient: Some(recipient), ..request }
}

/// Header and claims of a JWT that our key has signed.
fn opened(bench: &Bench, decision: &str) -> (serde_json::Value, serde_json::Value) {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let (signing_input, signature) = decision.rsplit_once('.').unwrap();
    let signature = ed25519_dalek::Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let key = bench.agent.identity.key.verifying_key();
    key.verify_strict(signing_input.as_bytes(), &signature).unwrap();
    let json = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let (header, claims) = signing_input.split_once('.').unwrap();
    (json(header), json(claims))
}

#[test]
fn a_grant_is_signed_for_the_recipient_that_was_named() {
    let bench = Bench::new();
    bench.log_in();
    let request = AuthorizeRequest { case: Some("R8-1".into()), ..for_tax_server(named("ab"), Some("n-1")) };
    let answer = bench.agent.authorize(&panel(), &request).unwrap();
    let (header, claims) = opened(&bench, &answer.decision.unwrap());
    let key = sekisho_register::Ed25519Key(bench.agent.identity.key.verifying_key().to_bytes());
    let kid = sekisho_register::jwk::thumbprint(&key);
    assert_eq!(header, serde_json::json!({ "alg": "EdDSA", "kid": kid, "typ": "sekisho-decision+jwt" }));
    let record = answer.record.unwrap();
    let identity = &bench.agent.identity;
    let session = bench.agent.lock().machine.session().unwrap().clone();
    let now = bench.agent.now(&mut bench.agent.lock()).trusted / 1000;
    let expected = serde_json::json!({
        "iss": format!("{}/{}", identity.office, identity.terminal), "aud": "https://zei.example", "nonce": "n-1",
        "sub": session.operator.as_str(), "iat": now, "exp": now + 60, "jti": format!("{}:{}", record.epoch, record.seq),
        "sid": session.id.to_string(), "profile": session.profile.as_str(), "function": "juminhyo", "case": "R8-1",
    });
    assert_eq!(claims, expected);
    // Asked again for somebody else: the same record, and his own decision.
    let other = AuthorizeRequest { case: Some("R8-1".into()), ..for_tax_server(named("ab"), None) };
    let again = bench.agent.authorize(&panel(), &other).unwrap();
    let (_, claims) = opened(&bench, &again.decision.unwrap());
    assert_eq!((again.record, claims.get("nonce")), (Some(record), None));
}

#[test]
fn no_decision_is_signed_without_a_recipient_or_a_grant() {
    let bench = Bench::new();
    assert_eq!(bench.agent.authorize(&panel(), &for_tax_server(ask("juminhyo"), None)).unwrap().decision, None);
    bench.log_in();
    assert_eq!(bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap().decision, None);
    let refused = bench.agent.authorize(&panel(), &for_tax_server(ask("nothing.known"), None)).unwrap();
    assert!(!refused.verdict.granted && refused.decision.is_none());
    for bad in ["", "two words", "税", &"x".repeat(201)] {
        let recipient = sekisho_ipc::Recipient { audience: bad.into(), nonce: None };
        let request = AuthorizeRequest { recipient: Some(recipient), ..ask("juminhyo") };
        let count = bench.records().len();
        let error = bench.agent.authorize(&panel(), &request).unwrap_err();
        assert!(
            matches!(&error, AgentError::InvalidArgument { field, .. } if field == "recipient.audience"),
            "{error}"
        );
        assert_eq!(bench.records().len(), count);
    }
}
