//! A Varlink call and a Varlink reply.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::object;

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Interface and method: `io.sekisho.Status`.
    pub method: String,
    /// The parameters: an object, or left out.
    #[serde(default = "empty", skip_serializing_if = "is_empty")]
    pub parameters: Value,
    /// More than one reply is wanted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub more: bool,
    /// No reply is wanted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub oneway: bool,
    /// The connection is to become something else. The agent never does.
    #[serde(default, skip_serializing_if = "is_false")]
    pub upgrade: bool,
}

impl Call {
    /// A call that wants one reply.
    #[must_use]
    pub fn new(method: &str, parameters: &impl Serialize) -> Self {
        let parameters = object(parameters);
        Self { method: method.to_owned(), parameters, more: false, oneway: false, upgrade: false }
    }

    /// The same call, wanting a reply at each change.
    #[must_use]
    pub fn with_more(self) -> Self {
        Self { more: true, ..self }
    }
}

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The answer, or what the error tells.
    #[serde(default = "empty")]
    pub parameters: Value,
    /// Another reply to the same call follows.
    #[serde(default, skip_serializing_if = "is_false")]
    pub continues: bool,
    /// The error's name; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Reply {
    /// The one answer to a call.
    #[must_use]
    pub fn new(parameters: &impl Serialize) -> Self {
        Self { parameters: object(parameters), continues: false, error: None }
    }

    /// An answer that another follows.
    #[must_use]
    pub fn continuing(parameters: &impl Serialize) -> Self {
        Self { continues: true, ..Self::new(parameters) }
    }
}

fn empty() -> Value {
    Value::Object(Map::new())
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_not_sent() {
        let call = Call::new("io.sekisho.Status", &crate::Nothing {});
        assert_eq!(serde_json::to_string(&call).unwrap(), r#"{"method":"io.sekisho.Status"}"#);
        assert_eq!(serde_json::from_str::<Call>(r#"{"method":"io.sekisho.Status"}"#).unwrap(), call);
        assert_eq!(serde_json::to_string(&Reply::new(&crate::Nothing {})).unwrap(), r#"{"parameters":{}}"#);
    }
}
