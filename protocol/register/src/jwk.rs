//! Keys of terminals as JOSE writes them (RFC 8037): for those who read signed decisions (DECISION.md §D4).

use alloc::format;
use alloc::string::String;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::values::Ed25519Key;

/// The member `x`.
#[must_use]
pub fn x(key: &Ed25519Key) -> String {
    URL_SAFE_NO_PAD.encode(key.0)
}

/// The thumbprint (RFC 7638), which is `kid`.
#[must_use]
pub fn thumbprint(key: &Ed25519Key) -> String {
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, x(key));
    URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendices A.2 and A.3.
    #[test]
    fn the_thumbprint_is_that_of_the_rfc() {
        let key = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let key = Ed25519Key(key.try_into().unwrap());
        assert_eq!(thumbprint(&key), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
