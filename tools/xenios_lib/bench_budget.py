# SPDX-License-Identifier: MIT
"""The budget: instruction counts that were accepted, row by row.

tests/bench/budget.txt says with which compiler and QEMU they were counted.
With the same ones the tests fail when a row grows by more than 3 %; with
others a row is printed and skipped.  `tools/xenios bench --accept` writes the
file, and its change is committed like any other.
"""
import os

from . import base, bench_guest
from .base import ROOT, ToolError

PATH = os.path.join(ROOT, "tests", "bench", "budget.txt")
GROWTH_MAX = 0.03
HEAD = """\
# Instructions of each row of the bench that were accepted, and the versions
# they hold for.  tools/xenios bench --accept writes this file; see
# docs/bench.md.
"""


class Budget:
    """The file's content."""

    def __init__(self):
        self.versions = {}
        self.rows = {}

    def read(self, path=PATH):
        """From the file; an absent one is an empty budget."""
        if not os.path.exists(path):
            return self
        with open(path, encoding="utf-8") as handle:
            for number, line in enumerate(handle, 1):
                words = line.split("#", 1)[0].split(None, 1)
                if not words:
                    continue
                name, value = words[0], words[1:] and words[1].strip()
                if name in ("compiler", "qemu") and value:
                    self.versions[name] = value
                elif "/" in name and value and value.isdigit():
                    self.rows[name] = int(value)
                else:
                    raise ToolError("%s:%d: wants `row count`, `compiler "
                                    "TEXT` or `qemu TEXT`" % (path, number))
        return self

    def write(self, path=PATH):
        """To the file, in the order of the rows."""
        order = [f.name for f in bench_guest.figures()]
        text = HEAD + "".join("%s %s\n" % (key, self.versions[key])
                              for key in sorted(self.versions)) + "\n"
        text += "".join("%-24s %d\n" % (name, self.rows[name])
                        for name in order if name in self.rows)
        base.write_atomically(path, text.encode())

    def verdict(self, name, count, versions):
        """(PASSED|FAILED|SKIPPED, text) of one row's count."""
        accepted = self.rows.get(name)
        if accepted is None:
            return "FAILED", "%d, and tests/bench/budget.txt has no such " \
                "row; accept it" % count
        for key, version in versions.items():
            if self.versions.get(key) != version:
                return "SKIPPED", "%d, accepted %d, but with %s" % (
                    count, accepted, self.versions.get(key, "another " + key))
        if count > accepted * (1 + GROWTH_MAX):
            return "FAILED", "%d instructions, %d were accepted (%s)" % (
                count, accepted, ", ".join(versions.values()))
        return "PASSED", ""


def versions():
    """Of what the counts depend on besides our sources."""
    return {"compiler": bench_guest.first_line("gcc", "--version"),
            "qemu": bench_guest.qemu_version()}


def accept(result):
    """Write what was counted on Xenios into the file."""
    budget = Budget().read()
    if budget.versions != versions():
        budget.rows = {}
    budget.versions = versions()
    budget.rows.update((name, row.median) for name, row in
                       result.rows.items())
    budget.write()


def main():
    """For CTest: a line for each row, and one figure.  Returns the number of
    failures."""
    figures = bench_guest.figures()
    result = bench_guest.run("xenios", [f.name for f in figures], 1)
    budget = Budget().read()
    failures = 0
    for text in result.bad:
        print("XENIOS-TEST bench FAILED " + text)
        failures += 1
    for figure in figures:
        row = result.rows.get(figure.name)
        if row:
            word, text = budget.verdict(figure.name, row.median, versions())
        elif figure.name in result.skipped:
            word, text = "SKIPPED", result.skipped[figure.name]
        else:
            word, text = "FAILED", "the guest did not print it"
        failures += word == "FAILED"
        print("XENIOS-TEST %s %s %s" % (figure.name, word, text))
    for name in result.order:
        if name not in (f.name for f in figures):
            print("XENIOS-TEST %s FAILED not in tests/bench/figures.txt" %
                  name)
            failures += 1
    failures += not flat(result)
    print_figures(figures, result)
    return failures


def flat(result):
    """Does delivery cost the same however many ports are bound?"""
    counts = [row.median for name, row in result.rows.items()
              if name.startswith("event/upcall")]
    even = bool(counts) and max(counts) <= min(counts) * (1 + GROWTH_MAX)
    print("XENIOS-TEST event/flat %s" % (
        "PASSED" if even else "FAILED it costs %s instructions with 1 to 1000 "
        "ports bound" % counts))
    return even


def print_figures(figures, result):
    """How many limits are reached, and which are not."""
    wanted = [f for f in figures if f.limit is not None and
              f.name in result.rows]
    missed = ["%s %d (at most %d)" % (f.name, result.rows[f.name].median,
                                      f.limit)
              for f in wanted if result.rows[f.name].median > f.limit]
    print("FIGURE bench: %d of %d rows within their limit%s" % (
        len(wanted) - len(missed), len(wanted),
        "; not yet: " + ", ".join(missed) if missed else ""))
