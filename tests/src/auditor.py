"""Audits a ledger as a stranger does: with a C2SP verifier that is not ours, over HTTPS, knowing only what `sekisho-admin office export` writes.

    auditor.py audit OFFICE.toml LOG FOLDER [--token TOKEN] [--url URL] [--earlier FOLDER]
    auditor.py spoil OFFICE.toml LOG FOLDER
    auditor.py token OFFICE.toml GUID [--url URL]       the PIN in PIN, OpenSC's module in PKCS11_MODULE

`audit` keeps what it fetched in FOLDER; `spoil` flips bytes of what is kept, and ends with 1 when the verifier takes any of it.
"""

import argparse
import base64
import hashlib
import json
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import tomllib
import urllib.error
import urllib.request

from aics_tlog import (
    MemoryTileReader,
    TileMissingError,
    TileVerificationError,
    VerifiedTileReader,
    audit_tiles,
    consistency_proof_from_tiles,
    inclusion_proof_from_tiles,
    parse_checkpoint,
    parse_note,
    verify_checkpoint,
    verify_consistency,
    verify_leaf_inclusion,
    vkey_from_ed25519,
)
from aics_tlog.tiles import entry_bundle_path, tile_path


class Rejected(Exception):
    """The log does not hold, or cannot be had."""


class Office:
    """What the exported file says: where the ledger is, and by which keys its logs are signed."""

    def __init__(self, path, url=None):
        with open(path, "rb") as file:
            self.said = tomllib.load(file)
        self.url = url or self.said["url"]
        self.tls = ssl.create_default_context(cadata=base64.b64decode(self.said["authority"]))

    def origin(self, log):
        return f"{self.said['ledger']}/{self.said['office']}/{log}"

    def key(self, log):
        return vkey_from_ed25519(self.origin(log), base64.b64decode(self.said[log]))

    def ask(self, path, body=None, token=None):
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(f"{self.url}/{path}", body and json.dumps(body).encode(), headers)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.tls)
        )
        try:
            with opener.open(request, timeout=60) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            raise Rejected(f"{path}: {error.code} {error.read().decode()}") from None
        except OSError as error:
            raise Rejected(f"{path}: {error}") from None


class Fetching:
    """Tiles over HTTPS, for the verifier; each is kept as it came."""

    def __init__(self, office, log, token):
        self.office, self.log, self.token, self.kept = office, log, token, {}

    def fetch(self, path, token=None):
        self.kept[path] = self.office.ask(f"{self.office.said['office']}/{self.log}/{path}", token=token)
        return self.kept[path]

    def read_tile(self, level, index, width):
        return self.fetch(tile_path(level, index, width))

    def read_entry_bundle(self, index, width):
        return self.fetch(entry_bundle_path(index, width), self.token)


def opened(office, log, note):
    """The checkpoint in a note, if the log's key signed it."""
    try:
        note = parse_note(note)
        verified = verify_checkpoint(note, office.key(log), expected_origin=office.origin(log))
        if not verified.ok:
            raise Rejected(verified.error)
        return parse_checkpoint(note.text)
    except ValueError as error:
        raise Rejected(f"checkpoint: {error}") from None


def verified(reader, head):
    """Every tile and every entry under a signed root."""
    try:
        return audit_tiles(reader, head.size, head.root)
    except (TileMissingError, TileVerificationError) as error:
        raise Rejected(str(error)) from None


def audit(office, log, folder, token, earlier):
    reader = Fetching(office, log, token)
    head = opened(office, log, reader.fetch("checkpoint"))
    report = verified(reader, head)
    # Proofs are made of what is verified by now, and checked by code that shares nothing with what makes them.
    tree = VerifiedTileReader(MemoryTileReader(reader.kept), head.size, head.root)
    proved = sorted({*range(0, head.size, 37), max(head.size - 1, 0)} if head.size else ())
    for index in proved:
        path = inclusion_proof_from_tiles(tree, index, head.size)
        if not verify_leaf_inclusion(tree.entry(index), index, head.size, path, head.root):
            raise Rejected(f"entry {index} is not where it should be")
    if earlier:
        old = opened(office, log, (earlier / "checkpoint").read_bytes())
        if old.size > head.size:
            raise Rejected(f"the log had {old.size} entries and has {head.size}")
        path = consistency_proof_from_tiles(tree, old.size, head.size)
        if not verify_consistency(old.size, head.size, old.root, head.root, path):
            raise Rejected(f"the log of {head.size} entries does not continue the one of {old.size}")
    for path, content in reader.kept.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    partial = sum(".p/" in path for path in reader.kept)
    full = report.tiles + report.bundles - partial
    print(f"size={head.size} full={full} partial={partial} proved={len(proved)}")


def spoiled(path, content):
    """Places of bytes to flip, with the bits: all of them in the signed text, some in each hash and each entry elsewhere."""
    if path == "checkpoint":
        yield from ((at, 1 << bit) for at in range(len(content)) for bit in range(8))
    elif path.startswith("tile/entries/"):
        start = 0
        while start < len(content):
            length = int.from_bytes(content[start : start + 2], "big")
            inside = {0, length - 1, (start * 7919) % length, (start * 104729) % length}
            yield from ((start + at, 1 << at % 8) for at in sorted({0, 1, *(2 + at for at in inside)}))
            start += 2 + length
    else:
        yield from ((at + within, 1 << within % 8) for at in range(0, len(content), 32) for within in (0, at // 32 % 30 + 1, 31))


def holds(office, log, kept):
    reader = MemoryTileReader(kept)
    verified(reader, opened(office, log, kept["checkpoint"]))


def spoil(office, log, folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    kept = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    holds(office, log, kept)
    tried, taken = 0, []
    for path, content in sorted(kept.items()):
        for at, bits in spoiled(path, content):
            altered = bytearray(content)
            altered[at] ^= bits
            tried += 1
            try:
                holds(office, log, {**kept, path: bytes(altered)})
                taken.append(f"{path}, byte {at}, bits {bits:#04x}")
            except Rejected:
                pass
    print(f"tried={tried} taken={len(taken)}", *taken, sep="\n")
    return 1 if taken else 0


def token(office, guid):
    """A card signs the ledger's challenge (LEDGER §L4, wire §6.3), through OpenSC."""
    at = f"v1/{office.said['office']}"
    challenge = json.loads(office.ask(f"{at}/challenge", {}))["challenge"]
    # CBOR: an array of two byte strings, of 16 and of 32 bytes.
    said = b"\x82\x50" + bytes.fromhex(office.said["office"]) + b"\x58\x20" + base64.b64decode(challenge)
    with tempfile.TemporaryDirectory() as folder:
        digest, signature = pathlib.Path(folder, "digest"), pathlib.Path(folder, "signature")
        digest.write_bytes(hashlib.sha256(b"sekisho token v1\0" + said).digest())
        # Slot 9A is OpenSC's object 01.
        line = ["pkcs11-tool", "--module", os.environ["PKCS11_MODULE"], "--login", "--pin", os.environ["PIN"]]
        line += ["--sign", "--id", "01", "-m", "ECDSA", "-i", str(digest), "-o", str(signature)]
        subprocess.run(line, check=True, stdout=sys.stderr)
        signed = base64.b64encode(signature.read_bytes()).decode()
    print(json.loads(office.ask(f"{at}/token", {"card": guid, "challenge": challenge, "signature": signed}))["token"])


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("act", choices=("audit", "spoil", "token"))
    parser.add_argument("office", type=pathlib.Path)
    parser.add_argument("of")
    parser.add_argument("folder", type=pathlib.Path, nargs="?")
    parser.add_argument("--token")
    parser.add_argument("--url")
    parser.add_argument("--earlier", type=pathlib.Path)
    asked = parser.parse_args()
    office = Office(asked.office, asked.url)
    try:
        if asked.act == "audit":
            return audit(office, asked.of, asked.folder, asked.token, asked.earlier)
        if asked.act == "spoil":
            return spoil(office, asked.of, asked.folder)
        return token(office, asked.of)
    except Rejected as why:
        print(f"rejected: {why}", file=sys.stderr)
        return 3


sys.exit(main())
