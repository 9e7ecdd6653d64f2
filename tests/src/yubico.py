"""Yubico's own library in front of a card that is none of Yubico's: makes keys, stores certificates, uses them.

    yubico.py make|store|use READER PIN

Files lie in the working folder: SLOT.pub.pem is written by `make`, SLOT.pem read by `store`, `use` signs `message` into 9A.signature. The
management key is the factory's.
"""

import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from ykman.pcsc import list_devices
from ykman.piv import generate_chuid
from yubikit.core.smartcard import SW, ApduError, SmartCardConnection
from yubikit.piv import KEY_TYPE, MANAGEMENT_KEY_TYPE, OBJECT_ID, SLOT, InvalidPinError, PivSession

SLOTS = [SLOT.AUTHENTICATION, SLOT.SIGNATURE, SLOT.KEY_MANAGEMENT, SLOT.CARD_AUTH]
FACTORY = bytes(range(1, 9)) * 4


def name(slot):
    return f"{slot:02X}"


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def keep(path, content):
    with open(path, "wb") as file:
        file.write(content)


def refused(status, act, *arguments):
    """The card says no with this status word, and nothing else happens."""
    try:
        act(*arguments)
    except ApduError as error:
        assert error.sw == status, f"{act.__name__}: {error.sw:04X}"
    else:
        raise AssertionError(f"{act.__name__} was not refused")


def make(session, _pin):
    refused(SW.SECURITY_CONDITION_NOT_SATISFIED, session.generate_key, SLOT.AUTHENTICATION, KEY_TYPE.ECCP256)
    session.authenticate(MANAGEMENT_KEY_TYPE.AES256, FACTORY)
    for slot in SLOTS:
        key = session.generate_key(slot, KEY_TYPE.ECCP256)
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        keep(f"{name(slot)}.pub.pem", key.public_bytes(serialization.Encoding.PEM, form))
    # What the card does not have it refuses, and goes on.
    refused(SW.INVALID_INSTRUCTION, session.attest_key, SLOT.AUTHENTICATION)
    refused(SW.INVALID_INSTRUCTION, session.put_key, SLOT.AUTHENTICATION, ec.generate_private_key(ec.SECP256R1()))
    refused(SW.INCORRECT_PARAMETERS, session.generate_key, SLOT.AUTHENTICATION, KEY_TYPE.RSA2048)


def store(session, _pin):
    session.authenticate(MANAGEMENT_KEY_TYPE.AES256, FACTORY)
    session.put_object(OBJECT_ID.CHUID, generate_chuid())
    for slot in SLOTS:
        certificate = x509.load_pem_x509_certificate(contents(f"{name(slot)}.pem"))
        session.put_certificate(slot, certificate)
        assert session.get_certificate(slot) == certificate


def use(session, pin):
    message = contents("message")
    refused(SW.SECURITY_CONDITION_NOT_SATISFIED, session.sign, SLOT.AUTHENTICATION, KEY_TYPE.ECCP256, message, hashes.SHA256())
    try:
        session.verify_pin("493719")
    except InvalidPinError as error:
        assert error.attempts_remaining == 4, error.attempts_remaining
    session.verify_pin(pin)
    keep("9A.signature", session.sign(SLOT.AUTHENTICATION, KEY_TYPE.ECCP256, message, hashes.SHA256()))
    other = ec.generate_private_key(ec.SECP256R1())
    session.verify_pin(pin)
    shared = session.calculate_secret(SLOT.KEY_MANAGEMENT, other.public_key())
    card = session.get_certificate(SLOT.KEY_MANAGEMENT).public_key()
    assert shared == other.exchange(ec.ECDH(), card)


def main():
    act, reader, pin = sys.argv[1:]
    [device] = list_devices(reader)
    with device.open_connection(SmartCardConnection) as connection:
        {"make": make, "store": store, "use": use}[act](PivSession(connection), pin)


main()
