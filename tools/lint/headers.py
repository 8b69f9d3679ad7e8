#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that every header compiles alone.

    tools/lint/headers.py BUILD_DIRECTORY [DIRECTORY...]

The flags come from BUILD_DIRECTORY/compile_commands.json: a header is
compiled like the C source which shares the longest path with it.  Headers
far from every source of that build (arch/x86 in a host build) are left out,
and so are *inline.h files, which another header includes at its end.
"""
import json
import os
import shlex
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))))
# A header belongs to a build when a source of that build stands as near.
ONLY_IN_TARGET = ("hypervisor/arch/x86", "pvguest", "shared-ring",
                  "tests/conformance")
# Headers without sources beside them are compiled as their users are.
USED_BY = {"shared-ring": "pvguest/lib"}
ONLY_ON_HOST = ("hypervisor/arch/host", "tests/unit", "tests/support",
                "tests/model")


def flags(entry):
    """The preprocessor and language flags of one compile command."""
    words = shlex.split(entry["command"])[1:]
    kept = []
    for word, after in zip(words, words[1:] + [""]):
        if word in ("-isystem", "-include"):
            kept += [word, after]
        elif word.startswith(("-I", "-D", "-f", "-m", "-std", "-W")):
            kept.append(word)
    return [w for w in kept if not w.startswith("-Wl,")]


def nearest(path, entries):
    """The compile command of the source nearest to a header."""
    top = path.split("/")[0]
    path = USED_BY.get(top, top) + path[len(top):]

    def shared(entry):
        source = os.path.relpath(entry["file"], ROOT)
        return len(os.path.commonprefix([path.split("/"),
                                         source.split("/")]))
    return max(entries, key=shared)


def headers(roots):
    """Every header below these directories."""
    for root in roots:
        for directory, _, files in os.walk(os.path.join(ROOT, root)):
            for name in sorted(files):
                if name.endswith(".h") and not name.endswith("inline.h"):
                    yield os.path.relpath(os.path.join(directory, name), ROOT)


def compiles(path, entry):
    """Empty, or the compiler's complaint."""
    compiler = [w for w in shlex.split(entry["command"])
                if not w.endswith("ccache")][0]
    done = subprocess.run(
        [compiler, *flags(entry), "-fsyntax-only", "-Wno-unused",
         "-x", "c", "-"], input='#include "%s"\n' % os.path.join(ROOT, path),
        cwd=entry["directory"], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, check=False)
    return done.stdout if done.returncode else ""


def main(build, roots):
    """Check all; the exit status counts the bad ones."""
    with open(os.path.join(build, "compile_commands.json"),
              encoding="utf-8") as handle:
        entries = [e for e in json.load(handle) if e["file"].endswith(".c")]
    with open(os.path.join(build, "CMakeCache.txt"),
              encoding="utf-8") as handle:
        on_host = "XENIOS_HOST:BOOL=ON" in handle.read()
    foreign = ONLY_IN_TARGET if on_host else ONLY_ON_HOST
    bad = 0
    for path in headers(roots):
        if not entries or path.startswith(foreign):
            continue
        complaint = compiles(path, nearest(path, entries))
        print("XENIOS-TEST %s %s" % (path, "FAILED does not compile alone"
                                     if complaint else "PASSED"))
        if complaint:
            bad += 1
            print(complaint)
    return 1 if bad else 0


sys.exit(main(sys.argv[1], sys.argv[2:] or
              ["hypervisor", "hypercall-abi", "pvguest", "shared-ring"]))
