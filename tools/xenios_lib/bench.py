# SPDX-License-Identifier: MIT
"""`tools/xenios bench`: what an operation costs, here and on Xen.

The same guest (tests/bench) runs on Xenios, on Xen as it is shipped, and on
Xen without its mitigations, each as the first domain of the same machine.
QEMU counts instructions, so the numbers are exact and are the same again on
any host; docs/bench.md explains the rows and the method.
"""
import fnmatch
import json
import os
import sys

from . import (base, bench_budget, bench_guest, bench_linux, bench_profile,
               bench_readme, bench_report, build, images, packages)
from .base import InputError, ToolError, say

COLUMNS = ("xenios", "xen", "xen_b")
WALL_ROUNDS = 2             # A-B-A-B
DEFAULT_CPUS = 1            # which the tests use
NOT_FOR_LINUX = ("list", "svg", "cpus", "no_wall", "accept", "readme",
                 "profile", "steps")


def add_arguments(parser):
    """The options of `bench`, and those of `bench linux`."""
    parser.add_argument("--rows", metavar="PATTERN",
                        help="only rows whose name matches, as in 'mmu/*' or "
                        "'call/null,event/*'")
    parser.add_argument("--list", action="store_true",
                        help="print the names of the rows, run nothing")
    parser.add_argument("--json", metavar="FILE",
                        help="write everything that was measured")
    parser.add_argument("--svg", metavar="FILE", help="write a bar chart")
    parser.add_argument("--cpus", metavar="N", type=int, default=DEFAULT_CPUS,
                        help="the machine's CPUs (default 1; both vCPUs of "
                        "the guest share it)")
    parser.add_argument("--on", choices=("both", "xenios"), default="both",
                        help="xenios: leave out the runs on Xen")
    parser.add_argument("--no-wall", action="store_true",
                        help="leave out the check by wall time")
    parser.add_argument("--accept", action="store_true",
                        help="make what is counted the budget that the tests "
                        "hold (tests/bench/budget.txt)")
    parser.add_argument("--readme", action="store_true",
                        help="write the table into README.md, and the chart "
                        "into docs/bench.svg")
    parser.add_argument("--profile", action="store_true",
                        help="say which functions of Xenios a row's "
                        "instructions belong to; runs on Xenios only")
    parser.add_argument("--steps", action="store_true",
                        help="as --profile, with every instruction")
    parser.add_argument("--no-install", action="store_true",
                        help="only print which packages are missing")
    kinds = parser.add_subparsers(dest="kind", metavar="linux",
                                  required=False, parser_class=type(parser))
    linux = kinds.add_parser("linux", help="Linux beside Linux",
                             description=bench_linux.__doc__,
                             allow_abbrev=False)
    bench_linux.add_arguments(linux)
    linux.set_defaults(main=main_linux)


def chosen_rows(pattern):
    """The names of the rows that the user means."""
    known = [figure.name for figure in bench_guest.figures()]
    if pattern is None:
        return known
    rows = set()
    for part in pattern.split(","):
        matching = fnmatch.filter(known, part)
        if not matching:
            raise InputError("no row matches %s; see tools/xenios bench "
                             "--list" % (part or "''"))
        rows.update(matching)
    return [name for name in known if name in rows]


def measure(options, rows):
    """Everything: {column: bench_guest.Result}, and the wall times."""
    columns = COLUMNS if options.on == "both" else COLUMNS[:1]
    found = {}
    for column in columns:
        say("counting instructions on %s" % bench_guest.NAMES[column])
        found[column] = bench_guest.run(column, rows, options.cpus)
    wall = {}
    if not options.no_wall and options.on == "both":
        for turn in range(WALL_ROUNDS):
            for column in ("xenios", "xen_b"):
                say("taking the time on %s, round %d of %d" % (
                    bench_guest.NAMES[column], turn + 1, WALL_ROUNDS))
                result = bench_guest.run(column, rows, options.cpus,
                                         icount=False)
                wall.setdefault(column, []).append(result)
    return found, wall


def refuse(options, names, reason):
    """Raise InputError if one of these options is given."""
    for name in names:
        given = getattr(options, name)
        if given is not None and given is not False and (
                name, given) != ("cpus", DEFAULT_CPUS):
            raise InputError("%s; leave out --%s" % (
                reason, name.replace("_", "-")))


def check(options):
    """Raise InputError for options that do not go together."""
    bench_guest.machine("xenios", options.cpus).check()
    if options.accept and options.cpus != DEFAULT_CPUS:
        raise InputError("--accept is for one CPU, which the tests use; "
                         "leave out --cpus %d" % options.cpus)
    if options.readme and (options.rows is not None or options.cpus != DEFAULT_CPUS or
                           options.on != "both"):
        raise InputError("--readme writes the whole table; leave out --rows, "
                         "--cpus and --on")
    if options.profile or options.steps:
        refuse(options, ("json", "svg", "accept", "readme"),
               "--profile and --steps only print")
    base.check_writable(options.json)
    base.check_writable(options.svg)


def main_linux(options):
    """`bench linux`, of which a part of the options may stand in front."""
    refuse(options, NOT_FOR_LINUX, "bench linux has no such option")
    return bench_linux.main(options)


def main(options):
    """Build, run, print, write; returns the exit status."""
    rows = chosen_rows(options.rows)
    if options.list:
        print("\n".join(rows))
        return base.OK
    check(options)
    packages.require(packages.BUILD + packages.QEMU, not options.no_install)
    build.build(bench_guest.PRESET)
    if options.profile or options.steps:
        return bench_profile.main(rows, options.cpus, options.steps)
    if options.on == "both":
        images.xen_image()
    found, wall = measure(options, rows)
    report = bench_report.Report(bench_guest.figures(), found, wall,
                                 bench_guest.floors())
    sys.stdout.write(report.text())
    if options.json:
        base.write_atomically(os.path.abspath(options.json), json.dumps(
            report.data(), indent=1).encode() + b"\n")
    if options.svg:
        base.write_atomically(os.path.abspath(options.svg),
                              report.svg().encode())
    if options.readme:
        bench_readme.write(report.text(events=False), report.svg())
    bad = [text for result in found.values() for text in result.bad]
    if bad:
        raise ToolError("some rows are void:\n" + "\n".join(bad))
    if options.accept:
        bench_budget.accept(found["xenios"])
    return base.OK
