# SPDX-License-Identifier: MIT
"""What `bench` reads, how it judges, what it prints and refuses."""
import os
import re
import unittest
import xml.etree.ElementTree as ElementTree

import support

from xenios_lib import (bench, bench_budget, bench_guest, bench_readme,
                        bench_report)
from xenios_lib.base import InputError, ToolError

EVENTS = "samples=121 all=%d guest=%d lock=%d cr3=0\n"


def result(*counts):
    """A run that gave these (name, median) rows."""
    found = bench_guest.Result()
    for name, count in counts:
        found.line("ROW %s %d %d %d %d the operation %s" % (
            name, count - 1, count, count + 1, count + 9, name))
    found.line("BENCH DONE %d" % len(counts))
    return found


class Reading(support.ToolTest):
    """From the guest's and the plugin's lines to numbers."""

    def test_rows(self):
        found = result(("call/null", 83))
        found.line("BAD call/iret landed == expected")
        found.line("SKIP vcpu/yield the domain has one vCPU")
        self.assertTrue(found.done)
        row = found.rows["call/null"]
        self.assertEqual((row.least, row.median, row.decile, row.most),
                         (82, 83, 84, 92))
        self.assertEqual(found.bad, ["call/iret: landed == expected"])
        self.assertEqual(found.skipped["vcpu/yield"],
                         "the domain has one vCPU")

    def test_events_follow_the_order_of_rows_and_lose_the_pair(self):
        found = bench_guest.Result()
        found.line("BAD call/iret nothing")
        found.line("ROW call/null 83 83 83 83 null hypercall")
        path = os.path.join(self.directory, "events")
        with open(path, "w", encoding="ascii") as handle:
            handle.write(EVENTS % (2, 2, 0) + EVENTS % (9, 9, 9) +
                         EVENTS % (85, 13, 1))
        found.add_events(path)
        self.assertEqual(found.rows["call/null"].events,
                         {"all": 83, "guest": 11, "lock": 1, "cr3": 0})

    def test_every_figure_is_a_number_or_a_ratio(self):
        figures = bench_guest.figures()
        self.assertGreater(len(figures), 60)
        self.assertEqual(len(figures), len({f.name for f in figures}))
        self.assertTrue(any(f.measured for f in figures))

    def test_every_row_of_the_guest_has_a_figure_line(self):
        folder = os.path.join(support.ROOT, "tests", "bench")
        names = set()
        for name in os.listdir(folder):
            if name.startswith("rows_"):
                with open(os.path.join(folder, name), encoding="ascii") as h:
                    names.update(re.findall(r'\{ "(\w+/[\w-]+)",', h.read()))
        self.assertEqual(names, {f.name for f in bench_guest.figures()})


class Judging(unittest.TestCase):
    """Budget and figures."""

    VERSIONS = {"compiler": "gcc 1", "qemu": "QEMU 2"}

    def verdict(self, count, **other):
        budget = bench_budget.Budget()
        budget.versions = dict(self.VERSIONS)
        budget.rows = {"call/null": 100}
        return budget.verdict("call/null", count,
                              dict(self.VERSIONS, **other))[0]

    def test_three_percent(self):
        self.assertEqual(self.verdict(50), "PASSED")
        self.assertEqual(self.verdict(103), "PASSED")
        self.assertEqual(self.verdict(104), "FAILED")

    def test_other_versions_are_skipped(self):
        self.assertEqual(self.verdict(104, compiler="gcc 2"), "SKIPPED")
        self.assertEqual(self.verdict(50, qemu="QEMU 3"), "SKIPPED")

    def test_unknown_rows_fail(self):
        self.assertEqual(bench_budget.Budget().verdict(
            "call/null", 1, self.VERSIONS)[0], "FAILED")

    def test_limits(self):
        figures = [bench_guest.Figure("a/b", "80", "M"),
                   bench_guest.Figure("a/c", "x0.5", "50E"),
                   bench_guest.Figure("a/d", "-", "-")]
        rows = (("a/b", 80), ("a/c", 51), ("a/d", 7))
        report = bench_report.Report(
            figures, {"xenios": result(*rows),
                      "xen_b": result(("a/b", 160), ("a/c", 100))}, {}, {"a/b": 33})
        self.assertEqual([report.reached(f) for f in figures],
                         [True, False, None])
        self.assertEqual(report.ratio("a/b"), 0.5)
        self.assertIn("Figures reached: 1 of 2.", report.text())
        self.assertEqual([report.floor_text(f) for f in figures],
                         ["33 M", "50 E", "-"])


class Printing(unittest.TestCase):
    """Table and chart."""

    def test_table_has_columns(self):
        lines = bench_report.table(("name", "n"), [("a", "1"), ("bb", "10")])
        self.assertEqual(lines, ["name   n", "--------", "a      1",
                                 "bb    10"])

    def test_chart_is_xml(self):
        text = bench_report.chart([("a < b & c", 1, 2, None),
                                   ("d", 300, 200, 20)])
        root = ElementTree.fromstring(text)
        self.assertTrue(root.tag.endswith("svg"))

    def test_readme_is_current(self):
        budget = bench_budget.Budget().read()
        for title, count in bench_readme.counts():
            name = bench_readme.name_of(title)
            self.assertLessEqual(
                abs(count - budget.rows[name]), 0.03 * budget.rows[name],
                "%s: run tools/xenios bench --accept --readme" % title)


class Refusing(support.ToolTest):
    """One line, status 2, before anything is built or booted."""

    def refused(self, *arguments):
        status, errors = self.tool("bench", *arguments)
        self.assertEqual(status, 2)
        self.assertEqual(errors.count("\n"), 1, errors)
        return errors

    def test_rows(self):
        self.assertIn("no row matches nothing/*",
                      self.refused("--rows", "nothing/*"))
        self.assertIn("no row matches", self.refused("--rows", ""))
        self.assertIn("no row matches call/nul", self.refused(
            "--rows", "call/null,call/nul"))

    def test_numbers(self):
        self.assertIn("--cpus 0", self.refused("--cpus", "0"))
        self.assertIn("invalid int", self.refused("--cpus", "two"))

    def test_files(self):
        self.assertIn("cannot write",
                      self.refused("--json", "/nonexistent/x.json"))
        for path in (self.directory, "/dev/null"):
            self.assertIn("not a file", self.refused("--svg", path))

    def test_what_belongs_together(self):
        self.assertIn("--accept", self.refused("--accept", "--cpus", "2"))
        self.assertIn("--readme", self.refused("--readme", "--rows",
                                               "call/*"))
        self.assertIn("--json", self.refused("--profile", "--json",
                                             self.path("x.json")))
        self.assertFalse(os.path.exists(self.path("x.json")))

    def test_linux(self):
        self.assertIn("mmap", self.refused("linux", "--rows", "mmap,nmap"))
        self.assertIn("--rounds 0", self.refused("linux", "--rounds", "0"))
        self.assertIn("--on mars", self.refused("linux", "--on", "mars"))
        self.assertIn("cannot write", self.refused(
            "linux", "--json", "/nonexistent/x.json"))

    def test_options_in_front_of_linux(self):
        self.assertIn("cannot write", self.refused(
            "--json", "/nonexistent/x.json", "linux"))
        self.assertIn("--cpus", self.refused("--cpus", "2", "linux"))
        self.assertIn("--no-wall", self.refused("--no-wall", "linux"))

    def test_unknown_kind(self):
        self.assertIn("windows", self.refused("windows"))

    def test_patterns(self):
        self.assertEqual(bench.chosen_rows("call/null,call/ir*"),
                         ["call/null", "call/iret"])
        with self.assertRaises(InputError):
            bench.chosen_rows("call")

    def test_damaged_budget(self):
        path = os.path.join(self.directory, "budget")
        with open(path, "w", encoding="ascii") as handle:
            handle.write("call/null many\n")
        with self.assertRaises(ToolError):
            bench_budget.Budget().read(path)


if __name__ == "__main__":
    unittest.main()
