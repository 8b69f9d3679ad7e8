# SPDX-License-Identifier: MIT
"""`trace`: rings in shared memory, records, the three files it writes."""
import io
import json
import os
import struct
import unittest
from unittest import mock

from support import ToolTest

from xenios_lib import trace
from xenios_lib.base import InputError, ToolError
from xenios_lib.trace_events import Table, records, window
from xenios_lib.trace_rings import Rings

INFO, RINGS, PAGES = 0x3000, 0x10000, 4
SIZE = PAGES * 4096 - 8


def record(number, tsc, *words):
    """One record with a time."""
    return struct.pack("<IQ%dI" % len(words),
                       number | len(words) << 28 | 1 << 31, tsc, *words)


class Tables(unittest.TestCase):
    """What the sources say."""

    def setUp(self):
        self.table = Table()

    def describe(self, data):
        """The words for one record."""
        one, = records(0, data)
        return self.table.describe(one, self.table.find(one.number))

    def test_numbers_are_xens(self):
        for name, number in (("hypercall", 0x20100d), ("trap", 0x201103),
                             ("page-fault", 0x201104), ("switch", 0x2800a),
                             ("runstate", 0x21001), ("lost", 0x1f001)):
            self.assertEqual(self.table.by_name[name].number, number)

    def test_words(self):
        for data, text in (
                (record(0x20100d, 1, 1 << 20 | 2 << 22 | 26, 5, 6, 7),
                 "mmuext_op(1: 0x5, 2: 0x700000006)"),
                (record(0x804001, 1, 17, 0xffffffda, 0xffffffff),
                 "xen_version gives -38"),
                (record(0x201103, 1, 0x10, 0, 2 << 16 | 1 << 15 | 13),
                 "vector 13 at rip 10, error 2"),
                (record(0x201103, 1, 0x10, 0, 3), "vector 3 at rip 10"),
                (record(0x21201, 1, 0x7fff0001), "idle: blocked to running"),
                (record(0x2800a, 1, 0, 1, 0x7fff, 0),
                 "switch from d0v1 to idle")):
            self.assertEqual(self.describe(data), text)

    def test_unknown_numbers_and_fillers_are_left_aside(self):
        self.assertIsNone(self.table.find(0x8f123))
        filler = struct.pack("<III", 0x1f002 | 2 << 28, 0, 0)
        found = list(records(3, filler + record(0x28006, 9, 0, 0)))
        self.assertEqual([(r.cpu, r.tsc) for r in found], [(3, 9)])

    def test_choice(self):
        self.assertEqual(self.table.choose(["page-*,upcall", "wake"]),
                         {"page-fault", "upcall", "wake"})
        self.assertEqual(len(self.table.choose(None)),
                         len(self.table.by_name))
        with self.assertRaisesRegex(InputError, "nothing.*upcall"):
            self.table.choose(["nothing"])

    def test_mask_knows_who_runs(self):
        self.assertEqual(self.table.mask({"upcall"}) & 0x0ff1000,
                         self.table.mask({"upcall"}) & 0x0ff0000 | 0x1000)
        self.assertTrue(self.table.mask({"upcall"}) & 0x20000)


class FakeMachine(unittest.TestCase):
    """Rings that a test fills in the hypervisor's place."""

    def setUp(self):
        self.table = Table()
        self.raw = io.BytesIO()
        self.rings = Rings(1, self.table.constants, self.raw, 1 << 20)
        self.addCleanup(self.rings.close)
        self.put(INFO, struct.pack("<HHHH", PAGES, 32, 0, 36))
        for cpu, at in ((0, 32), (2, 36)):
            self.put(INFO + 4 * at, struct.pack("<I", (RINGS >> 12) +
                                                PAGES * cpu))

    def put(self, offset, data):
        """Store into the machine's memory."""
        os.pwrite(self.rings.fd, data, offset)

    def fill(self, cpu, cons, data):
        """A ring of this CPU that holds `data` from position cons on."""
        base = RINGS + PAGES * 4096 * cpu
        at = cons % SIZE
        first = min(len(data), SIZE - at)
        self.put(base + 8 + at, data[:first])
        self.put(base + 8, data[first:])
        self.put(base, struct.pack("<II", cons,
                                   (cons + len(data)) % (2 * SIZE)))

    def announce(self):
        """The hypervisor's lines."""
        self.rings.line("(xenios) clock: tsc 1000.000 MHz (CPUID)")
        self.rings.line("(xenios) trace: %d pages a CPU for 3 CPUs, listed "
                        "at %x" % (PAGES, INFO))
        self.rings.finish()

    def convert(self, kind, patterns=None):
        """What is written of it."""
        out = io.BytesIO() if kind == "xen" else io.StringIO()
        found = trace.convert(self.raw, self.rings, self.table,
                              trace.chosen_events(self.table, patterns,
                                                  kind),
                              trace.WRITERS[kind](out, self.table))
        return found, out.getvalue()

    def fill_two(self):
        """CPU 0 runs d0v0, which makes a call; CPU 2 is idle."""
        self.fill(0, 2 * SIZE - 20, record(0x21101, 1000, 0) +
                  record(0x20100d, 3000, 17) +
                  record(0x804001, 5000, 17, 0, 0) +
                  record(0x21011, 6000, 0))
        self.fill(2, 0, record(0x804004, 2000, 0x10, 0) +
                  record(0x1f001, 7000, 33, 0, 0, 0))
        self.announce()

    def test_text(self):
        self.fill_two()
        found, text = self.convert("text")
        self.assertEqual((found.written, found.lost, len(found.cpus)),
                         (6, 33, 2))
        lines = [line.split(None, 3) for line in text.splitlines()]
        self.assertEqual([line[:3] for line in lines], [
            ["0.000000000", "cpu0", "d0v0"], ["0.000001000", "cpu2", "idle"],
            ["0.000002000", "cpu0", "d0v0"], ["0.000004000", "cpu0", "d0v0"],
            ["0.000005000", "cpu0", "d0v0"], ["0.000006000", "cpu2", "idle"]])
        self.assertEqual(lines[2][3].split(), ["hypercall", "xen_version()"])

    def test_events_are_chosen(self):
        self.fill_two()
        found, text = self.convert("text", ["hypercall"])
        self.assertEqual(found.written, 1)
        self.assertIn("d0v0", text)

    def test_chrome(self):
        self.fill_two()
        slices = [e for e in json.loads(self.convert("chrome")[1])
                  if e["ph"] == "X"]
        self.assertEqual([(s["name"], s["pid"], s["dur"]) for s in slices],
                         [("xen_version()", 100, 2.0), ("d0v0", 1, 5.0),
                          ("on cpu 0", 100, 5.0)])

    def test_chrome_draws_calls_that_are_asked_for_alone(self):
        self.fill_two()
        slices = [e for e in json.loads(self.convert("chrome",
                                                     ["hypercall"])[1])
                  if e["ph"] == "X"]
        self.assertEqual([(s["name"], s["dur"]) for s in slices],
                         [("xen_version()", 2.0)])

    def test_a_full_disk_is_told(self):
        self.raw.write = mock.Mock(side_effect=OSError(28, "No space"))
        with self.assertRaisesRegex(ToolError, "cannot write the trace"):
            self.fill_two()

    def test_xen(self):
        self.fill_two()
        _, data = self.convert("xen")
        at, seen = 0, []
        while at < len(data):
            header, cpu, size = struct.unpack_from("<III", data, at)
            self.assertEqual(header, 0x2001f003)
            seen += [(r.cpu, r.tsc) for r in
                     records(cpu, data[at + 12:at + 12 + size])]
            at += 12 + size
        self.assertEqual(seen, [(0, 1000), (2, 2000), (0, 3000), (0, 5000),
                                (0, 6000), (2, 7000)])
        self.assertEqual(data[:12], window(self.table.constants, 0, 16))

    def test_nothing_at_all(self):
        self.rings.finish()
        for kind, empty in (("text", ""), ("chrome", "[]\n"), ("xen", b"")):
            found, data = self.convert(kind)
            self.assertEqual((found.written, data), (0, empty))

    def test_limit(self):
        self.rings._limit = 30      # pylint: disable=protected-access
        self.fill_two()
        self.assertTrue(self.rings.is_full)
        self.assertEqual([cpu for cpu, _, _ in self.rings.windows], [0])


class BadInput(ToolTest):
    """One line each."""

    def refused(self, *arguments, words=()):
        """`trace` with these arguments ends with 2 and one line."""
        status, errors = self.tool("trace", *arguments)
        self.assertEqual(status, 2)
        self.assert_one_line(errors, *words)

    def test_bad_arguments(self):
        self.refused("--on", "xen", words=["--on xen", "xentrace"])
        self.refused("--events", "frob*", words=["frob*", "page-fault"])
        self.refused("--format", "pdf", words=["pdf", "chrome"])
        self.refused("--limit", "0", words=["--limit 0"])
        self.refused("--memory", "0", words=["--memory 0"])

    def test_out_that_cannot_be_written(self):
        self.refused("--no-install", "--out", self.path("no/such/file"),
                     words=["no/such/file", "--out"])


if __name__ == "__main__":
    unittest.main()
