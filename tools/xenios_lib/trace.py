# SPDX-License-Identifier: MIT
"""`tools/xenios trace`: run a machine and write down what happens in it.

Every option of `run` works here too.  The trace is a text, or a file for
Xen's xenalyze (--format xen), or one for https://ui.perfetto.dev and
chrome://tracing (--format chrome).
"""
import contextlib
import heapq
import json
import tempfile

from . import packages, run
from .base import INPUT_ERROR, InputError, say
from .session import Session
from .trace_events import IDLE, Table, records, vcpu_name, window
from .trace_rings import MIB, Rings

NAMES = {"text": "xenios-trace.txt", "chrome": "xenios-trace.json",
         "xen": "xenios-trace.xen"}
RING_KIB = 4096
CPUS_PID, DOMAIN_PID = 1, 100   # Chrome's "processes"


def add_arguments(parser):
    """The options of `trace`: those of `run`, and some."""
    run.add_arguments(parser)
    parser.add_argument("--events", metavar="PATTERN", action="append",
                        help="only events with such names, as page-* or "
                        "hypercall,upcall; repeatable (default: all; an "
                        "unknown one lists them)")
    parser.add_argument("--format", choices=sorted(NAMES), default="text",
                        help="what to write (default text)")
    parser.add_argument("--out", metavar="FILE",
                        help="where to (default xenios-trace.txt, .json or "
                        ".xen)")
    parser.add_argument("--limit", metavar="MIB", type=int, default=1024,
                        help="stop after so much of it (default 1024)")


class Follower:
    """Which vcpu runs on each CPU, from the records seen so far."""

    def __init__(self, table):
        self._table = table
        self._runs = {}

    def see(self, record, event):
        """Take one record; returns the vcpu it belongs to."""
        if event.name == "runstate":
            word, old, new = self._table.arguments(record, event)
            vcpu = (word >> 16, word & 0xffff)
            if new == 0:
                self._runs[record.cpu] = vcpu
            elif old == 0 and self._runs.get(record.cpu) == vcpu:
                self._runs.pop(record.cpu)
            return vcpu
        return self._runs.get(record.cpu, (IDLE, record.cpu))


class TextWriter:
    """A line an event: time, CPU, vcpu, name, words."""

    def __init__(self, out, table):
        self._out = out
        self._table = table

    def event(self, seconds, record, event, vcpu):
        """One event."""
        self._out.write("%14.9f cpu%-2d %-6s %-14s %s\n" % (
            seconds, record.cpu, vcpu_name(*vcpu), event.name,
            self._table.describe(record, event)))

    def close(self, seconds):
        """Nothing stands behind the last line."""


class ChromeWriter:
    """Trace-event JSON: a track for each CPU, one for each vcpu."""

    def __init__(self, out, table):
        self._out = out
        self._table = table
        self._running = {}          # cpu: (vcpu, since)
        self._calls = {}            # cpu: (vcpu, since, text)
        self._tracks = set()
        self._between = "["

    def _put(self, **fields):
        self._out.write(self._between + json.dumps(fields))
        self._between = ",\n"

    def _track(self, pid, tid, process, thread):
        """Where to draw; names the track the first time."""
        if (pid, tid) not in self._tracks:
            self._tracks.add((pid, tid))
            self._put(ph="M", pid=pid, name="process_name",
                      args={"name": process})
            self._put(ph="M", pid=pid, tid=tid, name="thread_name",
                      args={"name": thread})
        return {"pid": pid, "tid": tid}

    def _cpu(self, cpu):
        return self._track(CPUS_PID, cpu, "CPUs", "cpu %d" % cpu)

    def _vcpu(self, vcpu):
        domid, number = vcpu
        if domid == IDLE:
            return self._cpu(number)
        return self._track(DOMAIN_PID + domid, number, "d%d" % domid,
                           "v%d" % number)

    def _slice(self, where, name, since, until):
        self._put(ph="X", name=name, ts=since * 1e6,
                  dur=(until - since) * 1e6, **where)

    def _stop(self, cpu, seconds):
        """What ran on this CPU runs no more."""
        vcpu, since = self._running.pop(cpu, (None, 0))
        if vcpu and vcpu[0] != IDLE:
            self._slice(self._cpu(cpu), vcpu_name(*vcpu), since, seconds)
            self._slice(self._vcpu(vcpu), "on cpu %d" % cpu, since, seconds)

    def event(self, seconds, record, event, vcpu):
        """One event."""
        cpu = record.cpu
        if event.name == "runstate":
            if self._table.arguments(record, event)[2] == 0:
                self._stop(cpu, seconds)
                self._running[cpu] = (vcpu, seconds)
            elif self._running.get(cpu, (None,))[0] == vcpu:
                self._stop(cpu, seconds)
        elif event.name == "hypercall":
            self._calls[cpu] = (vcpu, seconds,
                                self._table.describe(record, event))
        elif event.name == "hypercall-done" and cpu in self._calls:
            caller, since, text = self._calls.pop(cpu)
            self._slice(self._vcpu(caller), text, since, seconds)
        else:
            self._put(ph="i", s="t", name=event.name, ts=seconds * 1e6,
                      args={"what": self._table.describe(record, event)},
                      **self._vcpu(vcpu))

    def close(self, seconds):
        """End what is still open, and the list."""
        for cpu in list(self._running):
            self._stop(cpu, seconds)
        self._out.write("\n]\n" if self._between != "[" else "[]\n")


class XenWriter:
    """Xen's own format, in the order of time."""

    def __init__(self, out, table):
        self._out = out
        self._table = table

    def event(self, _seconds, record, _event, _vcpu):
        """One event, in a window of its own."""
        data = record.packed()
        self._out.write(window(self._table.constants, record.cpu, len(data)))
        self._out.write(data)

    def close(self, seconds):
        """Nothing stands behind the last record."""


WRITERS = {"text": TextWriter, "chrome": ChromeWriter, "xen": XenWriter}


def _one_cpu(raw, rings, cpu):
    """This CPU's records, read as they are asked for."""
    for number, offset, size in rings.windows:
        if number == cpu:
            raw.seek(offset)
            yield from records(cpu, raw.read(size))


def chosen_events(table, patterns, kind):
    """The names of the events to write."""
    chosen = table.choose(patterns)
    if kind == "chrome" and "hypercall" in chosen:
        chosen.add("hypercall-done")    # a call is drawn when it ends
    return chosen


class Summary:
    """How much there was."""

    def __init__(self):
        self.written = self.lost = 0
        self.cpus = set()
        self.first = self.last = None


def convert(raw, rings, table, chosen, writer):
    """Everything in `raw` through the writer, in the order of time."""
    found, follower = Summary(), Follower(table)
    cpus = sorted({cpu for cpu, _, _ in rings.windows})
    for record in heapq.merge(*(_one_cpu(raw, rings, cpu) for cpu in cpus),
                              key=lambda r: r.tsc):
        event = table.find(record.number)
        if event is None:
            continue
        vcpu = follower.see(record, event)
        if found.first is None:
            found.first = record.tsc
        found.last = record.tsc
        if event.name == "lost":
            found.lost += table.arguments(record, event)[0]
        if event.name in chosen:
            found.written += 1
            found.cpus.add(record.cpu)
            writer.event((record.tsc - found.first) / rings.tsc_hz, record,
                         event, vcpu)
    writer.close(0 if found.first is None else
                 (found.last - found.first) / rings.tsc_hz)
    return found


def _open(path, kind):
    """The file to write, before the machine starts."""
    try:
        if kind == "xen":
            return open(path, "wb")
        return open(path, "w", encoding="utf-8")
    except OSError as error:
        raise InputError("cannot write the trace %s (%s); give another "
                         "--out" % (path, error.strerror.lower())) from None


def _check(options):
    """Complain of what `run` would take."""
    if options.on != "xenios":
        raise InputError("trace knows Xenios only; leave out --on %s (Xen "
                         "traces itself with xentrace)" % options.on)
    if options.limit < 1:
        raise InputError("--limit %d makes no sense; give MiB from 1 up" %
                         options.limit)


def _ring_kib(machine):
    """As large as they may be without hurting a small machine."""
    return max(64, min(RING_KIB, machine.memory * 1024 // 64 // machine.cpus))


def _report(found, rings, path, options):
    what = "%d events of %d CPUs%s" % (
        found.written, len(found.cpus),
        ", %d lost" % found.lost if found.lost else "")
    if rings.is_full:
        what += ", cut at %d MiB (--limit)" % options.limit
    say("trace: %s, in %s" % (what, path))
    if options.format == "xen":
        say("read it with: xenalyze --cpu-hz %d --dump-all %s" %
            (rings.tsc_hz, path))


def main(options):
    """Run it; returns the exit status of `run`."""
    _check(options)
    table = Table()
    chosen = chosen_events(table, options.events, options.format)
    machine = run.describe(options)
    path = options.out or NAMES[options.format]
    log = run.open_log(options.log)
    packages.require(run.needed_packages(machine, True),
                     not options.no_install)
    machine.hv_cmdline = ("%s trace_stream=%d trace_mask=%#x" % (
        machine.hv_cmdline, _ring_kib(machine), table.mask(chosen))).strip()
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(_open(path, options.format))
        raw = stack.enter_context(tempfile.TemporaryFile())
        run.build_parts(machine)
        rings = Rings(machine.memory, table.constants, raw,
                      options.limit * MIB)
        stack.callback(rings.close)
        machine.memory_fd = rings.fd
        stack.callback(machine.clean)
        command = machine.prepare()
        run.announce(machine, options)
        final = Session(command, machine.hypervisor, options.timeout, log,
                        interactive=not options.batch, on_line=rings.line,
                        keep_fds=(rings.fd,)).run()
        rings.finish()
        found = convert(raw, rings, table, chosen,
                        WRITERS[options.format](out, table))
    if log:
        log.close()
    if final.status == INPUT_ERROR:
        raise InputError(final.text)
    say(final.text)
    _report(found, rings, path, options)
    return final.status
