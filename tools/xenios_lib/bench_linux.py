# SPDX-License-Identifier: MIT
"""`tools/xenios bench linux`: what Linux costs its programs, on four grounds.

The same kernel and the same program (the ramdisk `bench`) run as a guest of
Xenios, as the first domain of Debian's Xen, as an ordinary domain of it, and
on QEMU's bare machine, side by side and with the same options.  They take
turns, and what was measured in the same turn makes a ratio.
docs/bench-linux.md explains the rows.
"""
import argparse
import json
import math
import os
import re
import statistics
import sys
import time

from . import (bench_turns, build, fetch, images, machine as machines,
               packages, xendomu)
from .base import InputError, OK, check_writable, say, write_atomically

GROUNDS = {"xenios": "Xenios", "xen": "Xen, d0", "xen-domu": "Xen, domU",
           "bare": "bare"}
GUEST_MIB = 256
MACHINE_MIB = GUEST_MIB + xendomu.CONTROL_MIB + 128
CONSOLE = {"bare": "ttyS0 maxcpus=1 mem=%dM" % GUEST_MIB}
ROUNDS = 2
TURNS = 200                 # of a row with an aim in a round,
LESS = 3                    # and so many times fewer of the others
SAMPLES = 1                 # of each turn: more turns tell more
# Which rows are to be how much of the time on the others.
AIMS = {name: {"xen": 0.7, "xen-domu": 1.0}
        for name in ("fork-exit", "fork-exec", "mmap", "page-fault")}


def add_arguments(parser):
    """The options of `bench linux`."""
    # What the parser of `bench` has as well must not be undone here.
    parser.add_argument("--rows", metavar="NAME,...",
                        default=argparse.SUPPRESS, help="only these rows")
    parser.add_argument("--rounds", metavar="N", type=int, default=ROUNDS,
                        help="boots on each ground (default %d)" % ROUNDS)
    parser.add_argument("--turns", metavar="N", type=int, default=TURNS,
                        help="turns in a round of each row that has an aim "
                        "(default %d); the others take a third" % TURNS)
    parser.add_argument("--on", metavar="GROUND,...",
                        default=argparse.SUPPRESS,
                        help="of: %s (default: all)" % ", ".join(GROUNDS))
    parser.add_argument("--json", metavar="FILE",
                        default=argparse.SUPPRESS, help="write all numbers")
    parser.add_argument("--icount", action="store_true",
                        help="count instructions instead of time, without "
                        "turns; this says nothing of TLB flushes")
    parser.add_argument("--no-install", action="store_true",
                        default=argparse.SUPPRESS,
                        help="only print which packages are missing")


def describe(ground, rows="", samples=None, icount=False, install=True,
             turns=False):
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
    if turns:
        words.append("turns=yes")
    machine.cmdline = " ".join(words)
    kernel = fetch.kernel("linux", install)
    machine.d0 = (kernel if ground == "bare"
                  else images.guest_kernel(kernel, install))
    machine.ramdisks = [fetch.ramdisk_file("bench", install)]
    return machine


def turns_of(row, turns):
    """How many it takes, if a row with an aim takes `turns`."""
    return turns if row in AIMS else max(1, turns // LESS)


def measure(grounds, rounds, turns=TURNS, icount=False, **options):
    """{ground: [{row: [samples of each turn]} of each round]}"""
    seen = {ground: [] for ground in grounds}
    for number in range(rounds):
        start = time.monotonic()
        if icount:
            made = {ground: bench_turns.boot(describe(
                ground, icount=True, **options)).took for ground in grounds}
        else:
            made = bench_turns.play({ground: describe(
                ground, samples=SAMPLES, turns=True, **options)
                                     for ground in grounds},
                                    lambda row: turns_of(row, turns))
        for ground, rows in made.items():
            seen[ground].append(rows)
        say("round %d of %d: %.0f s" % (number + 1, rounds,
                                        time.monotonic() - start))
    return seen


def quartiles(values):
    """The first, the median and the third."""
    if len(values) == 1:
        return values * 3
    return statistics.quantiles(values, method="inclusive")


def believable(values):
    """Between which two of the values their true median lies, in 19 of 20
    cases, whatever their distribution."""
    ordered, middle = sorted(values), (len(values) - 1) / 2
    reach = math.sqrt(len(values))
    return (ordered[max(0, math.floor(middle - reach))],
            ordered[min(len(values) - 1, math.ceil(middle + reach))])


class Row:
    """A row's numbers from all boots."""

    def __init__(self, name, seen):
        self.name = name
        self.seen = {ground: [boot[name] for boot in boots]
                     for ground, boots in seen.items()}

    def turns(self, ground):
        """What each turn says, of all rounds."""
        return [statistics.median(samples) for boot in self.seen[ground]
                for samples in boot]

    def value(self, ground):
        """Picoseconds an operation."""
        return statistics.median(self.turns(ground))

    def ratios(self, ground):
        """Xenios to another ground: each turn is a pair."""
        return [ours / theirs for ours, theirs in
                zip(self.turns("xenios"), self.turns(ground))]

    def ratio(self, ground):
        """Their median."""
        return statistics.median(self.ratios(ground))

    def doubt(self, ground):
        """How far the ratio may be wrong, as a part of it."""
        low, high = believable(self.ratios(ground))
        return (high - low) / 2 / self.ratio(ground)

    def aims(self):
        """(ground, ratio, at most) for every aim of this row."""
        return [(ground, self.ratio(ground), most) for ground, most in
                AIMS.get(self.name, {}).items()
                if {ground, "xenios"} <= set(self.seen)]

    def as_json(self):
        """Every number, and the ratios."""
        made = {"name": self.name, "took": self.seen}
        if "xenios" in self.seen:
            made["ratio"] = {ground: self._ratio_as_json(ground)
                             for ground in self.seen if ground != "xenios"}
        return made

    def _ratio_as_json(self, ground):
        ratios = self.ratios(ground)
        numbers = quartiles(ratios) + list(believable(ratios))
        return dict(zip(("q1", "median", "q3", "low", "high"),
                        (round(number, 4) for number in numbers)))


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
    head = "%-17s" % "row" + "".join("%10s" % GROUNDS[g] for g in grounds)
    yield head + "".join(("/ " + GROUNDS[g]).rjust(13) for g in others)
    for row in rows:
        line = "%-17s" % row.name
        for ground in grounds:
            line += "%10s" % human(row.value(ground), icount)
        for ground in others:
            line += "%8.2f %s" % (row.ratio(ground), ("\u00b1%d%%" % round(
                100 * row.doubt(ground))).ljust(4))
        yield line.rstrip()


def chosen_rows(text):
    """The rows that --rows names, as the program wants them."""
    if text is None:
        return ""
    with open(fetch.ramdisk.BENCH, encoding="ascii") as handle:
        known = re.findall(r'\{ "([\w-]+)", \w+, \w+, \w+, \d+ \}',
                           handle.read())
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
    data = {"version": 2, "unit": "ps", "icount": options.icount,
            "machine": "qemu64, 2 CPUs, %d MiB; guest: 1 vCPU, %d MiB" % (
                MACHINE_MIB, GUEST_MIB),
            "rounds": options.rounds, "turns": options.turns,
            "rows": [r.as_json() for r in rows]}
    write_atomically(os.path.abspath(path),
                     json.dumps(data, indent=1).encode() + b"\n")


def main(options):
    """Measure and print; returns the exit status."""
    grounds = chosen_grounds(options.on)
    names = chosen_rows(options.rows)
    check_writable(options.json)
    for name in ("rounds", "turns"):
        if not 1 <= getattr(options, name) <= 1000:
            raise InputError("--%s %d makes no sense; give 1 to 1000" % (
                name, getattr(options, name)))
    install = not options.no_install
    packages.require(packages.BUILD + packages.QEMU, install)
    build.build(machines.Machine().preset)
    rows = rows_of(measure(grounds, options.rounds, options.turns,
                           options.icount, rows=names, install=install))
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
