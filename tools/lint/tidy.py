#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run clang-tidy over core and pv, as one build compiles them.

    tools/lint/tidy.py BUILD_DIRECTORY

The checks, and why some are left out, stand in .clang-tidy.  Status 77
(skipped) where clang-tidy is not installed.
"""
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

SKIPPED = 77


def tidy(build, source):
    """Empty, or clang-tidy's complaints about one source."""
    done = subprocess.run(["clang-tidy", "--quiet", "-p", build, source],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, check=False)
    return done.stdout.strip() if done.returncode else ""


def main(build):
    """Check every source; the exit status says whether all are clean."""
    if shutil.which("clang-tidy") is None:
        print("clang-tidy is not installed (package clang-tidy)")
        return SKIPPED
    with open(os.path.join(build, "compile_commands.json"),
              encoding="utf-8") as handle:
        sources = sorted({e["file"] for e in json.load(handle)
                          if re.search("/hypervisor/(core|pv)/", e["file"])
                          and e["file"].endswith(".c")})
    bad = 0
    with ThreadPoolExecutor(os.cpu_count() or 1) as workers:
        results = workers.map(lambda s: (s, tidy(build, s)), sources)
        for source, complaint in results:
            print("XENIOS-TEST %s %s" % (
                os.path.basename(source),
                "FAILED see above" if complaint else "PASSED"), flush=True)
            if complaint:
                bad += 1
                print(complaint, flush=True)
    return 1 if bad else 0


sys.exit(main(sys.argv[1]))
