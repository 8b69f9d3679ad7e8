# SPDX-License-Identifier: MIT
"""`tools/xenios test`: everything, through CTest.

Each preset is built and its CTest tests are run.  A test may stand for many
cases: it then prints a line `XENIOS-TEST <name> PASSED|FAILED|SKIPPED
[reason]` for each; the totals of Check and of Python's unittest are
understood too.  A line `FIGURE <text>` is a measurement, repeated before the
end.  The last line counts cases, not programs.
"""
import fnmatch
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

from . import build, packages
from .base import InputError, ROOT, ToolError

QUICK = ("host", "target-release")
FULL = ("host", "host-asan", "host-tsan", "target-release", "target-debug",
        "target-clang")
OUTPUT_MAX = "1000000"

CASE = re.compile(r"^XENIOS-TEST (\S+) (PASSED|FAILED|SKIPPED) ?(.*)$", re.M)
FIGURE = re.compile(r"^FIGURE (.*)$", re.M)
CHECK = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)",
                   re.M)
UNITTEST = re.compile(r"^Ran (\d+) tests? in .*\n\n"
                      r"(?:OK|FAILED)(?: \((.*)\))?$", re.M)


def add_arguments(parser):
    """The options of `test`."""
    parser.add_argument("--list", action="store_true",
                        help="print the names of the tests, run nothing")
    parser.add_argument("--only", metavar="PATTERN",
                        help="only tests whose name contains PATTERN, or "
                        "matches it if it holds * or ?")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true",
                        help="less than a minute: release images and the "
                        "plain host build")
    length.add_argument("--long", action="store_true",
                        help="the exhaustive and random tests as well")
    parser.add_argument("--no-install", action="store_true",
                        help="only print which packages are missing")


class Tally:
    """Counts of cases, and a line for each that did not pass."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.remarks = []
        self.figures = []

    def add(self, name, word, reason=""):
        """One case."""
        if word == "PASSED":
            self.passed += 1
            return
        if word == "FAILED":
            self.failed += 1
        else:
            self.skipped += 1
        self.remarks.append((word, name, reason))

    def add_many(self, name, run, failed, skipped):
        """A program that reports only its totals."""
        self.passed += run - failed - skipped
        self.failed += failed
        self.skipped += skipped
        if failed:
            self.remarks.append(("FAILED", name, "%d of %d" % (failed, run)))
        if skipped:
            self.remarks.append(("SKIPPED", name, "%d of %d, reasons above" %
                                 (skipped, run)))

    def last_line(self):
        """What the command ends with, exactly."""
        return "%d passed, %d failed, %d skipped" % (
            self.passed, self.failed, self.skipped)


def ctest(preset, *arguments, **options):
    """Run ctest in a preset's directory."""
    return subprocess.run(
        ["ctest", "--test-dir", build.directory(preset), *arguments],
        stdin=subprocess.DEVNULL, check=False, **options)


def labels(test):
    """The CTest labels of a test."""
    for prop in test.get("properties", ()):
        if prop["name"] == "LABELS":
            return prop["value"]
    return []


def known_tests(preset, options):
    """Names of the preset's tests for this length of run."""
    done = ctest(preset, "--show-only=json-v1", stdout=subprocess.PIPE)
    leave_out = set()
    if not options.long:
        leave_out.add("long")
    if options.quick:
        leave_out.add("slow")
    return [test["name"] for test in json.loads(done.stdout)["tests"]
            if not leave_out.intersection(labels(test))]


def cases_of(name):
    """The conformance cases behind a CTest test, by their folders."""
    match = re.fullmatch(r"conformance\.\w+\.(\w+)", name)
    if not match:
        return []
    area = os.path.join(ROOT, "tests", "conformance", match.group(1))
    return ["%s/%s" % (match.group(1), case) for case in sorted(
        os.listdir(area)) if os.path.exists(os.path.join(area, case,
                                                         "main.c"))]


def matches(pattern, name):
    """Does --only PATTERN mean this name?"""
    if pattern is None:
        return True
    if any(c in pattern for c in "*?["):
        return (fnmatch.fnmatch(name, pattern) or
                any(fnmatch.fnmatch(part, pattern)
                    for part in (name.split("/", 1)[-1],)))
    return pattern in name


def choose(preset, options):
    """{CTest name: cases to run, or None for all} of one preset."""
    chosen = {}
    for name in known_tests(preset, options):
        if matches(options.only, preset + "/" + name):
            chosen[name] = None
            continue
        cases = [c for c in cases_of(name)
                 if matches(options.only, c)]
        if cases:
            chosen[name] = cases
    return chosen


def print_list(presets, options):
    """--list: one line for each case."""
    for preset in presets:
        build.refresh(preset)
        for name, cases in choose(preset, options).items():
            below = cases_of(name) if cases is None else cases
            for case in below or [None]:
                print("%s/%s%s" % (preset, name, " " + case if case else ""))


def count(preset, test, tally):
    """Add one <testcase> of CTest's report to the tally."""
    name = preset + "/" + test.get("name")
    output = test.findtext("system-out") or ""
    failed = test.get("status") == "fail"
    tally.figures += FIGURE.findall(output)
    cases = CASE.findall(output)
    check = CHECK.findall(output)
    unit = UNITTEST.findall(output)
    before = tally.failed
    if cases:
        for case, word, reason in cases:
            tally.add(name + " " + case, word, reason)
    elif check:
        for run, failures, errors in check:
            tally.add_many(name, int(run), int(failures) + int(errors), 0)
    elif unit:
        for run, words in unit:
            numbers = dict(re.findall(r"(\w+)=(\d+)", words))
            tally.add_many(name, int(run),
                           int(numbers.get("failures", 0)) +
                           int(numbers.get("errors", 0)),
                           int(numbers.get("skipped", 0)))
    elif test.get("status") == "notrun":
        lines = output.strip().splitlines()
        tally.add(name, "SKIPPED", lines[-1] if lines else "did not run")
    elif not failed:
        tally.add(name, "PASSED")
    if failed and tally.failed == before:
        reason = test.find("failure")
        text = reason.get("message") if reason is not None else ""
        tally.add(name, "FAILED", text or "see its output above")


def run_preset(preset, chosen, tally):
    """Run the chosen tests of a preset that is built."""
    report = build.artifact(preset, "report.xml")
    if os.path.exists(report):
        os.unlink(report)
    environment = dict(os.environ, CTEST_OUTPUT_ON_FAILURE="1")
    some = sorted({c for cases in chosen.values() if cases for c in cases})
    if some and None not in chosen.values():
        environment["XENIOS_CASES"] = ",".join(some)
    pattern = "^(%s)$" % "|".join(re.escape(n) for n in chosen)
    ctest(preset, "-j", str(os.cpu_count() or 1), "--output-junit", report,
          "--test-output-size-passed", OUTPUT_MAX,
          "--test-output-size-failed", OUTPUT_MAX, "-R", pattern,
          env=environment)
    try:
        tests = ElementTree.parse(report).getroot().iter("testcase")
    except (OSError, ElementTree.ParseError) as error:
        tally.add(preset + "/ctest", "FAILED", "no report: %s" % error)
        return
    for test in tests:
        count(preset, test, tally)


def main(options):
    """Build and run; returns the exit status."""
    packages.require(packages.TEST, not options.no_install)
    presets = QUICK if options.quick else FULL
    if options.list:
        print_list(presets, options)
        return 0
    tally = Tally()
    anything = False
    for preset in presets:
        if options.only:
            build.refresh(preset)
            if not choose(preset, options):
                continue
        anything = True
        print("== %s" % preset, flush=True)
        try:
            build.build(preset)
        except ToolError as error:
            print(error, flush=True)
            tally.add("build/" + preset, "FAILED", "does not build")
            continue
        tally.add("build/" + preset, "PASSED")
        chosen = choose(preset, options)
        if chosen:
            run_preset(preset, chosen, tally)
    if not anything:
        raise InputError("no test matches %s; see tools/xenios test --list" %
                         options.only)
    sys.stdout.flush()
    for figure in tally.figures:
        print("FIGURE " + figure)
    for word, name, reason in tally.remarks:
        print("%s %s%s" % (word, name, ": " + reason if reason else ""))
    print(tally.last_line(), flush=True)
    return 1 if tally.failed else 0
