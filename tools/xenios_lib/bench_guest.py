# SPDX-License-Identifier: MIT
"""Runs the bench guest on one hypervisor, or the floor's own kernel, and
reads what they print.

    ROW <name> <least> <median> <9th decile> <most> <title>
    BAD <name> <what did not hold>        SKIP <name> <why>
    BENCH DONE <n>              FLOOR <name> <instructions>

A plugin of QEMU, built here, counts the dear events of each row; it writes
one line a row, in the guest's order, the first for the empty pair of RDTSC.
"""
import os
import re
import subprocess
import tempfile

from . import base, build
from .base import NO_END, OK, ROOT, ToolError
from .machine import DEFAULT_QEMU, Machine
from .session import Session

PRESET = "target-release"
NAMES = {"xenios": "Xenios", "xen": "Xen", "xen_b": "Xen without mitigations"}
FASTEST_XEN = "spec-ctrl=no xpti=no pv-l1tf=no"
FIGURES = os.path.join(ROOT, "tests", "bench", "figures.txt")
PLUGIN = os.path.join(ROOT, "tests", "bench", "events.c")
CMDLINE_MAX = 900
SILENCE_MAX = 60
RUN_MAX = 400
FLOOR_MAX = 60

ROW = re.compile(r"ROW (\S+) (\d+) (\d+) (\d+) (\d+) (.*)")
TROUBLE = re.compile(r"(BAD|SKIP) (\S+) (.*)")
FLOOR = re.compile(r"(?m)^FLOOR (\S+/\S+) (\d+)\r?$")
DONE = re.compile(r"BENCH DONE \d+")


class Figure:
    """One line of figures.txt: the row's limit and floor, either or none."""

    def __init__(self, name, limit, floor):
        self.name = name
        self.ratio = float(limit[1:]) if limit.startswith("x") else None
        self.limit = (None if limit == "-" or self.ratio is not None
                      else int(limit))
        self.measured = floor == "M"    # by floor.asm
        self.floor = None if floor in ("-", "M") else int(floor.rstrip("E"))


def figures():
    """All rows, in the guest's order."""
    found = []
    with open(FIGURES, encoding="ascii") as handle:
        for line in handle:
            words = line.split("#", 1)[0].split()
            if words:
                found.append(Figure(*words))
    return found


class Row:
    """What one row gave."""

    def __init__(self, match):
        self.name, numbers, self.title = (match.group(1), match.groups()[1:5],
                                          match.group(6))
        self.least, self.median, self.decile, self.most = map(int, numbers)
        self.events = None      # {event: count} of the median sample


class Result:
    """One run: rows by name, skipped ones by name, void ones as text."""

    def __init__(self):
        self.rows = {}
        self.skipped = {}
        self.bad = []
        self.order = []
        self.done = False
        self.last_lines = []

    def line(self, text):
        """One line of the console."""
        self.last_lines = self.last_lines[-20:] + [text]
        row, trouble = ROW.match(text), TROUBLE.match(text)
        if row:
            self.rows[row.group(1)] = Row(row)
            self.order.append(row.group(1))
        elif trouble:
            self.order.append(trouble.group(2))
            if trouble.group(1) == "BAD":
                self.bad.append("%s: %s" % trouble.groups()[1:])
            else:
                self.skipped[trouble.group(2)] = trouble.group(3)
        elif DONE.match(text):
            self.done = True

    def add_events(self, path):
        """The plugin's lines; the first is the empty pair."""
        with open(path, encoding="ascii") as handle:
            lines = [dict((key, int(value)) for key, value in
                          (word.split("=") for word in line.split()))
                     for line in handle]
        pair = lines[0] if lines else {}
        for name, events in zip(self.order, lines[1:]):
            if name in self.rows and "all" in events:
                self.rows[name].events = {
                    key: max(0, value - pair.get(key, 0))
                    for key, value in events.items() if key != "samples"}


def machine(column, cpus):
    """The machine of a column; all differ in the hypervisor only."""
    found = Machine()
    found.hypervisor = "xenios" if column == "xenios" else "xen"
    found.boot = "direct"
    found.preset = PRESET
    found.d0 = build.artifact(PRESET, "tests", "bench", "bench.elf")
    found.d0_vcpus = 2
    found.cpus = cpus
    if column == "xen_b":
        found.hv_cmdline = FASTEST_XEN
    return found


def plugin():
    """The path of the plugin, built for this host on first use."""
    path = os.path.join(base.cache_dir("bench"),
                        base.hash_file(PLUGIN)[:32] + ".so")
    if not os.path.exists(path):
        made = path + ".%d" % os.getpid()
        done = subprocess.run(
            ["gcc", "-shared", "-fPIC", "-O2", "-fvisibility=hidden", "-o",
             made, PLUGIN], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, check=False)
        if done.returncode != 0:
            raise ToolError("building %s failed:\n%s" % (PLUGIN, done.stderr))
        os.replace(made, path)
    return path


def plugins_work():
    """Interface 1 of plugins came with QEMU 4.2 and changed with 9."""
    match = re.search(r"version (\d+)\.", qemu_version())
    return match is not None and 5 <= int(match.group(1)) <= 8


def first_line(*command):
    """What a program says of itself."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, check=False)
    except OSError as error:
        raise ToolError("cannot run %s (%s)" % (
            command[0], error.strerror.lower())) from None
    return done.stdout.partition("\n")[0].strip()


def qemu_version():
    """QEMU's first line about itself."""
    return first_line(DEFAULT_QEMU, "--version")


def run(column, rows, cpus, icount=True, path=None):
    """Boot, with these rows or (too many to name) all; returns a Result.
    path: a file for the instructions of each row's last sample."""
    found = machine(column, cpus)
    names = ",".join(rows)
    everything = len(names) > CMDLINE_MAX
    found.cmdline = "" if everything else "rows=" + names
    found.icount = icount
    result = Result()
    with tempfile.TemporaryDirectory(prefix="xenios-") as directory:
        command = found.prepare()
        counted = os.path.join(directory, "events")
        if icount and plugins_work():
            command += ["-plugin", "%s,out=%s" % (plugin(), counted) +
                        (",path=" + path if path else "")]
        session = Session(command, found.hypervisor, RUN_MAX, show=False,
                          on_line=result.line)
        try:
            final = session.run(_watch)
        finally:
            found.clean()
        if os.path.exists(counted):
            result.add_events(counted)
    if not result.done or final.status != OK:
        raise ToolError("the bench did not end on %s (%s); its last lines:\n"
                        "%s" % (NAMES[column], final.text,
                                "\n".join(result.last_lines)))
    if everything:
        result.rows = {name: row for name, row in result.rows.items()
                       if name in rows}
    return result


def floors():
    """{row: instructions} that the hardware's path needs at least."""
    command = [DEFAULT_QEMU, "-machine", "pc,accel=tcg", "-cpu", "qemu64",
               "-m", "64", "-display", "none", "-monitor", "none", "-nic",
               "none", "-serial", "stdio", "-no-reboot", "-icount",
               "shift=0,sleep=off", "-kernel",
               build.artifact(PRESET, "tests", "bench", "floor.bin")]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=FLOOR_MAX, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError("the floor was not measured: %s" % error) from None
    found = {name: int(count) for name, count in FLOOR.findall(done.stdout)}
    if "FLOOR DONE" not in done.stdout:
        raise ToolError("the floor was not measured: QEMU said %s" %
                        (done.stderr.strip() or "nothing"))
    return found


def _watch(session):
    if session.silent_for() > SILENCE_MAX:
        session.stop(NO_END, "no word for %d s" % SILENCE_MAX)
