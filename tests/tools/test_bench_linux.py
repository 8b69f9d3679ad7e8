# SPDX-License-Identifier: MIT
"""Linux beside Linux: reading what the program prints, and the table."""
import unittest

import support  # noqa: F401  (sets the import path)

from xenios_lib import bench_linux
from xenios_lib.bench_linux import Result, Row, human, rows_of, table

LINE = "BENCH row %s batch 8 samples 15 min %d q1 %d median %d q3 %d"


def numbers(median):
    """A row of one boot, quartiles a tenth away."""
    return {"min": median // 2, "q1": median * 9 // 10, "median": median,
            "q3": median * 11 // 10}


class Output(unittest.TestCase):
    """The program's lines."""

    def result(self, *lines):
        """What these lines mean."""
        result = Result()
        for line in lines:
            result.line(line)
        return result

    def test_rows(self):
        result = self.result("[ 1.0] noise " + LINE % ("mmap", 1, 2, 3, 4),
                             "BENCH row sh FAILED fork (errno 12)",
                             "BENCH DONE 2 1")
        self.assertEqual(result.rows, {"mmap": {"min": 1, "q1": 2,
                                                "median": 3, "q3": 4}})
        self.assertEqual(result.failed, {"sh": "fork (errno 12)"})
        self.assertTrue(result.done)

    def test_a_lost_line_is_noticed(self):
        self.assertFalse(self.result("BENCH DONE 1 0").done)


class Table(unittest.TestCase):
    """From boots to ratios."""

    SEEN = {"xenios": [{"mmap": numbers(10 ** 6)},
                       {"mmap": numbers(3 * 10 ** 6)},
                       {"mmap": numbers(10 ** 6)}],
            "xen": [{"mmap": numbers(2 * 10 ** 6)},
                    {"mmap": numbers(6 * 10 ** 6)},
                    {"mmap": numbers(10 ** 6)}]}

    def test_ratio_pairs_the_rounds(self):
        row = Row("mmap", self.SEEN)
        self.assertEqual(row.ratio("xen"), 0.5)
        self.assertEqual(row.aims(), [("xen", 0.5, 0.7)])
        self.assertAlmostEqual(row.spread("xenios"), 0.1)
        self.assertEqual(row.value("xen", "min"), 5 * 10 ** 5)

    def test_table(self):
        head, line = table(rows_of(self.SEEN))
        self.assertIn("Xen, d0", head)
        self.assertRegex(line, r"^mmap +1 us .10% +2 us .10% +0.50$")

    def test_units(self):
        for value, text in ((999, "0.999 ns"), (1234567, "1.23 us"),
                            (987654321, "988 us"), (4e9, "4 ms")):
            self.assertEqual(human(value, False), text)
        self.assertEqual(human(123456, True), "123")

    def test_aims_name_rows(self):
        with open(bench_linux.fetch.ramdisk.BENCH, encoding="utf-8") as text:
            source = text.read()
        for name in bench_linux.AIMS:
            self.assertIn('{ "%s", ' % name, source)


if __name__ == "__main__":
    unittest.main()
