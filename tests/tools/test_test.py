# SPDX-License-Identifier: MIT
"""How `test` counts, and what --only means."""
import unittest
import xml.etree.ElementTree as ElementTree

import support  # noqa: F401  (sets the import path)

from xenios_lib.test import Tally, count, matches


def counted(status, output, *more):
    """(passed, failed, skipped) that one test of CTest's report adds."""
    test = ElementTree.Element("testcase", name="t", status=status)
    ElementTree.SubElement(test, "system-out").text = output
    for tag in more:
        ElementTree.SubElement(test, tag, message="because")
    tally = Tally()
    count("host", test, tally)
    return tally.passed, tally.failed, tally.skipped


class Counting(unittest.TestCase):
    """From output to numbers."""

    def test_plain_programs(self):
        self.assertEqual(counted("run", "hello"), (1, 0, 0))
        self.assertEqual(counted("fail", "hello", "failure"), (0, 1, 0))
        self.assertEqual(counted("notrun", "", "skipped"), (0, 0, 1))

    def test_check(self):
        text = "Running suite(s): a\n%d%%: Checks: 4, Failures: %d, Errors: %d"
        self.assertEqual(counted("run", text % (100, 0, 0)), (4, 0, 0))
        self.assertEqual(counted("fail", text % (50, 1, 1)), (2, 2, 0))

    def test_unittest(self):
        text = "....\n---\nRan 4 tests in 0.1s\n\n%s\n"
        self.assertEqual(counted("run", text % "OK"), (4, 0, 0))
        self.assertEqual(counted("run", text % "OK (skipped=1)"), (3, 0, 1))
        self.assertEqual(
            counted("fail", text % "FAILED (failures=1, errors=2)"),
            (1, 3, 0))

    def test_cases(self):
        self.assertEqual(
            counted("fail", "XENIOS-TEST a/x PASSED\nnoise\n"
                    "XENIOS-TEST a/y FAILED got 1\n"
                    "XENIOS-TEST a/z SKIPPED no CPU\n"), (1, 1, 1))

    def test_program_that_dies_after_its_cases(self):
        self.assertEqual(counted("fail", "XENIOS-TEST a/x PASSED\n"),
                         (1, 1, 0))

    def test_figures_are_kept(self):
        test = ElementTree.Element("testcase", name="t", status="run")
        ElementTree.SubElement(test, "system-out").text = "a\nFIGURE b 3\n"
        tally = Tally()
        count("host", test, tally)
        self.assertEqual(tally.figures, ["b 3"])

    def test_last_line(self):
        tally = Tally()
        tally.add("a", "PASSED")
        tally.add("b", "SKIPPED", "why")
        self.assertEqual(tally.last_line(), "1 passed, 0 failed, 1 skipped")


class Only(unittest.TestCase):
    """--only PATTERN."""

    def test_matching(self):
        name = "host-asan/unit.page_type"
        for pattern in (None, "page", "asan", "unit.*", "*/unit.*",
                        "unit.page_typ?"):
            self.assertTrue(matches(pattern, name), pattern)
        for pattern in ("evtchn", "page*", "unit.page?"):
            self.assertFalse(matches(pattern, name), pattern)


if __name__ == "__main__":
    unittest.main()
