# SPDX-License-Identifier: MIT
"""`tools/xenios bench linux`: what Linux costs its programs, on four grounds.

The same kernel and the same program (the ramdisk `bench`) run as a guest of
Xenios, as the first domain of Debian's Xen, as an ordinary domain of it, and
on QEMU's bare machine, by turns and with the same options.  docs/bench-linux.md
explains the rows.  Times are the host's: leave it in peace meanwhile.
"""
import argparse
import json
import os
import re
import statistics
import sys
import time

from . import build, fetch, images, machine as machines, packages, xendomu
from .base import (INPUT_ERROR, InputError, OK, ToolError,
                   check_writable, say, write_atomically)
from .session import Session

GROUNDS = {"xenios": "Xenios", "xen": "Xen, d0", "xen-domu": "Xen, domU",
           "bare": "bare"}
GUEST_MIB = 256
MACHINE_MIB = GUEST_MIB + xendomu.CONTROL_MIB + 128
CONSOLE = {"bare": "ttyS0 maxcpus=1 mem=%dM" % GUEST_MIB}
BOOT_MAX = 600              # seconds; a busy host is slow
ROUNDS = 3
# Which rows are to be how much of the time on the others.
AIMS = {name: {"xen": 0.7, "xen-domu": 1.0}
        for name in ("fork-exit", "fork-exec", "mmap", "page-fault")}

ROW = re.compile(r"BENCH row (\S+) batch (\d+) samples (\d+) min (\d+) "
                 r"q1 (\d+) median (\d+) q3 (\d+)")
FAILED = re.compile(r"BENCH row (\S+) FAILED (.*)")
DONE = re.compile(r"BENCH DONE (\d+) (\d+)")


def add_arguments(parser):
    """The options of `bench linux`."""
    # What the parser of `bench` has as well must not be undone here.
    parser.add_argument("--rows", metavar="NAME,...",
                        default=argparse.SUPPRESS, help="only these rows")
    parser.add_argument("--rounds", metavar="N", type=int, default=ROUNDS,
                        help="boots on each ground (default %d)" % ROUNDS)
    parser.add_argument("--on", metavar="GROUND,...",
                        default=argparse.SUPPRESS,
                        help="of: %s (default: all)" % ", ".join(GROUNDS))
    parser.add_argument("--json", metavar="FILE",
                        default=argparse.SUPPRESS, help="write all numbers")
    parser.add_argument("--icount", action="store_true",
                        help="count instructions instead of time; this says "
                        "nothing of TLB flushes")
    parser.add_argument("--no-install", action="store_true",
                        default=argparse.SUPPRESS,
                        help="only print which packages are missing")


def describe(ground, rows="", samples=None, icount=False, install=True):
    """The machine for one boot."""
    machine = machines.Machine()
    machine.hypervisor = ground
    machine.boot = "direct"
    machine.icount = icount
    machine.d0_as = "guest" if ground == "xenios" else "control"
    machine.d0_memory = GUEST_MIB
    machine.memory = MACHINE_MIB - (machine.machine_memory() - machine.memory)
    words = ["console=" + CONSOLE.get(ground, "hvc0"), "quiet"]
    if rows:
        words.append("rows=" + rows)
    if samples:
        words.append("samples=%d" % samples)
    machine.cmdline = " ".join(words)
    kernel = fetch.kernel("linux", install)
    machine.d0 = (kernel if ground == "bare"
                  else images.guest_kernel(kernel, install))
    machine.ramdisks = [fetch.ramdisk_file("bench", install)]
    return machine


class Result:
    """What one boot printed."""

    def __init__(self):
        self.rows = {}              # name -> {min, q1, median, q3} in ps
        self.failed = {}            # name -> reason
        self.done = False
        self.lines = []

    def line(self, text):
        """For Session: one line of the console."""
        self.lines.append(text)
        match = ROW.search(text)
        if match:
            numbers = map(int, match.groups()[3:])
            self.rows[match.group(1)] = dict(
                zip(("min", "q1", "median", "q3"), numbers))
        match = FAILED.search(text)
        if match:
            self.failed[match.group(1)] = match.group(2)
        match = DONE.search(text)
        if match:
            self.done = (int(match.group(1)) ==
                         len(self.rows) + len(self.failed))


def boot(machine):
    """One boot to its end; returns its Result or raises ToolError."""
    result = Result()
    try:
        final = Session(machine.prepare(), machine.hypervisor, BOOT_MAX,
                        show=False, on_line=result.line).run()
    finally:
        machine.clean()
    if final.status == INPUT_ERROR:
        raise InputError(final.text)
    if final.status != OK or not result.done:
        raise ToolError("on %s Linux did not measure to its end: %s\n%s" % (
            machine.hypervisor, final.text, "\n".join(result.lines[-20:])))
    if result.failed:
        raise ToolError("on %s: %s" % (machine.hypervisor, "; ".join(
            "row %s failed, %s" % item for item in result.failed.items())))
    return result


def measure(grounds, rounds, **options):
    """{ground: [rows of each round]}, the grounds taking turns."""
    seen = {ground: [] for ground in grounds}
    for number in range(rounds):
        for ground in grounds:
            start = time.monotonic()
            rows = boot(describe(ground, **options)).rows
            seen[ground].append(rows)
            say("round %d of %d, %s: %d rows in %.0f s" % (
                number + 1, rounds, GROUNDS[ground], len(rows),
                time.monotonic() - start))
    return seen


class Row:
    """A row's numbers from all boots."""

    def __init__(self, name, seen):
        self.name = name
        self.seen = {ground: [boot[name] for boot in boots]
                     for ground, boots in seen.items()}

    def value(self, ground, which="median"):
        """The median of all rounds, or the least of the minima."""
        values = [boot[which] for boot in self.seen[ground]]
        return min(values) if which == "min" else statistics.median(values)

    def spread(self, ground):
        """Half the distance of the quartiles, as a part of the median."""
        return statistics.median((boot["q3"] - boot["q1"]) / 2 / boot["median"]
                                 for boot in self.seen[ground])

    def ratio(self, ground):
        """Xenios to another ground: each round is a pair."""
        return statistics.median(
            ours["median"] / theirs["median"] for ours, theirs in
            zip(self.seen["xenios"], self.seen[ground]))

    def aims(self):
        """(ground, ratio, at most) for every aim of this row."""
        return [(ground, self.ratio(ground), most) for ground, most in
                AIMS.get(self.name, {}).items()
                if {ground, "xenios"} <= set(self.seen)]

    def as_json(self):
        """Every number, and the ratios."""
        made = {"name": self.name, "boots": self.seen}
        if "xenios" in self.seen:
            made["ratio"] = {ground: round(self.ratio(ground), 4)
                             for ground in self.seen if ground != "xenios"}
        return made


def rows_of(seen):
    """A Row for each, in the program's order."""
    first = next(iter(seen.values()))[0]
    return [Row(name, seen) for name in first]


def human(picoseconds, icount=False):
    """Three digits and a unit."""
    if icount:
        return "%d" % round(picoseconds / 1000)
    for size, unit in ((1e9, "ms"), (1e6, "us")):
        if picoseconds >= size:
            return "%.3g %s" % (picoseconds / size, unit) \
                if picoseconds < 100 * size else "%d %s" % (
                    round(picoseconds / size), unit)
    return "%.3g ns" % (picoseconds / 1e3)


def table(rows, icount=False):
    """The lines to print."""
    grounds = list(rows[0].seen)
    others = [g for g in grounds if g != "xenios" and "xenios" in grounds]
    head = "%-17s" % "row" + "".join("%14s" % GROUNDS[g] for g in grounds)
    yield head + "".join("%11s" % ("/ " + GROUNDS[g]) for g in others)
    for row in rows:
        line = "%-17s" % row.name
        for ground in grounds:
            line += "%9s %s" % (human(row.value(ground), icount),
                                ("\u00b1%d%%" % round(
                                    100 * row.spread(ground))).ljust(4))
        yield line + "".join("%11.2f" % row.ratio(g) for g in others)


def chosen_rows(text):
    """The rows that --rows names, as the program wants them."""
    if text is None:
        return ""
    with open(fetch.ramdisk.BENCH, encoding="ascii") as handle:
        known = re.findall(r'\{ "([\w-]+)", \w+, \w+, \w+ \}', handle.read())
    for name in text.split(","):
        if name not in known:
            raise InputError("--rows %s makes no sense; give some of %s" % (
                text, ",".join(known)))
    return text


def chosen_grounds(text):
    """The grounds that --on names; `both` is what `bench` says for all."""
    names = list(GROUNDS) if text == "both" else text.split(",")
    for name in names:
        if name not in GROUNDS:
            raise InputError("--on %s makes no sense; give some of %s" % (
                name, ",".join(GROUNDS)))
    return list(dict.fromkeys(names))


def write_json(path, rows, options):
    """All numbers, for other programs."""
    data = {"version": 1, "unit": "ps", "icount": options.icount,
            "machine": "qemu64, 2 CPUs, %d MiB; guest: 1 vCPU, %d MiB" % (
                MACHINE_MIB, GUEST_MIB),
            "rounds": options.rounds, "rows": [r.as_json() for r in rows]}
    write_atomically(os.path.abspath(path),
                     json.dumps(data, indent=1).encode() + b"\n")


def main(options):
    """Measure and print; returns the exit status."""
    grounds = chosen_grounds(options.on)
    names = chosen_rows(options.rows)
    check_writable(options.json)
    if not 1 <= options.rounds <= 100:
        raise InputError("--rounds %d makes no sense; give 1 to 100" %
                         options.rounds)
    install = not options.no_install
    packages.require(packages.BUILD + packages.QEMU, install)
    build.build(machines.Machine().preset)
    rows = rows_of(measure(grounds, options.rounds, rows=names,
                           icount=options.icount, install=install))
    for line in table(rows, options.icount):
        print(line)
    for row in rows:
        for ground, ratio, most in row.aims():
            print("%s: %.2f of %s, aim %.2f%s" % (
                row.name, ratio, GROUNDS[ground], most,
                "" if ratio <= most else ": missed"))
    sys.stdout.flush()
    if options.json:
        write_json(options.json, rows, options)
    return OK
