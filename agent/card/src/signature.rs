//! Signatures of cards: from the DER that a card sends to the 64 bytes that travel, and back to yes or no.

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};

/// Whether `signature` (r‖s) was made over this digest by the P-256 key `key` (compressed, SEC 1).
///
/// A key that is no point of the curve, and a signature with numbers out of range, are simply not valid.
#[must_use]
pub fn verify_signature(key: &[u8; 33], digest: &[u8; 32], signature: &[u8; 64]) -> bool {
    let (Ok(key), Ok(signature)) = (VerifyingKey::from_sec1_bytes(key), Signature::from_slice(signature)) else {
        return false;
    };
    key.verify_prehash(digest, &signature).is_ok()
}

/// r‖s out of a DER ECDSA-Sig-Value; `None` for anything else.
pub(crate) fn fixed_from_der(der: &[u8]) -> Option<[u8; 64]> {
    Signature::from_der(der).ok().map(|signature| signature.to_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::{fixed_from_der, verify_signature};
    use p256::ecdsa::signature::hazmat::PrehashSigner;
    use p256::ecdsa::{Signature, SigningKey};

    #[test]
    fn a_signature_counts_for_its_key_and_digest_only() {
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        let made: Signature = key.sign_prehash(&[1; 32]).unwrap();
        let public: [u8; 33] = key.verifying_key().to_encoded_point(true).as_bytes().try_into().unwrap();
        let fixed = fixed_from_der(made.to_der().as_bytes()).unwrap();
        assert!(verify_signature(&public, &[1; 32], &fixed));
        assert!(!verify_signature(&public, &[2; 32], &fixed));
        assert!(!verify_signature(&[2; 33], &[1; 32], &fixed));
        assert!(!verify_signature(&public, &[1; 32], &[0; 64]));
        for broken in 0..64 {
            let mut changed = fixed;
            changed[broken] ^= 1;
            assert!(!verify_signature(&public, &[1; 32], &changed));
        }
    }

    #[test]
    fn what_is_not_der_is_no_signature() {
        assert_eq!(fixed_from_der(&[]), None);
        assert_eq!(fixed_from_der(&[0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x01]), None);
        assert_eq!(fixed_from_der(&[0xFF; 72]), None);
    }
}
