# SPDX-License-Identifier: MIT
"""Runs the conformance kernel and compares with what is expected.

The kernel holds every case; its command line selects.  It prints

    CASE <area>/<name> TITLE <title> [expect=crash]     for `list`
    CASE <area>/<name> BEGIN
    CASE <area>/<name> SUCCESS|SKIP|ERROR|FAILURE [reason]
    CONFORMANCE DONE <n>

A boot that ends within a case gives that case the status CRASH, and a new
boot goes on with the rest.  Cases that must crash the domain have a boot
each.  An expectation file names the cases that do not give SUCCESS on one
hypervisor, each with its reason; whatever differs from it is a failure.
"""
import fnmatch
import os
import re

from . import base, images
from .base import CRASHED, InputError, NO_END, OK, ROOT, ToolError
from .machine import DEFAULT_CPU, Machine
from .session import Session

LINE = re.compile(r"CASE ([\w.-]+/[\w.-]+) "
                  r"(BEGIN|TITLE|SUCCESS|SKIP|ERROR|FAILURE)\b ?(.*)")
DONE = re.compile(r"CONFORMANCE DONE \d+")
CMDLINE_MAX = 900           # a PV guest's command line holds 1023 bytes
SILENCE_MAX = 40            # seconds without a word: the boot hangs
BOOT_MAX = 240              # seconds for one boot
TAIL = 25                   # console lines shown of a case that went wrong
EXPECTATIONS = {"xenios": "xenios.txt", "xen": "xen-4.17.txt"}


class Case:
    """One case as the kernel announces it."""

    def __init__(self, name, title):
        self.name = name
        self.must_crash = "expect=crash" in title.split()
        self.title = title


class Result:
    """What a case gave, and the console lines it wrote."""

    def __init__(self, status, reason, lines=()):
        self.status = status
        self.reason = reason
        self.lines = list(lines)


class Boot:
    """One boot of the kernel, its lines sorted by case."""

    def __init__(self, on, preset, kernel, cpu, cmdline):
        self.machine = Machine()
        self.machine.hypervisor = on
        self.machine.cpu = cpu
        self.machine.preset = preset
        self.machine.boot = "direct"
        self.machine.d0 = kernel
        self.machine.d0_vcpus = 4
        self.machine.cmdline = cmdline
        self.cases = []
        self.results = {}
        self.current = None         # the case which has begun, not ended
        self.done = False
        self.all_lines = []
        self._lines = []

    def run(self):
        """Boot; returns how the machine ended."""
        session = Session(self.machine.prepare(), self.machine.hypervisor,
                          BOOT_MAX, show=False, on_line=self._line)
        try:
            return session.run(self._tick)
        finally:
            self.machine.clean()

    @staticmethod
    def _tick(session):
        if session.silent_for() > SILENCE_MAX:
            session.stop(NO_END, "no word for %d s" % SILENCE_MAX)

    def _line(self, line):
        self._lines.append(line)
        self.all_lines.append(line)
        if DONE.match(line):
            self.done = True
        match = LINE.match(line)
        if not match:
            return
        name, word, rest = match.groups()
        if word == "TITLE":
            self.cases.append(Case(name, rest))
        elif word == "BEGIN":
            self.current, self._lines = name, []
        else:
            self.results[name] = Result(word, rest, self._lines)
            self.current = None


class Runner:
    """Runs cases of one kernel on one hypervisor."""

    def __init__(self, on, preset, kernel, cpu):
        self.on = on
        self.preset = preset
        self.kernel = kernel
        self.cpu = cpu

    def _boot(self, cmdline):
        boot = Boot(self.on, self.preset, self.kernel, self.cpu, cmdline)
        return boot, boot.run()

    def list_cases(self):
        """All cases; asked once for each kernel."""
        memory = os.path.join(base.cache_dir("conformance"),
                              base.hash_file(self.kernel)[:32])
        if os.path.exists(memory):
            with open(memory, encoding="utf-8") as handle:
                return [Case(*line.rstrip("\n").split(" ", 1))
                        for line in handle]
        boot, final = self._boot("list")
        if not boot.cases or final.status != OK:
            raise ToolError("the conformance kernel did not list its cases "
                            "(%s); its last lines:\n%s" % (
                                final.text, "\n".join(boot.all_lines[-TAIL:])))
        text = "".join("%s %s\n" % (c.name, c.title) for c in boot.cases)
        base.write_atomically(memory, text.encode())
        return boot.cases

    def run_cases(self, cases):
        """Run these cases; returns {name: Result}."""
        results = {}
        waiting = [c.name for c in cases if not c.must_crash]
        while waiting:
            self._some(waiting, results)
            waiting = [name for name in waiting if name not in results]
        for case in cases:
            if case.must_crash:
                results[case.name] = self._must_crash(case.name)
        return results

    def _some(self, names, results):
        """Boot once with as many cases as the command line takes; at least
        one case gets a result."""
        chosen = [names[0]]
        for name in names[1:]:
            if len(",".join(chosen + [name])) > CMDLINE_MAX:
                break
            chosen.append(name)
        boot, final = self._boot("cases=" + ",".join(chosen))
        for name, result in boot.results.items():
            if name in chosen:
                results[name] = result
        broken = boot.current
        if broken is None and not (boot.done and final.status == OK):
            # Not within a case: charge the first one that did not run.
            left = [name for name in chosen if name not in results]
            broken = left[0] if left else chosen[-1]
        if broken:
            results[broken] = Result("CRASH", final.text, boot.all_lines)
        elif not any(name in results for name in chosen):
            for name in chosen:
                results[name] = Result("ERROR", "the kernel does not run it",
                                       boot.all_lines)
        for name in chosen:
            if boot.done and not broken and name not in results:
                results[name] = Result("ERROR", "the kernel left it out")

    def _must_crash(self, name):
        boot, final = self._boot("cases=" + name)
        if name in boot.results:
            result = boot.results[name]
            if result.status == "SUCCESS":
                return Result("FAILURE", "it ended but must crash the domain",
                              boot.all_lines)
            return result
        if boot.current == name and final.status == CRASHED:
            return Result("SUCCESS", "crashed as it must", boot.all_lines)
        return Result("FAILURE", "must crash the domain, but: " + final.text,
                      boot.all_lines)


def read_expectations(on, cpu=DEFAULT_CPU):
    """{case: (status, reason)} of the cases that are not SUCCESS; an entry
    case@CPU holds on this processor only."""
    path = os.path.join(ROOT, "tests", "expect", EXPECTATIONS[on])
    expected = {}
    if not os.path.exists(path):
        return expected
    with open(path, encoding="utf-8") as handle:
        for number, line in enumerate(handle, 1):
            words = line.split("#", 1)[0].split(None, 2)
            if not words:
                continue
            if len(words) < 3:
                raise ToolError("%s:%d: wants `area/name[@CPU] STATUS "
                                "reason`" % (path, number))
            name, _, only = words[0].partition("@")
            if only in ("", cpu):
                expected[name] = (words[1], words[2].strip())
    return expected


def verdict(result, expected):
    """(PASSED|FAILED|SKIPPED, text) of one result against its expectation."""
    want, why = expected or ("SUCCESS", "")
    got = result.status + (" " + result.reason if result.reason else "")
    if result.status != want:
        return "FAILED", "got %s, expected %s%s" % (
            got, want, " (%s)" % why if why else "")
    if want == "SUCCESS":
        return "PASSED", ""
    return "SKIPPED", "%s, as expected: %s" % (got, why)


def selected(cases, area):
    """The cases of an area, or of all (*); XENIOS_CASES narrows them further."""
    patterns = os.environ.get("XENIOS_CASES")
    chosen = [c for c in cases
              if fnmatch.fnmatch(c.name.split("/")[0], area)]
    if patterns:
        chosen = [c for c in chosen
                  if any(fnmatch.fnmatch(c.name, p)
                         for p in patterns.split(","))]
    return chosen


def main(on, preset, kernel, area, cpu=DEFAULT_CPU):
    """Run one area, or `*`; prints a line for each case, returns failures."""
    if on == "xen":
        images.xen_image()
    if not os.path.exists(kernel):
        raise InputError("%s is not built" % kernel)
    runner = Runner(on, preset, kernel, cpu)
    cases = selected(runner.list_cases(), area)
    expected = read_expectations(on, cpu)
    results = runner.run_cases(cases)
    failures = 0
    for case in cases:
        result = results[case.name]
        word, text = verdict(result, expected.get(case.name))
        if word == "FAILED":
            failures += 1
            print("\n".join("    | " + line for line in result.lines[-TAIL:]))
        print(("XENIOS-TEST %s %s %s" % (case.name, word, text)).rstrip(),
              flush=True)
    return failures
