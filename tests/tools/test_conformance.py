# SPDX-License-Identifier: MIT
"""The conformance runner: restarts, crashes, expectations; no QEMU."""
import unittest
from unittest import mock

from support import ToolTest

from xenios_lib import conformance
from xenios_lib.base import CRASHED, NO_END, OK
from xenios_lib.conformance import Case, Result, Runner, verdict
from xenios_lib.session import Final


class FakeBoot(conformance.Boot):
    """Plays a kernel whose cases behave as their names say."""

    boots = []

    def run(self):
        FakeBoot.boots.append(self.machine.cmdline)
        words = self.machine.cmdline.partition("=")
        if words[0] == "list":
            self._line("CASE a/good TITLE fine")
            self._line("CASE a/die-1 TITLE dies expect=crash")
            self._line("CONFORMANCE DONE 0")
            return Final(OK, "d0 powered off")
        for name in words[2].split(","):
            if "absent" in name:
                continue
            if "mute" in name:
                return Final(NO_END, "no word for 40 s")
            self._line("CASE %s BEGIN" % name)
            self._line("chatter of " + name)
            if "die" in name:
                return Final(CRASHED, "d0 crashed: x")
            if "skip" in name:
                self._line("CASE %s SKIP no such CPU" % name)
            elif "bad" in name:
                self._line("CASE %s FAILURE want 1 got 2" % name)
            else:
                self._line("CASE %s SUCCESS" % name)
        self._line("CONFORMANCE DONE 3")
        return Final(OK, "d0 powered off")


class Running(ToolTest):
    """Runner with fake boots."""

    def setUp(self):
        super().setUp()
        FakeBoot.boots = []
        patch = mock.patch.object(conformance, "Boot", FakeBoot)
        patch.start()
        self.addCleanup(patch.stop)
        self.runner = Runner("xenios", "target-release",
                             self.file("kernel", b"k"), "qemu64")

    def run_names(self, *names, title=""):
        """{case: status} of these cases."""
        results = self.runner.run_cases([Case(n, title) for n in names])
        return {name: result.status for name, result in results.items()}

    def test_one_boot_for_cases_that_end(self):
        self.assertEqual(self.run_names("a/x", "a/skip", "a/bad"),
                         {"a/x": "SUCCESS", "a/skip": "SKIP",
                          "a/bad": "FAILURE"})
        self.assertEqual(len(FakeBoot.boots), 1)

    def test_crash_goes_on_with_the_rest(self):
        self.assertEqual(self.run_names("a/x", "a/die", "a/y"),
                         {"a/x": "SUCCESS", "a/die": "CRASH",
                          "a/y": "SUCCESS"})
        self.assertEqual(FakeBoot.boots,
                         ["cases=a/x,a/die,a/y", "cases=a/y"])

    def test_hang_is_charged_to_the_next_case(self):
        self.assertEqual(self.run_names("a/x", "a/mute", "a/y"),
                         {"a/x": "SUCCESS", "a/mute": "CRASH",
                          "a/y": "SUCCESS"})

    def test_left_out_is_an_error(self):
        self.assertEqual(self.run_names("a/x", "a/absent"),
                         {"a/x": "SUCCESS", "a/absent": "ERROR"})
        self.assertEqual(self.run_names("a/absent"), {"a/absent": "ERROR"})

    def test_long_lists_take_several_boots(self):
        names = ["a/case-number-%03d" % i for i in range(120)]
        self.assertEqual(set(self.run_names(*names).values()), {"SUCCESS"})
        self.assertGreater(len(FakeBoot.boots), 1)
        for cmdline in FakeBoot.boots:
            self.assertLess(len(cmdline), 1000)

    def test_must_crash(self):
        self.assertEqual(
            self.run_names("a/die-1", "a/die-2", "a/lives", "a/bad",
                           title="t expect=crash"),
            {"a/die-1": "SUCCESS", "a/die-2": "SUCCESS",
             "a/lives": "FAILURE", "a/bad": "FAILURE"})
        self.assertEqual(len(FakeBoot.boots), 4)

    def test_list_is_remembered(self):
        for _ in range(2):
            cases = self.runner.list_cases()
            self.assertEqual([(c.name, c.must_crash) for c in cases],
                             [("a/good", False), ("a/die-1", True)])
        self.assertEqual(FakeBoot.boots, ["list"])


class Expectations(unittest.TestCase):
    """Whatever differs from the expectation file is a failure."""

    def test_verdicts(self):
        for got, expected, word in (
                ("SUCCESS", None, "PASSED"), ("FAILURE", None, "FAILED"),
                ("SKIP", None, "FAILED"), ("CRASH", None, "FAILED"),
                ("SKIP", ("SKIP", "why"), "SKIPPED"),
                ("SUCCESS", ("SKIP", "why"), "FAILED"),
                ("CRASH", ("SKIP", "why"), "FAILED")):
            self.assertEqual(verdict(Result(got, ""), expected)[0], word)

    def test_entries_of_one_processor(self):
        self.assertNotIn("segment/syscall-compat",
                         conformance.read_expectations("xenios"))
        self.assertEqual(conformance.read_expectations(
            "xenios", "Skylake-Client")["segment/syscall-compat"][0], "SKIP")

    def test_files_parse(self):
        for on in ("xenios", "xen"):
            for status, reason in conformance.read_expectations(on).values():
                self.assertIn(status, ("SKIP", "ERROR", "FAILURE", "CRASH"))
                self.assertTrue(reason)


if __name__ == "__main__":
    unittest.main()
