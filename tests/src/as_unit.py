"""Runs a program with the system calls and address families of a unit, which systemd would give it: as_unit.py UNIT PROGRAM [ARGUMENT ...]

What the unit answers with an error ends the process here, so that nothing is missed; address families it may not have are answered as systemd
does, for libraries ask for some and go on without.
"""
import errno
import os
import subprocess
import sys

import seccomp

FAMILIES = range(46)


def values(unit, key):
    with open(unit, encoding='utf-8') as lines:
        return [line.split('=', 1)[1].split() for line in lines if line.startswith(key + '=')]


def members(name):
    """The calls of a group, with those of the groups in it."""
    if not name.startswith('@'):
        return {name}
    output = subprocess.run(['systemd-analyze', 'syscall-filter', name], check=True, capture_output=True, text=True).stdout
    listed = [line.strip() for line in output.splitlines()[1:]]
    return set().union(*(members(name) for name in listed if name and not name.startswith('#')))


def allowed(unit):
    calls = set()
    for first, *rest in values(unit, 'SystemCallFilter'):
        if first.startswith('~'):
            calls -= set().union(*map(members, [first[1:], *rest]))
        else:
            calls |= set().union(*map(members, [first, *rest, '@default']))
    return calls


def main():
    unit, program = sys.argv[1], sys.argv[2:]
    known = {getattr(__import__('socket'), name).value for name in values(unit, 'RestrictAddressFamilies')[0]}
    rules = seccomp.SyscallFilter(seccomp.KILL_PROCESS)
    for call in allowed(unit) - {'socket'}:
        try:
            rules.add_rule(seccomp.ALLOW, call)
        except (RuntimeError, ValueError):
            pass  # A call of another architecture.
    for family in FAMILIES:
        action = seccomp.ALLOW if family in known else seccomp.ERRNO(errno.EAFNOSUPPORT)
        rules.add_rule(action, 'socket', seccomp.Arg(0, seccomp.EQ, family))
    rules.load()
    os.execvp(program[0], program)


main()
