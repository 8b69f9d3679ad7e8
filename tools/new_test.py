#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Start a new conformance case.

    tools/new_test.py AREA NAME "title"

writes tests/conformance/AREA/NAME/main.c with an empty lesson and one failing
expectation, and adds the case's line to tests/conformance/CMakeLists.txt,
after the last one of its area.  Sample of the line:

    conformance_case(mmu pin-l4-twice)
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "conformance"
WORD = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

TEMPLATE = """/* SPDX-License-Identifier: MIT */
/*
 * {title}.
 *
 * Say here what the ABI promises, why it does, and what goes wrong for a guest
 * where the promise is broken.
 */
#include "conformance.h"

CONFORMANCE_CASE("{title}", 0)
{{
    case_error("not written yet");
}}
"""


def fail(text):
    print(f"new_test.py: {text}", file=sys.stderr)
    sys.exit(2)


def add_line(cmake, area, name):
    lines = cmake.read_text().splitlines()
    cases = [i for i, l in enumerate(lines) if l.startswith("conformance_case(")]
    same = [i for i in cases if lines[i].startswith(f"conformance_case({area} ")]
    where = (same or cases)[-1] + 1
    lines.insert(where, f"conformance_case({area} {name})")
    cmake.write_text("\n".join(lines) + "\n")


def main(arguments):
    if len(arguments) != 3:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    area, name, title = arguments
    if not WORD.fullmatch(area) or not WORD.fullmatch(name):
        fail("AREA and NAME are lower-case words joined by hyphens")
    if '"' in title or "\\" in title or "*/" in title:
        fail("the title must not hold quotes, backslashes or */")
    folder = ROOT / area / name
    if folder.exists():
        fail(f"{folder} exists already")
    folder.mkdir(parents=True)
    (folder / "main.c").write_text(TEMPLATE.format(title=title))
    add_line(ROOT / "CMakeLists.txt", area, name)
    print(f"wrote {folder / 'main.c'}; run it on Xen first: a case that real "
          "Xen fails is a wrong case")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
