//! What the proxy asks, in headers.

use axum::http::HeaderMap;
use sekisho_ipc::{AuthorizeRequest, CompleteRequest, Outcome, Recipient, RecordRef};

/// A header that is missing or is not what it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wrong(pub(crate) &'static str);

/// A header's text; one that is empty was taken away by the proxy.
fn text(headers: &HeaderMap, name: &'static str) -> Result<Option<String>, Wrong> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().map(|value| value.to_str().map_err(|_| Wrong(name))).transpose()?;
    // Two of them: one is the proxy's, the other somebody else's.
    if values.next().is_some() {
        return Err(Wrong(name));
    }
    Ok(value.filter(|value| !value.is_empty()).map(ToOwned::to_owned))
}

fn needed(headers: &HeaderMap, name: &'static str) -> Result<String, Wrong> {
    text(headers, name)?.ok_or(Wrong(name))
}

/// The question of `/authorize`.
pub(crate) fn authorize(headers: &HeaderMap) -> Result<AuthorizeRequest, Wrong> {
    let nonce = text(headers, "sekisho-nonce")?;
    let recipient = match text(headers, "sekisho-recipient")? {
        Some(audience) => Some(Recipient { audience, nonce }),
        None if nonce.is_some() => return Err(Wrong("sekisho-recipient")),
        None => None,
    };
    Ok(AuthorizeRequest {
        function: needed(headers, "sekisho-function")?,
        purpose: text(headers, "sekisho-purpose")?,
        case: text(headers, "sekisho-case")?,
        request: text(headers, "sekisho-request")?,
        recipient,
        wait: text(headers, "sekisho-wait")?
            .map(|seconds| seconds.parse())
            .transpose()
            .map_err(|_| Wrong("sekisho-wait"))?,
    })
}

/// The report of `/complete`.
pub(crate) fn complete(headers: &HeaderMap) -> Result<CompleteRequest, Wrong> {
    let record = needed(headers, "sekisho-record")?;
    let parse = || {
        let (epoch, seq) = record.split_once(':')?;
        Some(RecordRef { epoch: epoch.parse().ok()?, seq: seq.parse().ok()? })
    };
    let items = needed(headers, "sekisho-items")?.parse().map_err(|_| Wrong("sekisho-items"))?;
    let outcome = match needed(headers, "sekisho-outcome")?.as_str() {
        "done" => Outcome::Done,
        "failed" => Outcome::Failed,
        "cancelled" => Outcome::Cancelled,
        _ => return Err(Wrong("sekisho-outcome")),
    };
    Ok(CompleteRequest { record: parse().ok_or(Wrong("sekisho-record"))?, items, outcome })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn what_the_proxy_took_away_is_not_asked() {
        let asked = authorize(&headers(&[("sekisho-function", "juminhyo.issue"), ("sekisho-case", "")])).unwrap();
        assert_eq!(asked, AuthorizeRequest { function: "juminhyo.issue".into(), ..AuthorizeRequest::default() });
    }

    #[test]
    fn a_proxy_may_wait_for_the_pin() {
        let waits = |seconds| authorize(&headers(&[("sekisho-function", "inkan.register"), ("sekisho-wait", seconds)]));
        assert_eq!(waits("45").map(|asked| asked.wait), Ok(Some(45)));
        assert_eq!(waits("").map(|asked| asked.wait), Ok(None));
        assert_eq!(waits("a minute"), Err(Wrong("sekisho-wait")));
    }

    #[test]
    fn a_question_without_function_or_with_two_answers_is_none() {
        assert_eq!(authorize(&headers(&[])), Err(Wrong("sekisho-function")));
        let twice = headers(&[("sekisho-function", "juminhyo.issue"), ("sekisho-function", "zei.query")]);
        assert_eq!(authorize(&twice), Err(Wrong("sekisho-function")));
        let nonce = headers(&[("sekisho-function", "juminhyo.issue"), ("sekisho-nonce", "n")]);
        assert_eq!(authorize(&nonce), Err(Wrong("sekisho-recipient")));
    }

    #[test]
    fn a_report_names_record_items_and_outcome() {
        let whole = [("sekisho-record", "1:57"), ("sekisho-items", "2"), ("sekisho-outcome", "done")];
        let record = RecordRef { epoch: 1, seq: 57 };
        assert_eq!(complete(&headers(&whole)), Ok(CompleteRequest { record, items: 2, outcome: Outcome::Done }));
        for (place, wrong) in [(0, "57"), (1, "-1"), (2, "perhaps")] {
            let mut pairs = whole;
            pairs[place].1 = wrong;
            assert_eq!(complete(&headers(&pairs)), Err(Wrong(whole[place].0)));
        }
    }
}
