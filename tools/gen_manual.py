#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Build docs/manual from the interface's tables and prose.

    gen_manual.py            write docs/manual/*.md
    gen_manual.py --check    exit 1 if docs/manual is not what would be written
    gen_manual.py --census   error rows that name no test, and how many do

The tables (hypercalls.def, subops.def, compat32.def, layout/*.txt) give what
a machine can know: numbers, directions, structures with their offsets for
both widths, absent calls. hypercall-abi/doc/<call>.md gives the rest; its
README says how it is written. Neither may contradict the other: a command
without prose, prose about an unknown command, an error that errno.h does not
have and a test that does not exist are all errors here.

A page looks like this:

    # event_channel_op
    | number | 32 |  ...
    ## EVTCHNOP_send (command 4)
    | field | direction | 64-bit guest | 32-bit guest |
    After success: ...
    | | error | cause | tests |
    | 1 | -XEN_EINVAL | the port does not exist | evtchn/send-bad-port |
"""

import argparse
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ABI = os.path.join(ROOT, "hypercall-abi")
MANUAL = os.path.join(ROOT, "docs", "manual")
CONFORMANCE = os.path.join(ROOT, "tests", "conformance")
UNIT = os.path.join(ROOT, "tests", "unit")

REGISTERS64 = ["rdi", "rsi", "rdx", "r10", "r8"]
REGISTERS32 = ["ebx", "ecx", "edx", "esi", "edi"]

# Calls of kind ARRAY and REG whose commands have sections of their own.
OTHER_COMMANDS = {
    "mmuext_op": ("xen.h", "MMUEXT_"),
    "console_io": ("xen.h", "CONSOLEIO_"),
}

KINDS = {
    "REG": "arguments in registers",
    "STRUCT": "a command and one structure, copied once",
    "ARRAY": "a guest buffer, read element by element",
}

DIRECTIONS = {
    "IN": "read before",
    "OUT": "written after success",
    "INOUT": "read before, written after success",
    "NONE": "no argument",
    "RAW": "variable size, read and written in place",
}

TAGS = ["arg", "before", "after", "error", "privilege", "restart",
        "compat32", "differs"]

TITLES = {"before": "Before.", "after": "After success.",
          "privilege": "Privilege.", "restart": "Restart.",
          "compat32": "32-bit guests.", "differs": "Difference from Xen."}

BANNER = ("<!-- Written by tools/gen_manual.py from hypercall-abi/. "
          "Change those, then run it. -->\n")


class Trouble(Exception):
    """A contradiction between tables and prose."""


def read(*parts):
    with open(os.path.join(*parts)) as stream:
        return stream.read()


def table_rows(name, macro):
    """The arguments of each row of an X-macro file, as lists of texts."""
    text = re.sub(r"/\*.*?\*/", "", read(ABI, name), flags=re.S)
    text = re.sub(r"^#.*$", "", text, flags=re.M)
    rows = re.findall(r"\b%s\(((?:[^()]|\([^()]*\))*)\)" % macro, text)
    return [[re.sub(r"\s+", " ", part).strip()
             for part in re.split(r",(?![^(]*\))", row)] for row in rows]


def layout(name):
    """{struct: [(field, offset, size)]} of a golden layout file."""
    result = {}
    for line in read(ABI, "layout", name).splitlines():
        if line and not line.startswith("#"):
            path, offset, size = line.split()
            tag, _, field = path.partition(".")
            result.setdefault(tag, []).append((field, int(offset), int(size)))
    return result


def constants():
    """Values of the command names and error numbers, as the headers say."""
    result = {}
    folder = os.path.join(ABI, "include", "xen")
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".h"):
            continue
        text = read(folder, name)
        for macro, value in re.findall(
                r"^#define (\w+) (\d+)\b", text, flags=re.M):
            result[macro] = int(value)
        for error, value in re.findall(
                r"^XEN_ERRNO\((\w+), (\d+)\)", text, flags=re.M):
            result["XEN_" + error] = int(value)
    return result


def test_source(name):
    """Where a test of an error row is written: see doc/README.md."""
    area, _, rest = name.partition("/")
    if area == "unit":
        return os.path.join(UNIT, rest + ".c")
    return os.path.join(CONFORMANCE, name, "main.c")


class Section:
    """Prose on a call or on some of its commands."""

    def __init__(self, names):
        self.names = names
        self.items = []         # ("text" or a tag, text), in order

    def of(self, tag):
        return [text for kind, text in self.items if kind == tag]


def parse(path):
    """The sections of a doc file; the first is about the whole call."""
    sections = [Section([])]
    tag, words = "text", []

    def flush():
        nonlocal tag, words
        text = "\n".join(words).strip()
        if text:
            sections[-1].items.append((tag, text))
        tag, words = "text", []

    for line in read(path).splitlines():
        heading = re.match(r"## (.*)", line)
        tagged = re.match(r"@(\w+) ?(.*)", line)
        if heading:
            flush()
            sections.append(Section(
                [name.strip() for name in heading.group(1).split(",")]))
        elif tagged:
            flush()
            tag = tagged.group(1)
            if tag not in TAGS:
                raise Trouble("%s: unknown @%s" % (path, tag))
            words = [tagged.group(2)]
        elif not line.strip() and tag != "text":
            flush()
        else:
            words.append(line)
    flush()
    return sections


def struct_table(c_type, wide, narrow):
    """The fields of an argument, with their places for both widths."""
    tag = c_type.split()[-1]
    if tag not in wide:
        return []
    thin = {field: (offset, size) for field, offset, size in narrow[tag]}
    lines = ["| field | 64-bit: offset, size | 32-bit: offset, size |",
             "|---|---|---|"]
    for field, offset, size in wide[tag]:
        there = thin.get(field)
        lines.append("| %s | %d, %d | %s |" % (
            "`%s`" % field if field else "(whole)", offset, size,
            "%d, %d" % there if there else "-"))
    return lines + [""]


def error_rows(section):
    """(error, cause, tests) of each row."""
    rows = []
    for text in section.of("error"):
        if text == "none":
            continue
        parts = [part.strip() for part in
                 re.sub(r"\s+", " ", text).split(" | ")]
        if len(parts) != 3:
            raise Trouble("not an error row: %s" % text)
        rows.append(parts)
    return rows


def argument_table(arguments):
    """Which register holds what."""
    lines = ["| argument | 64-bit | 32-bit | meaning |", "|---|---|---|---|"]
    for index, text in enumerate(arguments):
        name, _, meaning = re.sub(r"\s+", " ", text).partition(" ")
        if name == "-":
            lines.append("| - | - | - | %s |" % meaning)
        else:
            lines.append("| `%s` | %s | %s | %s |" % (
                name, REGISTERS64[index], REGISTERS32[index], meaning))
    return lines + [""]


def error_table(rows, known):
    if not rows:
        return ["**Errors.** None of its own.", ""]
    lines = ["**Errors,** in the order in which they are checked:", "",
             "| | error | cause | tests |", "|---|---|---|---|"]
    for number, (error, cause, tests) in enumerate(rows, 1):
        if error not in known:
            raise Trouble("no such error: " + error)
        lines.append("| %d | -%s | %s | %s |" % (number, error, cause, tests))
    return lines + [""]


def render(section, known, lines):
    """Append a section's prose to the lines of a page."""
    done = set()
    for kind, text in section.items:
        if kind == "text":
            lines += [text, ""]
        elif kind in TITLES:
            lines += ["**%s** %s" % (TITLES[kind],
                                     text[0].upper() + text[1:]), ""]
        elif kind not in done:      # all rows of a table stand at its first
            done.add(kind)
            lines += (argument_table(section.of("arg")) if kind == "arg"
                      else error_table(error_rows(section), known))


class Manual:
    """All pages, as {file name: text}."""

    def __init__(self):
        self.known = constants()
        self.wide = layout("pv64.txt")
        self.narrow = layout("pv32.txt")
        self.calls = table_rows("hypercalls.def", "HYPERCALL")
        self.absent = table_rows("hypercalls.def", "HYPERCALL_ABSENT")
        self.commands = {}
        for row in table_rows("subops.def", "SUBOP"):
            self.commands.setdefault(row[0], []).append(row)
        self.absent_commands = {}
        for family, command in table_rows("subops.def", "SUBOP_ABSENT"):
            self.absent_commands.setdefault(family, []).append(command)
        self.docs = {}
        for call in self.calls:
            path = os.path.join(ABI, "doc", call[1] + ".md")
            if not os.path.exists(path):
                raise Trouble("no prose for " + call[1])
            self.docs[call[1]] = parse(path)
        self.check_names()

    def check_names(self):
        """Every command has one section, every section a command."""
        for name in sorted(os.listdir(os.path.join(ABI, "doc"))):
            if name != "README.md" and name[:-3] not in self.docs:
                raise Trouble("prose on a call which is not offered: " + name)
        for name, sections in self.docs.items():
            offered = [row[1] for row in self.commands.get(name, [])]
            if name in OTHER_COMMANDS:
                header, prefix = OTHER_COMMANDS[name]
                offered = re.findall(
                    r"^#define (%s\w+) \d+" % prefix,
                    read(ABI, "include", "xen", header), flags=re.M)
            written = [each for section in sections for each in section.names]
            for each in written:
                if each not in offered:
                    raise Trouble("%s.md: %s is not offered" % (name, each))
                if written.count(each) > 1:
                    raise Trouble("%s.md: two sections on %s" % (name, each))
            for each in offered:
                if each not in written:
                    raise Trouble("%s.md: no section on %s" % (name, each))
            for section in sections if len(sections) == 1 else sections[1:]:
                if not section.of("after"):
                    raise Trouble("%s.md: %s: no @after" % (
                        name, ", ".join(section.names) or "the call"))
                if not section.of("error"):
                    raise Trouble("%s.md: %s: no @error" % (
                        name, ", ".join(section.names) or "the call"))

    def page(self, call):
        number, name, kind, restartable = call
        sections = self.docs[name]
        lines = [BANNER, "# %s" % name, "",
                 "| | |", "|---|---|",
                 "| number | %s |" % number,
                 "| stub in the hypercall page | offset 0x%x |"
                 % (int(number) * 32),
                 "| kind | %s: %s |" % (kind, KINDS[kind]),
                 "| restartable | %s |"
                 % ("yes" if restartable == "1" else "no"),
                 "| handler | `hc_%s` |" % name, ""]
        render(sections[0], self.known, lines)
        rows = {row[1]: row for row in self.commands.get(name, [])}
        for section in sections[1:]:
            lines += ["## " + ", ".join("%s (%d)" % (each, self.known[each])
                                        for each in section.names), ""]
            row = rows.get(section.names[0])
            if row:
                _, _, c_type, direction, _ = row
                if direction == "NONE":
                    lines += ["No argument.", ""]
                else:
                    lines += ["Argument: `%s`, %s (%s)." % (
                        c_type, direction, DIRECTIONS[direction]), ""]
                    lines += struct_table(c_type, self.wide, self.narrow)
            render(section, self.known, lines)
        missing = self.absent_commands.get(name)
        if missing:
            lines += ["## Commands that are not offered", "",
                      "They answer -XEN_ENOSYS: " + ", ".join(
                          "%s (%d)" % (each, self.known[each])
                          for each in missing) + ".", ""]
        return "\n".join(lines).rstrip() + "\n"

    def index(self):
        lines = [BANNER, "# The interface, call by call", "",
                 "Numbers, arguments, errors and what differs from Xen. "
                 "Errors stand in the order in", "which they are checked: "
                 "that order is part of the interface. A result is 0 or",
                 "more, or a negative error number. `docs/glossary.md` "
                 "explains the words.", "",
                 "| number | call | kind | restartable | commands |",
                 "|---|---|---|---|---|"]
        for number, name, kind, restartable in self.calls:
            offered = len(self.commands.get(name, []))
            missing = len(self.absent_commands.get(name, []))
            lines.append("| %s | [%s](%s.md) | %s | %s | %s |" % (
                number, name, name, kind,
                "yes" if restartable == "1" else "no",
                "%d of %d" % (offered, offered + missing)
                if offered else ""))
        lines += ["", "## Calls that are not offered", "",
                  "They answer -XEN_ENOSYS, as do numbers that were never "
                  "given out.", "", "| number | call |", "|---|---|"]
        lines += ["| %s | %s |" % (number, name)
                  for number, name in self.absent]
        differences = [(call[1], section) for call in self.calls
                       for section in self.docs[call[1]]
                       if section.of("differs")]
        lines += ["", "## Differences from Xen 4.17", ""]
        for name, section in differences:
            lines.append("- [%s](%s.md)%s: %s" % (
                name, name, "".join(", " + each for each in section.names),
                re.sub(r"\s+", " ", " ".join(section.of("differs")))))
        lines += ["", "## Structures for 32-bit guests", "",
                  "Structures that a 32-bit guest lays out differently; all "
                  "others are the same.", ""]
        lines.append(", ".join(
            "`%s`" % row[0] for row in table_rows("compat32.def",
                                                  "COMPAT_STRUCT")
            if row[1] == "DIFFERS") + ".")
        return "\n".join(lines).rstrip() + "\n"

    def pages(self):
        result = {call[1] + ".md": self.page(call) for call in self.calls}
        result["index.md"] = self.index()
        return result

    def rows(self):
        """(place, error, cause, [tests]) of every error row."""
        for name, sections in self.docs.items():
            for section in sections:
                for error, cause, tests in error_rows(section):
                    names = [] if tests == "-" else [
                        each.strip() for each in tests.split(",")]
                    yield ("%s %s" % (name, ", ".join(section.names)),
                           error, cause, names)

    def check_tests(self):
        for place, error, _, tests in self.rows():
            for test in tests:
                if not os.path.exists(test_source(test)):
                    raise Trouble("%s, %s: no test %s"
                                  % (place.strip(), error, test))


def write(pages):
    os.makedirs(MANUAL, exist_ok=True)
    for name in os.listdir(MANUAL):
        if name.endswith(".md") and name not in pages:
            os.remove(os.path.join(MANUAL, name))
    for name, text in pages.items():
        with open(os.path.join(MANUAL, name), "w") as stream:
            stream.write(text)
    print("docs/manual: %d pages" % len(pages))
    return 0


def check(pages):
    stale = 0
    present = [name for name in (os.listdir(MANUAL)
                                 if os.path.isdir(MANUAL) else [])
               if name.endswith(".md")]
    for name in sorted(set(present) | set(pages)):
        path = os.path.join(MANUAL, name)
        if name not in present or name not in pages or (
                read(path) != pages[name]):
            print("docs/manual/%s is not up to date: run tools/gen_manual.py"
                  % name)
            stale += 1
    print("%d pages, %d stale" % (len(pages), stale))
    return 1 if stale else 0


def census(manual):
    rows = list(manual.rows())
    tested = sum(1 for row in rows if row[3])
    for place, error, cause, tests in rows:
        if not tests:
            print("%-46s %-14s %s" % (place.strip(), error, cause))
    print("%d error rows, %d name a test" % (len(rows), tested))
    return 0


def main():
    parser = argparse.ArgumentParser(
        description="build docs/manual from hypercall-abi/")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true",
                      help="only say whether docs/manual is up to date")
    what.add_argument("--census", action="store_true",
                      help="list error rows that name no test")
    options = parser.parse_args()
    try:
        manual = Manual()
        manual.check_tests()
        pages = manual.pages()
    except Trouble as trouble:
        print("gen_manual: %s" % trouble)
        return 1
    if options.census:
        return census(manual)
    return check(pages) if options.check else write(pages)


if __name__ == "__main__":
    sys.exit(main())
