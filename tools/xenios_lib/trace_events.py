# SPDX-License-Identifier: MIT
"""What trace records mean: numbers, layouts and texts from the sources.

The tables are the hypervisor's own (hv/trace_events.def, xen/trace.h and
hypercalls.def), so that nothing is written down twice.  Xen's file format is
a sequence of windows: a record that names a CPU and a number of bytes, then
that many bytes of this CPU's records.
"""
import fnmatch
import os
import re
import struct

from .base import InputError, ROOT

CYCLES = 1 << 31
TYPES = {"4": "I", "8": "Q"}
RUNSTATES = ("running", "runnable", "blocked", "offline")
IDLE = 0x7fff
CALL_BITS = 0xfffff         # of a hypercall record's first word


def _text(*path):
    with open(os.path.join(ROOT, *path), encoding="ascii") as handle:
        return handle.read()


def _constants():
    """Every TRC_ number of the interface."""
    macros = dict(re.findall(r"(?m)^#define (TRC_\w+)\s+(\(.*?\)|\w+)\s*(?:/|$)",
                             _text("hypercall-abi", "include", "xen",
                                   "trace.h")))

    def value(name):
        return int(eval(  # pylint: disable=eval-used
            re.sub(r"TRC_\w+", lambda m: str(value(m.group())),
                   macros[name]).replace("UL", "")))

    return {name: value(name) for name in macros
            if "(" not in name and not re.search(r"[ixX]\b", macros[name])}


class Event:
    """One row of trace_events.def."""

    def __init__(self, name, number, layout, text):
        self.name = name.lower().replace("_", "-")
        self.number = number
        self.text = re.sub(r"%l([xu])", lambda m: "%x" if m[1] == "x"
                           else "%d", text)
        self.unpack = struct.Struct(
            "<" + "".join(TYPES[c] for c in layout)).unpack_from


class Record:
    """One record of one CPU."""

    def __init__(self, cpu, tsc, number, data):
        self.cpu = cpu
        self.tsc = tsc
        self.number = number
        self.data = data

    def packed(self):
        """The bytes it came from."""
        return struct.pack("<IQ", self.number | len(self.data) // 4 << 28 |
                           CYCLES, self.tsc) + self.data


class Table:
    """All events, by number."""

    def __init__(self):
        self.constants = _constants()
        own = int(re.search(r"TRACE_OWN\(n\) \((0x\w+)",
                            _text("hypervisor", "include", "hv", "trace.h"))
                  .group(1), 16)
        rows = re.findall(
            r'(?m)^TRACE_EVENT\((\w+), ([^"]+), "(\d+)",\s*"([^"]*)"\)',
            _text("hypervisor", "include", "hv", "trace_events.def"))
        self.events = {}
        for name, number, layout, text in rows:
            value = 0
            for part in number.split(" | "):
                match = re.fullmatch(r"TRACE_OWN\((\d+)\)", part)
                value |= (own + int(match.group(1)) if match
                          else self.constants[part])
            self.events[value] = Event(name, value, layout, text)
        self.by_name = {e.name: e for e in self.events.values()}
        self.calls = {int(nr): name for nr, name in re.findall(
            r"(?m)^HYPERCALL(?:_ABSENT)?\((\d+), (\w+)",
            _text("hypercall-abi", "hypercalls.def"))}

    def choose(self, patterns):
        """The names that match; every one without patterns."""
        names = sorted(self.by_name)
        if not patterns:
            return set(names)
        chosen = set()
        for pattern in ",".join(patterns).split(","):
            matching = fnmatch.filter(names, pattern.strip())
            if not matching:
                raise InputError("--events %s matches no event; there are %s"
                                 % (pattern, ", ".join(names)))
            chosen.update(matching)
        return chosen

    def mask(self, names):
        """What the hypervisor must record to have these, and to know which
        vcpu runs."""
        numbers = [self.by_name[name].number for name in names]
        mask = self.constants["TRC_SCHED_MIN"] | self.constants["TRC_GEN"]
        for number in numbers:
            mask |= number & self.constants["TRC_ALL"]
        return mask

    def find(self, number):
        """The event of a record's number, or None."""
        if number & ~0xff0 == self.by_name["runstate"].number:
            return self.by_name["runstate"]
        return self.events.get(number)

    def call(self, nr):
        """A hypercall's name."""
        return self.calls.get(nr, "hypercall %d" % nr)

    def arguments(self, record, event):
        """The event's values; of a run state the two states as well."""
        values = event.unpack(record.data.ljust(32, b"\0"))
        if event.name == "runstate":
            return values + (record.number >> 8 & 3, record.number >> 4 & 3)
        return values

    def _call_text(self, data):
        """A hypercall and those of its arguments that were recorded."""
        word, at, texts = int.from_bytes(data[:4], "little"), 4, []
        for index in range(6):
            size = {1: 4, 2: 8}.get(word >> 20 + 2 * index & 3, 0)
            if size:
                texts.append("%d: %#x" % (index + 1, int.from_bytes(
                    data[at:at + size], "little")))
                at += size
        return "%s(%s)" % (self.call(word & CALL_BITS), ", ".join(texts))

    def describe(self, record, event):
        """The event in words."""
        values = self.arguments(record, event)
        if event.name in ("hypercall", "subcall"):
            return self._call_text(record.data)
        if event.name == "hypercall-done":
            result = values[1] - (values[1] >> 63 << 64)
            return "%s gives %d" % (self.call(values[0]), result)
        if event.name == "trap":
            error = (", error %x" % (values[1] >> 16)
                     if values[1] >> 15 & 1 else "")
            return "vector %d at rip %x%s" % (values[1] & 0x7fff, values[0],
                                              error)
        if event.name == "runstate":
            return "%s: %s to %s" % (vcpu_name(values[0] >> 16,
                                               values[0] & 0xffff),
                                     RUNSTATES[values[1]],
                                     RUNSTATES[values[2]])
        text = event.text % values[:event.text.count("%")]
        return re.sub(r"d%dv\d+" % IDLE, "idle", text)


def vcpu_name(domid, vcpu):
    """As in every text of ours."""
    return "idle" if domid == IDLE else "d%dv%d" % (domid, vcpu)


def window(constants, cpu, size):
    """What stands in a file before `size` bytes of a CPU's records."""
    return struct.pack("<III", constants["TRC_TRACE_CPU_CHANGE"] | 2 << 28,
                       cpu, size)


def records(cpu, data):
    """The records with a time in one CPU's bytes."""
    at = 0
    while at + 4 <= len(data):
        header, = struct.unpack_from("<I", data, at)
        words = (header >> 28 & 7) * 4
        at += 4
        if header & CYCLES:
            tsc, = struct.unpack_from("<Q", data, at)
            at += 8
            yield Record(cpu, tsc, header & 0x0fffffff, data[at:at + words])
        at += words
