#!/usr/bin/env python3
"""A business program that asks before it does: Python's standard library and nothing else.

    issue.py FUNCTION [--case CASE] [--purpose PURPOSE]

Exits with 0 when it was granted and done, with 3 when it was refused.
"""
import argparse
import json
import os
import secrets
import socket
import sys


class Agent:
    """One connection; calls go over it one after another."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(20)  # a card may take seconds
        self.socket.connect(path)
        self.read = b""

    def call(self, method, **parameters):
        """The parameters of the answer; RuntimeError for an error of the interface. A refusal is no error."""
        message = {"method": f"io.sekisho.{method}", "parameters": parameters}
        self.socket.sendall(json.dumps(message).encode() + b"\0")
        while b"\0" not in self.read:
            more = self.socket.recv(65536)
            if not more:
                raise RuntimeError("the agent has closed the connection")
            self.read += more
        answer, _, self.read = self.read.partition(b"\0")
        answer = json.loads(answer)
        if "error" in answer:
            raise RuntimeError(f"{answer['error']} {answer.get('parameters', {})}")
        return answer.get("parameters", {})


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("function")
    arguments.add_argument("--case")
    arguments.add_argument("--purpose")
    asked = arguments.parse_args()
    # A program that keeps it with the deed may ask again with it: there is still one record.
    request = secrets.token_hex(16)
    try:
        agent = Agent(os.environ.get("SEKISHO_SOCKET", "/run/sekisho/agent.sock"))
        answer = agent.call("Authorize", function=asked.function, case=asked.case, purpose=asked.purpose, request=request)
        verdict = answer["verdict"]
        if not verdict["granted"]:
            print(verdict["what_ja"], verdict["next_ja"], sep="\n", file=sys.stderr)
            return 3
    except (OSError, RuntimeError, KeyError) as error:
        # Nobody can say that the clerk may, or keep a record of it: so nothing is done.
        print(f"cannot ask the agent: {error}", file=sys.stderr)
        return 1
    # Only now.
    print("issued")
    try:
        agent.call("Complete", record=answer["record"], items=1, outcome="done")
    except (OSError, RuntimeError, KeyError) as error:
        print(f"done, but that could not be recorded: {error}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
