#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that what README.md and docs/ name does exist.

    docs.py            exit 1 and one line for each name that leads nowhere
    docs.py --tour     also fail when the tour leaves out a source file

Prose rots silently: a file is renamed, a function goes, and the page about it
stays. So whatever a page says in a form that a machine can read is looked up:

    [text](path#heading)     a file of the tree, and a heading in it
    `path/to/file`           a file, from the root or from a well-known folder
    `tools/xenios run`       the first word of a command, if it is a path
    `some_function()`        a word that occurs in the sources
    `SOME_CONSTANT`          the same; also `struct name` and `enum name`

And three pages are held against what they describe: the memory map has every
address of arch/layout.h, the tour every source file, the index of decisions
every page.

Words in capitals and * in a path stand for anything. Fenced and indented
blocks are not looked at: they show output, and commands of other programs.
docs/manual is generated from the sources; only its links are checked.
"""
import argparse
import fnmatch
import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
# Where a path may begin: as #include lines and the prose shorten them.
FOLDERS = ("", "hypervisor", "hypervisor/include", "hypervisor/arch/x86",
           "hypervisor/arch/x86/include", "hypervisor/arch/host/include",
           "hypercall-abi", "hypercall-abi/include", "pvguest",
           "pvguest/include", "shared-ring/include", "tests", "tests/conformance", "tools")
SOURCES = ("hypervisor", "hypercall-abi", "pvguest", "shared-ring", "tests",
           "tools", "CMakeLists.txt", "CMakePresets.json", "docs/manual")
NOT_OURS = ("build/", "/", "~")     # products, and other machines' files
DESIGN = "docs/design"
MAP = "docs/memory-map.md"
LAYOUT_H = "hypervisor/arch/x86/include/arch/layout.h"
TOUR = "docs/tour.md"
TOURED = ("hypervisor/core/*.c", "hypervisor/pv/*.c",
          "hypervisor/arch/x86/*.c", "hypervisor/arch/x86/*.asm",
          "pvguest/lib/*.c", "pvguest/lib/*.asm", "pvguest/stub/*.c")

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"[\w.*-]+(?:/[\w.*-]+)+/?")
FILE = re.compile(r"[\w*-]+\.(?:c|h|asm|def|py|md|txt|ld|json)")
NAME = re.compile(r"(?:(?:struct|enum) )?(\w*_\w+|\w+(?=\(\)))(?:\(\))?")
CAPITALS = re.compile(r"(?<![A-Za-z0-9])[A-Z][A-Z0-9]*(?![A-Za-z0-9])")
HEADING = re.compile(r"^#+ +(.*)$", re.M)


def read(path):
    """A file of the tree as text."""
    with open(os.path.join(ROOT, path), encoding="utf-8",
              errors="replace") as handle:
        return handle.read()


def pages():
    """Every page, relative to the root."""
    found = ["README.md"] + glob.glob("docs/**/*.md", root_dir=ROOT,
                                      recursive=True)
    return sorted(p for p in found if os.path.exists(os.path.join(ROOT, p)))


def source_words():
    """Every word of the sources."""
    words = set()
    for top in SOURCES:
        full = os.path.join(ROOT, top)
        files = [top] if os.path.isfile(full) else [
            os.path.relpath(os.path.join(folder, name), ROOT)
            for folder, _, names in os.walk(full) for name in names
            if not name.endswith(".pyc")]
        for name in files:
            words.update(re.findall(r"\w+", read(name)))
    return words


def prose(text):
    """The lines of a page with fenced and indented blocks left empty."""
    fenced = False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
            yield ""
        elif fenced or line.startswith("    "):
            yield ""
        else:
            yield line


def anchor(heading):
    """A heading as the part of a link behind #."""
    plain = re.sub(r"[`*]", "", heading).lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def exists(path):
    """Does a path exist, from the root or a well-known folder?"""
    if path.startswith(NOT_OURS):
        return True
    pattern = CAPITALS.sub("*", path) if "/" in path else path
    if os.path.basename(path) == path:      # a bare file name
        pattern = "**/" + path
    for folder in FOLDERS:
        for form in (path, pattern):
            if glob.glob(os.path.join(folder, form), root_dir=ROOT,
                         recursive=True, include_hidden=True):
                return True
    return False


def is_bench_row(path):
    """Is it a row of the bench, or a pattern of some?"""
    rows = re.findall(r"(?m)^(\w+/[\w-]+)\s", read("tests/bench/figures.txt"))
    return any(fnmatch.fnmatch(row, path.replace("...", "*")) for row in rows)


def check_link(page, target):
    """What is wrong with a link, or None."""
    if re.match(r"[a-z]+:", target):
        return None
    path, _, part = target.partition("#")
    where = os.path.normpath(os.path.join(os.path.dirname(page), path)
                             ) if path else page
    if not os.path.exists(os.path.join(ROOT, where)):
        return "link to %s, which does not exist" % target
    if part and part not in map(anchor, HEADING.findall(read(where))):
        return "link to %s: no such heading" % target
    return None


def check_code(text, words):
    """What is wrong with a piece of code in a sentence, or None."""
    first = text.split()[0] if text.split() else ""
    if PATH.fullmatch(first) or FILE.fullmatch(text):
        if exists(first.rstrip("/")) or is_bench_row(first):
            return None
        return "`%s`: no file" % first
    name = NAME.fullmatch(text)
    if name and name.group(1) not in words:
        return "`%s` is not in the sources" % text
    return None


def check_page(page, words):
    """Yield (line number, what is wrong)."""
    for number, line in enumerate(prose(read(page)), 1):
        for target in LINK.findall(line):
            yield number, check_link(page, target)
        if not page.startswith("docs/manual/"):
            for text in CODE.findall(line):
                yield number, check_code(text, words)


def check_tour():
    """Yield what is wrong with the stops of the tour: each source file is
    one, and only once."""
    if not os.path.exists(os.path.join(ROOT, TOUR)):
        return
    stops = re.findall(r"^\d+\. `([^`]+)`", read(TOUR), re.M)
    for stop in sorted(set(s for s in stops if stops.count(s) > 1)):
        yield "%s: %s is a stop twice" % (TOUR, stop)
    for pattern in TOURED:
        for path in sorted(glob.glob(pattern, root_dir=ROOT)):
            if path not in stops:
                yield "%s: %s is no stop" % (TOUR, path)


def check_design():
    """Yield what is wrong with the decisions: each has its four parts, and
    the index has its title."""
    index = read(DESIGN + "/README.md")
    for path in sorted(glob.glob(DESIGN + "/[0-9]*.md", root_dir=ROOT)):
        text = read(path)
        for part in ("Context", "Choice", "Alternatives", "Consequence"):
            if text.count("\n**%s.** " % part) != 1:
                yield "%s: wants one part **%s.**" % (path, part)
        number, title = re.match(r"# (\d{4})\. (.*)\n", text).groups()
        entry = "[%s](%s) %s\n" % (number, os.path.basename(path), title)
        if not os.path.basename(path).startswith(number) or entry not in index:
            yield "%s/README.md: wants %s" % (DESIGN, entry.strip())


def groups(number):
    """A number as the map writes it: ffff 8080 0000 0000."""
    digits = "%x" % number
    digits = digits.rjust(-len(digits) % 4 + len(digits), "0")
    return " ".join(digits[i:i + 4] for i in range(0, len(digits), 4))


def check_map():
    """Yield the addresses of layout.h that the map does not have."""
    text = read(MAP)
    base = None
    for name, what in re.findall(r"^#define (\w+)\s+(.*)$", read(LAYOUT_H),
                                 re.M):
        number = re.search(r"0x[0-9a-f]+", what)
        if not number or name.startswith(("VECTOR_", "GUEST_", "DIRECT_MAX",
                                          "HV_LOAD", "PERCPU_SIZE",
                                          "PERCPU_STRIDE")):
            continue
        value = int(number.group(0), 16)
        if name == "HV_BASE":
            base = value
        if name.startswith("PERCPU_") and name != "PERCPU_BASE":
            shown = "\n%7x  " % value
        elif "HV_BASE +" in what:
            shown = "+ " + groups(value)
        elif value > 0xffff:
            shown = groups(value)
        else:
            shown = "%x" % value        # a selector
        if shown not in text:
            yield "%s: %s is %s" % (MAP, name, shown.strip())
    if base is None:
        yield "%s: no HV_BASE" % LAYOUT_H


def main():
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tour", action="store_true",
                        help="fail when the tour leaves out a file")
    options = parser.parse_args()
    words = source_words()
    wrong = ["%s:%d: %s" % (page, number, what)
             for page in pages() for number, what in check_page(page, words)
             if what] + list(check_design()) + list(check_map())
    tour = list(check_tour())
    print("\n".join(wrong + tour) if wrong or tour else
          "%d pages, nothing that leads nowhere" % len(pages()))
    return 1 if wrong or (options.tour and tour) else 0


if __name__ == "__main__":
    sys.exit(main())
