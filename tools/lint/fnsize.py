#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Report C functions and files that are long enough to ask why.

    tools/lint/fnsize.py [DIRECTORY...]

    61  hypervisor/core/console.c:120: console_write
   640  hypervisor/pv/mmu.c (file)

A function past 60 lines and a file past 600 are questions, not errors, so
the exit status is 0; sources are in our own format, where a function's body
begins and ends in the first column.
"""
import os
import re
import sys

FUNCTION_LINES = 60
FILE_LINES = 600
NAME = re.compile(r"(\w+)\(")


def c_files(roots):
    """Every .c and .h file below these directories."""
    for root in roots:
        for directory, below, files in os.walk(root):
            below[:] = sorted(d for d in below if d not in ("build", ".git"))
            for name in sorted(files):
                if name.endswith((".c", ".h")):
                    yield os.path.join(directory, name)


def functions(lines):
    """(first line, length, name) of every function."""
    head = None
    begin = None
    for number, line in enumerate(lines, 1):
        if begin is None and re.match(r"[A-Za-z_]", line):
            match = NAME.search(line)
            if match:
                head = (number, match.group(1))
        if line.rstrip() == "{" and head:
            begin = head
        elif line.startswith("}"):
            if begin:
                yield begin[0], number - begin[0] + 1, begin[1]
            begin = head = None


def main(roots):
    """Print what is long, the longest first."""
    rows = []
    for path in c_files(roots):
        with open(path, encoding="utf-8") as handle:
            lines = handle.readlines()
        if len(lines) > FILE_LINES:
            rows.append((len(lines), path + " (file)"))
        for first, length, name in functions(lines):
            if length > FUNCTION_LINES:
                rows.append((length, "%s:%d: %s" % (path, first, name)))
    for length, what in sorted(rows, reverse=True):
        print("%5d  %s" % (length, what))


main(sys.argv[1:] or ["hypervisor", "hypercall-abi", "pvguest", "tests"])
