#!/usr/bin/env python3
"""The other end of a signed decision: an application on a server, with PyJWT (protocol/DECISION.md §D5).

    verify_decision.py KEYS AUDIENCE FUNCTION [--nonce NONCE] [--now SECONDS] < decision

KEYS is what the ledger answers under /v1/<office>/keys. Prints who was permitted; exits with 3 when the decision is not to be believed.
"""
import argparse
import datetime
import json
import sys

import jwt


class NotBelieved(Exception):
    """Why."""


def check(decision, keys, audience, function, nonce, now, seen):
    """The claims. `keys` are those of the office whose terminals may come; `nonce` is the one that this server gave for this occasion, `seen` holds
    what it has accepted before: a server keeps it where all of its processes see it."""
    header = jwt.get_unverified_header(decision)
    if header.get("typ") != "sekisho-decision+jwt":
        raise NotBelieved("not a decision")
    known = [key for key in keys["keys"] if key["kid"] == header.get("kid")]
    if not known:
        raise NotBelieved("no terminal in use has that key: fetch the keys once more")
    key = jwt.PyJWK(known[0], algorithm="EdDSA").key
    required = ["iss", "aud", "sub", "iat", "exp", "jti", "function"]
    # Time is looked at below: the library knows no other clock than the machine's.
    claims = jwt.decode(decision, key, algorithms=["EdDSA"], audience=audience,
                        options={"require": required, "verify_exp": False, "verify_iat": False})
    if not claims["iat"] - 60 <= now < claims["exp"]:
        raise NotBelieved("not of this moment")
    if claims["iss"].rpartition("/")[2] != known[0]["terminal"]:
        raise NotBelieved("signed by another terminal than it names")
    if claims["function"] != function:
        raise NotBelieved(f"for {claims['function']}")
    if claims.get("nonce") != nonce:
        raise NotBelieved("for another occasion")
    if (claims["iss"], claims["jti"]) in seen:
        raise NotBelieved("accepted before")
    seen.add((claims["iss"], claims["jti"]))
    return claims


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("keys")
    arguments.add_argument("audience")
    arguments.add_argument("function")
    arguments.add_argument("--nonce")
    arguments.add_argument("--now", type=int, default=int(datetime.datetime.now().timestamp()))
    asked = arguments.parse_args()
    with open(asked.keys, encoding="utf-8") as file:
        keys = json.load(file)
    try:
        claims = check(sys.stdin.read().strip(), keys, asked.audience, asked.function, asked.nonce, asked.now, set())
    except (jwt.PyJWTError, NotBelieved) as error:
        print(f"not believed: {error}", file=sys.stderr)
        return 3
    print(f"{claims['sub']} may run {claims['function']} (record {claims['jti']} of {claims['iss']})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
