//! On every chip.

use ecdsa::hazmat::SignPrimitive;
use p256::ecdsa::Signature;
use p256::elliptic_curve::sec1::{FromEncodedPoint, ToEncodedPoint};
use p256::{EncodedPoint, PublicKey, SecretKey, ecdh};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{Coordinate, DIGEST_LENGTH, POINT_LENGTH};

/// The public key, in full.
pub(crate) fn public_point(key: &SecretKey) -> Option<[u8; POINT_LENGTH]> {
    key.public_key().to_encoded_point(false).as_bytes().try_into().ok()
}

/// ECDSA over a digest, with the nonce of RFC 6979.
pub(crate) fn sign(key: &SecretKey, digest: &[u8; DIGEST_LENGTH]) -> Option<Signature> {
    // Not through `SigningKey`: it begins by computing the public key, which costs as much as the signature.
    let signed = key.to_nonzero_scalar().try_sign_prehashed_rfc6979::<Sha256>(digest.into(), &[]);
    signed.ok().map(|(signature, _)| signature)
}

pub(super) fn agree(key: &SecretKey, x: &Coordinate, y: &Coordinate) -> Option<Zeroizing<Coordinate>> {
    let point = EncodedPoint::from_affine_coordinates(x.into(), y.into(), false);
    let other: Option<PublicKey> = PublicKey::from_encoded_point(&point).into();
    let shared = ecdh::diffie_hellman(key.to_nonzero_scalar(), other?.as_affine());
    Some(Zeroizing::new((*shared.raw_secret_bytes()).into()))
}
