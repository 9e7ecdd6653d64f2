//! Names and shapes of PIV (NIST SP 800-73-4 parts 1 and 2, SP 800-78-4): application, slots, objects, templates.

use heapless::VecView;

use crate::tlv::{self, Tag, TlvError, Writer};

/// The PIV application with its version (SP 800-73-4 part 1, 2.2).
pub const AID: [u8; 11] = [0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00];
/// The shortest right-truncated AID that selects PIV: the registered id of NIST. Several clients send no more.
pub const AID_SHORTEST: usize = 5;

/// Whether SELECT with these bytes means PIV: the AID, or a truncation of it to 5 bytes or more (CARD.md §C7).
#[must_use]
pub fn selects_piv(aid: &[u8]) -> bool {
    aid.len() >= AID_SHORTEST && AID.starts_with(aid)
}

/// Instruction bytes (SP 800-73-4 part 2, table 3, and Yubico's where it says so).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Instruction {
    /// VERIFY, 3.2.1.
    Verify = 0x20,
    /// CHANGE REFERENCE DATA, 3.2.2.
    ChangeReferenceData = 0x24,
    /// RESET RETRY COUNTER, 3.2.3.
    ResetRetryCounter = 0x2C,
    /// GENERATE ASYMMETRIC KEY PAIR, 3.3.2.
    GenerateKeyPair = 0x47,
    /// GENERAL AUTHENTICATE, 3.2.4.
    GeneralAuthenticate = 0x87,
    /// SELECT, 3.1.1.
    Select = 0xA4,
    /// GET RESPONSE, ISO/IEC 7816-4.
    GetResponse = 0xC0,
    /// GET DATA, 3.1.2.
    GetData = 0xCB,
    /// PUT DATA, 3.3.1.
    PutData = 0xDB,
    /// TERMINATE DF, ISO/IEC 7816-9: the end of the card's life.
    Terminate = 0xE6,
    /// What a key slot holds (Yubico).
    GetMetadata = 0xF7,
    /// The serial number, four bytes (Yubico).
    GetSerial = 0xF8,
    /// How many tries PIN and PUK have; sets both back to the factory's (Yubico).
    SetTries = 0xFA,
    /// Back to the factory state (Yubico).
    Reset = 0xFB,
    /// The version of the firmware, three bytes (Yubico).
    GetVersion = 0xFD,
    /// A new management key (Yubico).
    SetManagementKey = 0xFF,
}

impl Instruction {
    /// Every instruction that this project uses.
    pub const ALL: [Self; 16] = [
        Self::Verify,
        Self::ChangeReferenceData,
        Self::ResetRetryCounter,
        Self::GenerateKeyPair,
        Self::GeneralAuthenticate,
        Self::Select,
        Self::GetResponse,
        Self::GetData,
        Self::PutData,
        Self::Terminate,
        Self::GetMetadata,
        Self::GetSerial,
        Self::SetTries,
        Self::Reset,
        Self::GetVersion,
        Self::SetManagementKey,
    ];

    /// From INS.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|instruction| instruction.byte() == byte)
    }

    /// As INS.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self as u8
    }
}

/// A key of the card (SP 800-73-4 part 1, table 4b).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Slot {
    /// 9A: PIN once per session. Login.
    Authentication = 0x9A,
    /// 9B: the symmetric key of the issuer.
    Management = 0x9B,
    /// 9C: PIN before every use. Acts.
    Signature = 0x9C,
    /// 9D: PIN once per session.
    KeyManagement = 0x9D,
    /// 9E: no PIN. Proves that the same card is still there.
    CardAuthentication = 0x9E,
}

impl Slot {
    /// Every slot.
    pub const ALL: [Self; 5] =
        [Self::Authentication, Self::Management, Self::Signature, Self::KeyManagement, Self::CardAuthentication];

    /// From P2.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|slot| slot.byte() == byte)
    }

    /// As P2.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// The object that holds the certificate of this slot; the management key has none.
    #[must_use]
    pub const fn certificate(self) -> Option<Object> {
        match self {
            Self::Authentication => Some(Object::AuthenticationCertificate),
            Self::Management => None,
            Self::Signature => Some(Object::SignatureCertificate),
            Self::KeyManagement => Some(Object::KeyManagementCertificate),
            Self::CardAuthentication => Some(Object::CardAuthenticationCertificate),
        }
    }
}

/// Algorithm identifiers (SP 800-78-4, table 6-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Algorithm {
    /// AES-128.
    Aes128 = 0x08,
    /// AES-192.
    Aes192 = 0x0A,
    /// AES-256. The management key of our card.
    Aes256 = 0x0C,
    /// ECC on curve P-256. The keys of our card.
    EccP256 = 0x11,
}

impl Algorithm {
    /// From P1.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        [Self::Aes128, Self::Aes192, Self::Aes256, Self::EccP256].into_iter().find(|one| one.byte() == byte)
    }

    /// As P1.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self as u8
    }
}

/// What VERIFY and its kin are about (SP 800-73-4 part 1, table 4a).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reference {
    /// The PIN of the PIV application.
    Pin = 0x80,
    /// The PIN unblocking key.
    Puk = 0x81,
}

impl Reference {
    /// From P2.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        [Self::Pin, Self::Puk].into_iter().find(|one| one.byte() == byte)
    }

    /// As P2.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self as u8
    }
}

/// Data objects (SP 800-73-4 part 1, table 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Object {
    /// Card capability container. Mandatory; clients look whether it is there.
    CardCapability,
    /// Card holder unique identifier: the GUID of the card.
    CardHolderId,
    /// Certificate of 9A.
    AuthenticationCertificate,
    /// Certificate of 9C.
    SignatureCertificate,
    /// Certificate of 9D.
    KeyManagementCertificate,
    /// Certificate of 9E.
    CardAuthenticationCertificate,
    /// Discovery object: PIV is here, the PIN is its PIN. The card writes it itself.
    Discovery,
    /// Our grant, in the certificate object of retired key 20: cards of other makers take data there too (CARD.md §C20).
    Grant,
    /// What the card asks of its PINs ([`crate::pin_policy`]). Ours alone: cards of other makers have their own rules.
    PinPolicy,
}

impl Object {
    /// Every object that this project uses.
    pub const ALL: [Self; 9] = [
        Self::CardCapability,
        Self::CardHolderId,
        Self::AuthenticationCertificate,
        Self::SignatureCertificate,
        Self::KeyManagementCertificate,
        Self::CardAuthenticationCertificate,
        Self::Discovery,
        Self::Grant,
        Self::PinPolicy,
    ];

    /// The BER tag that names the object.
    #[must_use]
    pub const fn tag(self) -> Tag {
        Tag(match self {
            Self::CardCapability => 0x5F_C107,
            Self::CardHolderId => 0x5F_C102,
            Self::AuthenticationCertificate => 0x5F_C105,
            Self::SignatureCertificate => 0x5F_C10A,
            Self::KeyManagementCertificate => 0x5F_C10B,
            Self::CardAuthenticationCertificate => 0x5F_C101,
            Self::Discovery => 0x7E,
            Self::Grant => 0x5F_C120,
            Self::PinPolicy => 0x5F_FF20,
        })
    }

    /// From the value of a tag list.
    #[must_use]
    pub fn from_tag_list(value: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|object| trimmed(&object.tag().0.to_be_bytes()) == value)
    }

    /// Appends `5C L tag`, which names the object in GET DATA and PUT DATA.
    ///
    /// # Errors
    /// [`TlvError::BufferFull`].
    pub fn write_tag_list(self, out: &mut VecView<u8>) -> Result<(), TlvError> {
        Writer::new(out).object(TAG_LIST, trimmed(&self.tag().0.to_be_bytes())).map(|_| ())
    }
}

/// A tag without its leading zeros.
fn trimmed(tag: &[u8]) -> &[u8] {
    let zeros = tag.iter().take_while(|byte| **byte == 0).count();
    tag.get(zeros..).unwrap_or_default()
}

/// Names the object in GET DATA and PUT DATA.
pub const TAG_LIST: Tag = Tag(0x5C);
/// Wraps what GET DATA returns and PUT DATA brings, except for the discovery object.
pub const TAG_DATA: Tag = Tag(0x53);
/// Wraps the public key that GENERATE ASYMMETRIC KEY PAIR returns (SP 800-73-4 part 2, table 11).
pub const TAG_PUBLIC_KEY: Tag = Tag(0x7F49);
/// The uncompressed point inside [`TAG_PUBLIC_KEY`]: 04, x, y.
pub const TAG_EC_POINT: Tag = Tag(0x86);
/// Wraps what GENERATE ASYMMETRIC KEY PAIR asks for.
pub const TAG_CONTROL_REFERENCE: Tag = Tag(0xAC);
/// The algorithm inside [`TAG_CONTROL_REFERENCE`].
pub const TAG_ALGORITHM: Tag = Tag(0x80);
/// Dynamic authentication template of GENERAL AUTHENTICATE (SP 800-73-4 part 2, table 7).
pub const TAG_AUTHENTICATION: Tag = Tag(0x7C);
/// Inside the template: a number that the other side has to decrypt to show that it holds the key.
pub const TAG_WITNESS: Tag = Tag(0x80);
/// Inside the template: what is to be signed or encrypted.
pub const TAG_CHALLENGE: Tag = Tag(0x81);
/// Inside the template: the signature, or the encrypted challenge.
pub const TAG_RESPONSE: Tag = Tag(0x82);
/// Inside the template: the other side's public key of a key agreement.
pub const TAG_EXPONENTIATION: Tag = Tag(0x85);

const TAG_FASC_N: Tag = Tag(0x30);
const TAG_GUID: Tag = Tag(0x34);
const TAG_EXPIRATION: Tag = Tag(0x35);
const TAG_ISSUER_SIGNATURE: Tag = Tag(0x3E);
const TAG_CERTIFICATE: Tag = Tag(0x70);
const TAG_CERTIFICATE_INFO: Tag = Tag(0x71);
const TAG_ERROR_DETECTION: Tag = Tag(0xFE);

/// The FASC-N of a card that no federal agency issued: agency 9999, system 9999, credential 999999, series 0, issue 1,
/// person 0000000000, organisation 3 0000, association 1 (SP 800-73-4 part 1, 3.1.2; five bits a digit, see the test).
const FASC_N_NON_FEDERAL: [u8; 25] = [
    0xD4, 0xE7, 0x39, 0xDA, 0x73, 0x9C, 0xED, 0x39, 0xCE, 0x73, 0x9D, 0x83, 0x68, 0x58, 0x21, 0x08, 0x42, 0x10, 0x84,
    0x21, 0xC8, 0x42, 0x10, 0xC3, 0xEB,
];

/// Card holder unique identifier, unsigned (SP 800-73-4 part 1, 3.1.2 and table 9). Of its fields we use the GUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardHolderId {
    /// The GUID of the card: 16 random bytes, another one for every card.
    pub guid: [u8; 16],
    /// The day on which the card ends, as ASCII `YYYYMMDD`. It decides nothing: the register does.
    pub expiration: [u8; 8],
}

impl CardHolderId {
    /// Reads the content of the object (what stands inside `53`).
    ///
    /// # Errors
    /// When GUID or expiration are missing or of another length.
    pub fn parse(content: &[u8]) -> Result<Self, TlvError> {
        Ok(Self { guid: fixed(content, TAG_GUID)?, expiration: fixed(content, TAG_EXPIRATION)? })
    }

    /// Appends the content of the object (what stands inside `53`).
    ///
    /// # Errors
    /// [`TlvError::BufferFull`].
    pub fn write(&self, out: &mut VecView<u8>) -> Result<(), TlvError> {
        Writer::new(out)
            .object(TAG_FASC_N, &FASC_N_NON_FEDERAL)?
            .object(TAG_GUID, &self.guid)?
            .object(TAG_EXPIRATION, &self.expiration)?
            .object(TAG_ISSUER_SIGNATURE, &[])?
            .object(TAG_ERROR_DETECTION, &[])
            .map(|_| ())
    }
}

fn fixed<const N: usize>(content: &[u8], tag: Tag) -> Result<[u8; N], TlvError> {
    tlv::require(content, tag)?.try_into().map_err(|_| TlvError::Missing { tag })
}

/// Appends the content of the card capability container (SP 800-73-4 part 1, 3.1.1 and table 8): the card identifier
/// is made from the GUID, the other mandatory parts are there and empty.
///
/// # Errors
/// [`TlvError::BufferFull`].
pub fn write_card_capability(guid: &[u8; 16], out: &mut VecView<u8>) -> Result<(), TlvError> {
    let mut identifier = [0; 21];
    for (place, byte) in identifier.iter_mut().zip(GSC_CARD_IDENTIFIER.iter().chain(guid)) {
        *place = *byte;
    }
    let mut writer = Writer::new(out);
    writer.object(Tag(0xF0), &identifier)?.object(Tag(0xF1), &[0x21])?.object(Tag(0xF2), &[0x21])?;
    writer.object(Tag(0xF3), &[])?.object(Tag(0xF4), &[0x00])?.object(Tag(0xF5), &[0x10])?;
    for tag in [0xF6, 0xF7, 0xFA, 0xFB, 0xFC, 0xFD] {
        writer.object(Tag(tag), &[])?;
    }
    writer.object(TAG_ERROR_DETECTION, &[]).map(|_| ())
}

/// GSC-IS RID, manufacturer unknown, a card that runs Java or anything else: what stands before the card's own 14 bytes.
const GSC_CARD_IDENTIFIER: [u8; 7] = [0xA0, 0x00, 0x00, 0x01, 0x16, 0xFF, 0x02];

/// Why a certificate object cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateError {
    /// The object is broken.
    Object(TlvError),
    /// The certificate is compressed, which we do not read.
    Compressed,
}

impl core::fmt::Display for CertificateError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Object(cause) => write!(f, "cannot read the certificate: {cause}"),
            Self::Compressed => write!(f, "cannot read the certificate: it is compressed"),
        }
    }
}

impl core::error::Error for CertificateError {}

/// The DER bytes inside the content of a certificate object (SP 800-73-4 part 1, table 10).
///
/// # Errors
/// When the object is broken, or holds a compressed certificate (bit 1 of CertInfo).
pub fn certificate(content: &[u8]) -> Result<&[u8], CertificateError> {
    let info = tlv::find(content, TAG_CERTIFICATE_INFO).map_err(CertificateError::Object)?;
    if info.and_then(<[u8]>::first).is_some_and(|info| info & 1 != 0) {
        return Err(CertificateError::Compressed);
    }
    tlv::require(content, TAG_CERTIFICATE).map_err(CertificateError::Object)
}

/// Appends the content of a certificate object around DER bytes, or around anything else that a certificate object
/// is used for.
///
/// # Errors
/// [`TlvError::BufferFull`].
pub fn write_certificate(der: &[u8], out: &mut VecView<u8>) -> Result<(), TlvError> {
    Writer::new(out)
        .object(TAG_CERTIFICATE, der)?
        .object(TAG_CERTIFICATE_INFO, &[0])?
        .object(TAG_ERROR_DETECTION, &[])
        .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::{
        AID, CardHolderId, CertificateError, FASC_N_NON_FEDERAL, Instruction, Object, Slot, certificate, selects_piv,
        write_certificate,
    };
    use heapless::Vec;

    #[test]
    fn a_truncated_aid_selects_from_five_bytes_on() {
        for length in 0..=AID.len() {
            assert_eq!(selects_piv(&AID[..length]), length >= 5, "{length}");
        }
        assert!(!selects_piv(&[0xA0, 0, 0, 3, 9]));
        assert!(!selects_piv(&[&AID[..], &[0]].concat_into::<12>()));
    }

    trait ConcatInto {
        fn concat_into<const N: usize>(&self) -> Vec<u8, N>;
    }

    impl ConcatInto for [&[u8]; 2] {
        fn concat_into<const N: usize>(&self) -> Vec<u8, N> {
            self.iter().flat_map(|part| part.iter().copied()).collect()
        }
    }

    #[test]
    fn bytes_and_names_agree() {
        for byte in 0..=u8::MAX {
            assert!(Instruction::from_byte(byte).is_none_or(|one| one.byte() == byte));
            assert!(Slot::from_byte(byte).is_none_or(|one| one.byte() == byte));
        }
        for object in Object::ALL {
            let mut list = Vec::<u8, 8>::new();
            object.write_tag_list(&mut list).unwrap();
            assert_eq!(Object::from_tag_list(&list[2..]), Some(object));
        }
        assert_eq!(Object::from_tag_list(&[0x5F, 0xC1, 0x09]), None);
        assert_eq!(Object::from_tag_list(&[]), None);
    }

    #[test]
    fn the_guid_comes_back_from_the_chuid() {
        let id = CardHolderId { guid: core::array::from_fn(|i| i as u8), expiration: *b"20300331" };
        let mut content = Vec::<u8, 64>::new();
        id.write(&mut content).unwrap();
        assert_eq!(CardHolderId::parse(&content), Ok(id));
        assert!(CardHolderId::parse(&content[..40]).is_err());
    }

    #[test]
    fn the_fasc_n_is_the_non_federal_one() {
        // Five bits a character: four of value, least significant first, then odd parity; the last checks all others.
        let bits = FASC_N_NON_FEDERAL.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
        let bits: Vec<u8, 200> = bits.collect();
        let mut text = heapless::String::<40>::new();
        let mut check = 0;
        for code in bits.chunks(5) {
            assert_eq!(code.iter().sum::<u8>() % 2, 1, "odd parity");
            let value = code[0] | code[1] << 1 | code[2] << 2 | code[3] << 3;
            check ^= value;
            text.push(char::from(if value < 10 { b'0' + value } else { b'A' + value - 10 })).unwrap();
        }
        assert_eq!(check, 0);
        assert_eq!(&text[..39], "B9999D9999D999999D0D1D0000000000300001F");
    }

    #[test]
    fn a_certificate_object_gives_its_der_back() {
        let mut content = Vec::<u8, 400>::new();
        write_certificate(&[0x30; 300], &mut content).unwrap();
        assert_eq!(certificate(&content), Ok(&[0x30; 300][..]));
        let position = content.len() - 3;
        content[position] = 1;
        assert_eq!(certificate(&content), Err(CertificateError::Compressed));
    }
}
