//! On a Cortex-M4 and later: points by `p256-cm4`, numbers modulo the order by `p256`.
//!
//! `p256-cm4` could sign by itself, but its arithmetic modulo the order loads single registers by `ldm`, which the architecture
//! calls unpredictable (Armv7-M, A7.7.41) and QEMU refuses. What is used here does not go there.

use p256::ecdsa::Signature;
use p256::elliptic_curve::Curve;
use p256::elliptic_curve::bigint::ArrayEncoding;
use p256::elliptic_curve::ops::{Invert, Reduce};
use p256::{FieldBytes, NistP256, NonZeroScalar, Scalar, SecretKey, U256};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{COORDINATE_LENGTH, Coordinate, DIGEST_LENGTH, POINT_LENGTH};

const WORD: usize = size_of::<u32>();
/// A number as `p256-cm4` takes it: the least significant word first.
type Words = [u32; COORDINATE_LENGTH / WORD];

fn words(number: &Coordinate) -> Zeroizing<Words> {
    let mut words = Zeroizing::new(Words::default());
    for (word, bytes) in words.iter_mut().zip(number.rchunks_exact(WORD)) {
        *word = bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
    }
    words
}

/// The point that a number leads to.
fn times_base(number: &Scalar) -> Option<[u8; POINT_LENGTH]> {
    let (mut x, mut y) = (Words::default(), Words::default());
    let number: Zeroizing<Coordinate> = Zeroizing::new(number.to_bytes().into());
    if !p256_cm4::scalarmult_base(&mut x, &mut y, &words(&number)) {
        return None;
    }
    let mut point = [0; POINT_LENGTH];
    p256_cm4::point_to_octet_string_uncompressed(&mut point, &x, &y);
    Some(point)
}

/// The public key, in full.
pub(crate) fn public_point(key: &SecretKey) -> Option<[u8; POINT_LENGTH]> {
    times_base(&key.to_nonzero_scalar())
}

/// ECDSA over a digest (FIPS 186-5, 6.4.1), with the nonce of RFC 6979.
pub(crate) fn sign(key: &SecretKey, digest: &[u8; DIGEST_LENGTH]) -> Option<Signature> {
    let secret = Zeroizing::new(key.to_nonzero_scalar());
    let hash = <Scalar as Reduce<U256>>::reduce_bytes(digest.into());
    let order = NistP256::ORDER.to_be_byte_array();
    let secret_bytes = Zeroizing::new(secret.to_bytes());
    let nonce = Zeroizing::new(rfc6979::generate_k::<Sha256, _>(&secret_bytes, &order, &hash.to_bytes(), &[]));
    let nonce = Zeroizing::new(Option::<NonZeroScalar>::from(NonZeroScalar::from_repr(*nonce))?);
    let point = times_base(&nonce)?;
    let (x, _) = point.split_first().and_then(|(_, both)| both.split_first_chunk::<COORDINATE_LENGTH>())?;
    let r = <Scalar as Reduce<U256>>::reduce_bytes(&FieldBytes::from(*x));
    let inverse = Zeroizing::new(*nonce.invert());
    let s = *inverse * (hash + r * **secret);
    // A zero in either is refused here.
    Signature::from_scalars(r, s).ok()
}

pub(super) fn agree(key: &SecretKey, x: &Coordinate, y: &Coordinate) -> Option<Zeroizing<Coordinate>> {
    let mut shared = Zeroizing::new([0; COORDINATE_LENGTH]);
    let secret: Zeroizing<Coordinate> = Zeroizing::new(key.to_bytes().into());
    p256_cm4::ecdh_calc_shared_secret(&mut shared, &words(&secret), &words(x), &words(y)).then_some(shared)
}
