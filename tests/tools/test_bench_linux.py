# SPDX-License-Identifier: MIT
"""Linux beside Linux: machines that take turns, and the table."""
import random
import unittest

from support import ToolTest
from test_session import is_alive

from xenios_lib import bench_linux
from xenios_lib.base import InputError, ToolError
from xenios_lib.bench_linux import (Row, believable, human, quartiles,
                                    rows_of, table, turns_of)
from xenios_lib.bench_turns import Result, order, play


class Output(unittest.TestCase):
    """The program's lines."""

    def result(self, *lines):
        """What these lines mean."""
        result = Result()
        for line in lines:
            result.line(line)
        return result

    def test_rows(self):
        result = self.result("BENCH ready mmap batch 1",
                             "[ 1.0] noise BENCH took mmap 1 22 3",
                             "BENCH took mmap 4 5 6",
                             "BENCH took other 7 8 9",
                             "BENCH ready sh batch 1",
                             "BENCH row sh FAILED fork (errno 12)",
                             "BENCH DONE 2 1")
        self.assertEqual(result.took, {"mmap": [[1, 22, 3], [4, 5, 6]]})
        self.assertEqual(result.failed, {"sh": "fork (errno 12)"})
        self.assertTrue(result.done)
        self.assertEqual(result.answers, 6)

    def test_a_lost_line_is_noticed(self):
        result = self.result("BENCH DONE 1 0")
        self.assertFalse(result.done)
        with self.assertRaisesRegex(ToolError, "on xen Linux did not measure "
                                    "to its end: rows are missing"):
            result.check("xen", None)


# Says what happens to it in a file that all of its kind share.
FAKE = r"""exec python3 -c '
import os, re, sys, threading
name, path, rows, trouble = sys.argv[1:5]
fd = int(re.search("fd=([0-9]+)", " ".join(sys.argv)).group(1))
def log(text):
    with open(path, "a") as handle:
        handle.write(name + " " + text + "\n")
def monitor():
    qmp = os.fdopen(fd, "r+b", buffering=0)
    qmp.write(b"{\"QMP\": {}}\n")
    while True:
        line = qmp.readline()
        log(re.search("[a-z_]+\"}", line.decode()).group(0)[:-2])
        qmp.write(b"{\"event\": \"X\"}\n{\"return\": {}}\n")
log("pid %d" % os.getpid())
if trouble == "refused":
    sys.exit("no such CPU")
threading.Thread(target=monitor, daemon=True).start()
for row in rows.split(","):
    print("BENCH ready", row, "batch 1", flush=True)
    while input() == "go":
        log("go")
        if trouble == "failed":
            print("BENCH row", row, "FAILED fork", flush=True)
        elif trouble == "ended":
            sys.exit()
        elif trouble == "interrupted":
            os.kill(os.getppid(), 15)
        else:
            print("BENCH took", row, "10 20 30", flush=True)
print("BENCH DONE %d 0" % len(rows.split(",")), flush=True)
input()
' "$@"
"""


class Fake:
    """A Machine whose QEMU is FAKE."""

    def __init__(self, hypervisor, *command):
        self.hypervisor = hypervisor
        self.command = list(command)
        self.cleaned = False

    def prepare(self):
        """QEMU's command line."""
        return self.command

    def clean(self):
        """No more runs."""
        self.cleaned = True


class Turns(ToolTest):
    """One machine at a time, and none left."""

    def play(self, turns, rows="a,b", trouble=""):
        """Two machines, the second one in trouble; what they took."""
        qemu = self.fake_qemu(FAKE)
        self.machines = {
            ground: Fake(ground, qemu, ground, self.path("log"), rows, bad)
            for ground, bad in (("xenios", ""), ("xen", trouble))}
        return play(self.machines, lambda row: turns)

    def log(self):
        """What happened, [ground, what] each."""
        with open(self.path("log"), encoding="ascii") as handle:
            return [line.split(" ", 1) for line in handle.read().split("\n")
                    if line]

    def assert_nothing_left(self):
        """No process, no file."""
        for _, what in self.log():
            if what.startswith("pid "):
                self.assertFalse(is_alive(int(what[4:])))
        self.assertTrue(all(m.cleaned for m in self.machines.values()))

    def test_one_at_a_time(self):
        took = self.play(3)
        rows = {name: [[10, 20, 30]] * 3 for name in "ab"}
        self.assertEqual(took, {"xenios": rows, "xen": rows})
        running = None
        log = self.log()
        last = max(i for i, (_, what) in enumerate(log) if what == "go")
        for ground, what in log[:last]:
            if what == "cont":
                self.assertIsNone(running)
                running = ground
            elif what == "go":
                self.assertEqual(running, ground)
            elif what == "stop":
                running = None
        self.assertEqual([ground for ground, what in log if what == "go"][:6],
                         ["xenios", "xen", "xen", "xenios", "xen", "xenios"])
        self.assert_nothing_left()

    def test_order(self):
        orders = [order(list("abcd"), turn) for turn in range(8)]
        for place in range(4):
            self.assertEqual(sorted(o[place] for o in orders),
                             list("aabbccdd"))

    def test_a_row_fails(self):
        with self.assertRaisesRegex(ToolError, "on xen: row a failed, fork"):
            self.play(1, trouble="failed")
        self.assert_nothing_left()

    def test_a_machine_ends(self):
        with self.assertRaisesRegex(ToolError, "on xen Linux did not measure"):
            self.play(1, trouble="ended")
        self.assert_nothing_left()

    def test_qemu_refuses(self):
        with self.assertRaisesRegex(InputError, "no such CPU"):
            self.play(1, trouble="refused")
        self.assert_nothing_left()

    def test_interrupted(self):
        with self.assertRaises(KeyboardInterrupt):
            self.play(1, trouble="interrupted")
        self.assert_nothing_left()


class Table(unittest.TestCase):
    """From turns to ratios."""

    # The host is five times as slow in one turn; the second is another boot.
    SEEN = {"xenios": [{"mmap": [[10 ** 6, 10 ** 6, 9 * 10 ** 6],
                                 [5 * 10 ** 6] * 3]},
                       {"mmap": [[10 ** 6] * 3]}],
            "xen": [{"mmap": [[2 * 10 ** 6] * 3, [10 ** 7] * 3]},
                    {"mmap": [[10 ** 6] * 3]}]}

    def test_aims_take_more(self):
        self.assertEqual([turns_of(row, 200) for row in ("mmap", "stat")],
                         [200, 66])
        self.assertEqual([turns_of(row, 1) for row in ("mmap", "stat")],
                         [1, 1])

    def test_a_turn_is_a_pair(self):
        row = Row("mmap", self.SEEN)
        self.assertEqual(row.turns("xenios"), [10 ** 6, 5 * 10 ** 6, 10 ** 6])
        self.assertEqual(row.ratios("xen"), [0.5, 0.5, 1.0])
        self.assertEqual(row.ratio("xen"), 0.5)
        self.assertEqual(row.aims(), [("xen", 0.5, 0.7)])
        self.assertAlmostEqual(row.doubt("xen"), 0.5)
        self.assertEqual(row.as_json()["ratio"], {
            "xen": {"q1": 0.5, "median": 0.5, "q3": 0.75,
                    "low": 0.5, "high": 1.0}})

    def test_quartiles(self):
        self.assertEqual(quartiles([7]), [7, 7, 7])
        self.assertEqual(quartiles([5, 1, 2, 4, 3]), [2, 3, 4])

    def test_believable(self):
        self.assertEqual(believable([7]), (7, 7))
        self.assertEqual(believable(range(1, 101)), (40, 61))
        noise = random.Random(1)
        held = 0
        for _ in range(400):
            low, high = believable([noise.lognormvariate(0, 0.3)
                                    for _ in range(100)])
            held += low <= 1 <= high
        self.assertGreater(held, 0.93 * 400)

    def test_table(self):
        head, line = table(rows_of(self.SEEN))
        self.assertIn("Xen, d0", head)
        self.assertRegex(line, r"^mmap +1 us +2 us +0.50 .50%$")

    def test_units(self):
        for value, text in ((999, "0.999 ns"), (1234567, "1.23 us"),
                            (987654321, "988 us"), (4e9, "4 ms")):
            self.assertEqual(human(value, False), text)
        self.assertEqual(human(123456, True), "123")

    def test_aims_name_rows(self):
        for name in bench_linux.AIMS:
            self.assertEqual(bench_linux.chosen_rows(name), name)
        with self.assertRaises(InputError):
            bench_linux.chosen_rows("fork")


if __name__ == "__main__":
    unittest.main()
