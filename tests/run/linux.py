#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's unmodified Linux as a plain guest; one class a CTest test.

    linux.py CLASS

The workload is tests/guests: each of its steps is a case here.  A log with a
complaint of the kernel's own is a failure, however the steps went.
"""
import glob
import os
import re
import statistics
import sys
import tempfile
import time
import unittest

from end_to_end import RunTest, require_xen

from xenios_lib import (bench_guest, bench_linux, bench_turns, cpio, fetch,
                        images, session)
from xenios_lib.base import OK, REFUSED, ToolError
from xenios_lib.machine import Machine

BOOT_MAX = 400              # seconds; other tests run at the same time
ROUND_MAX = 150             # for each further round of the workload
COMPLAINTS = re.compile(r"\bWARN|\bBUG\b|\bOops\b|multicall\(s\) failed|"
                        r"unchecked MSR|Kernel panic|Call Trace")
STEP = re.compile(r"WORKLOAD (\w+) (OK|FAILED)\b ?(.*)")
DONE = re.compile(r"WORKLOAD DONE (\d+)")
SHELL_UP = re.compile(r"Linux \S+, up for ([\d.]+) s")
HELD = re.compile(r"the hypervisor holds (\d+) KiB, 24 bytes a frame are "
                  r"(\d+) KiB")
HELD_MAX = 2048             # KiB beside the 24 bytes a frame
FIRST_STEP = re.compile(r"^WORKLOAD \w+ OK")
AUDIT_STEP = re.compile(r"^WORKLOAD audit OK all counts agree")
BEFORE_LONG_STEP = re.compile(r"^WORKLOAD (exec|fork|mmap|thread|audit) OK")
AUDIT_KEY = re.compile(r"^\(xenios\) audit: all counts agree")
MEMORY_BACK = re.compile(r"^\(xenios\) all memory is back: ")


def fetched(function, name):
    """The file behind a name; the test is skipped where there is none."""
    try:
        return function(name)
    except ToolError as error:
        raise unittest.SkipTest(str(error).splitlines()[0]) from None


class Boot:
    """One boot of Linux, its console kept."""

    def __init__(self, **fields):
        self.machine = Machine()
        self.machine.boot = "direct"
        self.machine.d0_as = "guest"
        self.machine.d0_memory = 256
        for name, value in fields.items():
            setattr(self.machine, name, value)
        self.lines = []
        self.limit = BOOT_MAX
        self.qemu = []              # further options of it
        self.keys = {}              # what is seen -> debug key to type then
        self.stop_at = None         # a pattern that ends the run
        self.match = None           # where it was seen
        self.seconds = None         # and how long after QEMU's start
        self._session = None
        self._start = None

    def _line(self, line):
        self.lines.append(line)
        for pattern, key in self.keys.items():
            if pattern.search(line):
                self._session.debug_key(key)
        if self.stop_at and not self.match:
            self.match = self.stop_at.search(line)
            if self.match:
                self.seconds = time.monotonic() - self._start
                self._session.stop(OK, "seen")

    def run(self):
        """Boot; returns how it ended."""
        self._start = time.monotonic()
        try:
            command = self.machine.prepare()
            self._session = session.Session(
                command + self.qemu, self.machine.hypervisor, self.limit,
                show=False, on_line=self._line)
            self._start = time.monotonic()
            return self._session.run()
        finally:
            self.machine.clean()

    def console(self):
        """Everything it said."""
        return "\n".join(self.lines)

    def seen(self, pattern):
        """The matches in its lines."""
        return [m for m in map(pattern.search, self.lines) if m]


class LinuxTest(RunTest):
    """A test that boots Linux on Xenios."""

    KERNEL = "linux"
    ON = "xenios"
    # Complaints that are no fault of the hypervisor's: exact text -> reason.
    ALLOWED = {}

    def boot(self, cmdline="", vcpus=1, steps=None, rounds=1, keys=None,
             **fields):
        """Boot with the workload's ramdisk; it must end well."""
        # pylint: disable=arguments-differ
        words = ["console=hvc0", "expect_cpus=%d" % vcpus]
        if steps:
            words.append("steps=" + steps)
        if rounds > 1:
            words.append("rounds=%d" % rounds)
        fields.setdefault("cpus", 2)
        fields.setdefault("ramdisks", [fetched(fetch.ramdisk_file, "tests")])
        kernel = fetched(fetch.kernel, self.KERNEL)
        made = Boot(hypervisor=self.ON, d0_vcpus=vcpus,
                    d0=images.guest_kernel(kernel), **fields)
        made.limit += (rounds - 1) * ROUND_MAX
        made.keys = keys or {}
        made.machine.cmdline = " ".join(
            words + ["epoch=%d" % time.time(), cmdline]).strip()
        final = made.run()
        self.assertEqual(final.status, OK, "%s\n%s" % (made.console(),
                                                       final.text))
        for line in made.lines:
            if COMPLAINTS.search(line):
                self.assertIn(re.sub(r"^\[ *[\d.]+\] ", "", line),
                              self.ALLOWED, made.console())
        return made

    def workload(self, rounds=1, **fields):
        """The whole workload; all of its steps must hold."""
        made = self.boot(rounds=rounds, **fields)
        console = made.console()
        steps = STEP.findall(console)
        for name, word, detail in steps if rounds == 1 else ():
            print("%s %s %s" % (name, word, detail), flush=True)
        failed = [" ".join(step) for step in steps if step[1] != "OK"]
        self.assertEqual(failed, [], console)
        self.assertGreaterEqual(len(steps), 16 * rounds, console)
        self.assertEqual(DONE.findall(console), ["0"], console)
        return made


class Amd64(LinuxTest):
    """The ordinary flavour on one vCPU."""

    def test_workload(self):
        self.workload()


class Amd64Smp(LinuxTest):
    """On four vCPUs, each with a CPU of its own."""

    def test_workload(self):
        self.workload(vcpus=4, cpus=4)


class Cloud(LinuxTest):
    """The flavour for virtual machines."""

    KERNEL = "linux-cloud"

    def test_workload(self):
        self.workload()


class CloudSmp(LinuxTest):
    """On four vCPUs."""

    KERNEL = "linux-cloud"

    def test_workload(self):
        self.workload(vcpus=4, cpus=4)


class Sizes(LinuxTest):
    """Machines that are just large enough."""

    def test_small(self):
        """Some of the workload in 128 of 256 MiB."""
        made = self.boot(steps="fork,mmap,mprotect", d0_memory=128, memory=256,
                         keys={FIRST_STEP: b"m"})
        self.assertGreaterEqual(len(made.seen(HELD)), 2, made.console())
        held = max(int(m[1]) - int(m[2]) for m in made.seen(HELD))
        print("\nFIGURE KiB that the hypervisor holds beside 24 bytes a "
              "frame, while Linux runs: %d (limit %d)" % (held, HELD_MAX),
              flush=True)
        self.assertLessEqual(held, HELD_MAX)

    def test_four_vcpus_on_one_cpu(self):
        self.boot(steps="thread,pipe,cpus", vcpus=4, cpus=1)


class Shell(LinuxTest):
    """What a user types, and an interactive shell answers."""

    def shell(self, *arguments, keys):
        """`run` with Linux by its name and this typed."""
        fetched(fetch.kernel, "linux")
        fetched(fetch.ramdisk_file, "busybox")
        return self.tool("--d0", "linux", "--d0-as", "guest", "--d0-memory",
                         "256", "--ramdisk", "busybox", *arguments, keys=keys)

    def test_init(self):
        console = self.shell("--cmdline", "console=hvc0",
                             keys=b"echo $((6 * 7)) answers\nexit\n")
        self.assertIn("42 answers", console)

    def test_bare_shell(self):
        console = self.shell("--cmdline", "console=hvc0 rdinit=/bin/sh",
                             "--boot", "direct",
                             keys=b"echo $((6 * 7)) answers\npoweroff -f\n")
        self.assertIn("42 answers", console)


class BadInput(LinuxTest):
    """What cannot start says so in one line."""

    def refusal(self, **fields):
        """The sentence by which the hypervisor refuses."""
        made = Boot(d0=images.guest_kernel(fetched(fetch.kernel, "linux")),
                    cmdline="console=hvc0", **fields)
        self.assertEqual(made.run().status, REFUSED, made.console())
        return self.assert_refused(made.console())

    def test_memory_below_the_image(self):
        self.assertIn("raise d0_mem", self.refusal(d0_memory=48))

    def test_ramdisk_that_does_not_fit(self):
        with tempfile.NamedTemporaryFile() as ramdisk:
            ramdisk.truncate(160 << 20)
            self.assertIn("ramdisk", self.refusal(
                d0_memory=128, ramdisks=[ramdisk.name]))


class Soak(LinuxTest):
    """The workload twenty times over, by a debug build.

    After each round Linux itself asks for an audit: its driver for hypercalls
    of root passes the call on. The debug key does so as well, and in the
    midst of steps that last long enough: it does not wait until Linux is
    ready for it.
    """

    ROUNDS = int(os.environ.get("XENIOS_ROUNDS", "20"))

    def ramdisk(self):
        """The workload's, with the driver: Linux takes several archives one
        behind the other."""
        plain = fetched(fetch.ramdisk_file, "tests")
        kernel = fetched(fetch.kernel, self.KERNEL)
        driver = glob.glob(os.path.join(
            os.path.dirname(os.path.dirname(kernel)), "lib", "modules", "*",
            "kernel", "drivers", "xen", "xen-privcmd.ko"))
        archive = cpio.Archive()
        with open(driver[0], "rb") as handle:
            archive.file("xen-privcmd.ko", handle.read())
        # pylint: disable=consider-using-with
        both = tempfile.NamedTemporaryFile(suffix=".cpio")
        self.addCleanup(both.close)
        with open(plain, "rb") as handle:
            data = handle.read()
        both.write(data + bytes(-len(data) % 4) + archive.data())
        both.flush()
        return both.name

    def test_workload(self):
        """All audits agree, and all memory is back."""
        made = self.workload(rounds=self.ROUNDS, vcpus=4, cpus=4,
                             preset="target-debug", ramdisks=[self.ramdisk()],
                             keys={BEFORE_LONG_STEP: b"a"})
        for pattern, times in ((AUDIT_STEP, self.ROUNDS),
                               (AUDIT_KEY, 5 * self.ROUNDS), (MEMORY_BACK, 1)):
            self.assertEqual(len(made.seen(pattern)), times, made.console())


class TwoVcpus(LinuxTest):
    """A number between one and many."""

    def test_workload(self):
        for kernel in ("linux", "linux-cloud"):
            with self.subTest(kernel=kernel):
                self.KERNEL = kernel
                self.workload(vcpus=2)


class Processors(LinuxTest):
    """Other processors than the default, an AMD one."""

    ALLOWED = {
        "RETBleed: WARNING: Spectre v2 mitigation leaves CPU vulnerable to "
        "RETBleed attacks, data leaks possible!":
        "the model has no IBRS; Linux says the same on it without us",
    }

    def test_max(self):
        self.workload(cpu="max", vcpus=2)

    def test_intel(self):
        self.workload(cpu="Skylake-Client", vcpus=2)


class OnXen(LinuxTest):
    """The workload holds on Xen, or it is a wrong workload."""

    ON = "xen"

    def setUp(self):
        require_xen()

    def test_workload(self):
        self.workload(d0_as="control")


class Figures(RunTest):
    """Xenios beside Xen, by turns, on the same machine."""

    RATIOS = (("guest uptime at init", 0.35), ("QEMU start to init", 0.45))

    def setUp(self):
        require_xen()

    def once(self, on):
        """(uptime at init, host's seconds since QEMU's start)."""
        made = Boot(hypervisor=on, cmdline="console=hvc0",
                    d0_as="control" if on == "xen" else "guest",
                    d0=images.guest_kernel(fetched(fetch.kernel, "linux")),
                    ramdisks=[fetched(fetch.ramdisk_file, "busybox")])
        made.stop_at = SHELL_UP
        final = made.run()
        self.assertIsNotNone(made.match, "%s\n%s" % (made.console(),
                                                     final.text))
        return float(made.match.group(1)), made.seconds

    def test_boot(self):
        rounds = int(os.environ.get("XENIOS_ROUNDS", "3"))
        seen = {"xenios": [], "xen": []}
        for _ in range(rounds):
            for on, values in seen.items():
                values.append(self.once(on))
        for index, (what, most) in enumerate(self.RATIOS):
            ours, theirs = (statistics.median(v[index] for v in values)
                            for values in seen.values())
            print("\nFIGURE %s, Debian's Linux: Xenios %.2f s, Xen %.2f s, "
                  "ratio %.2f (aim %.2f, median of %d)" % (
                      what, ours, theirs, ours / theirs, most, rounds),
                  flush=True)


class Instructions(RunTest):
    """Who executes them until /init has run: Linux itself or the hypervisor.

    Unlike times, they depend neither on the host nor on what else it does.
    """

    HYPERVISOR_MAX = 0.05       # of all, on Xenios
    CMDLINE = "console=hvc0 rdinit=/bin/busybox -- poweroff -f"

    def setUp(self):
        require_xen()
        if not bench_guest.plugins_work():
            self.skipTest("this QEMU's plugins are of another interface")

    def once(self, on):
        """(the hypervisor's, the guest's) of a boot."""
        with tempfile.NamedTemporaryFile() as counted:
            made = Boot(hypervisor=on, cmdline=self.CMDLINE, cpus=1,
                        d0_as="control" if on == "xen" else "guest",
                        d0=images.guest_kernel(fetched(fetch.kernel, "linux")),
                        ramdisks=[fetched(fetch.ramdisk_file, "busybox")])
            made.qemu = ["-plugin", "%s,whole=%s" % (bench_guest.plugin(),
                                                     counted.name)]
            final = made.run()
            self.assertEqual(final.status, OK, "%s\n%s" % (made.console(),
                                                           final.text))
            counts = dict(word.split("=") for word in
                          counted.read().decode().split())
        guest = int(counts["guest"])
        return int(counts["all"]) - guest, guest

    def test_boot(self):
        ours, linux = self.once("xenios")
        theirs, linux_on_xen = self.once("xen")
        print("\nFIGURE instructions of a boot of Debian's Linux, in millions: "
              "Xenios %d beside Linux's %d (%.1f %%, limit %.1f %%), Xen %d "
              "beside %d" % (
                  ours / 1e6, linux / 1e6, 100 * ours / (ours + linux),
                  100 * self.HYPERVISOR_MAX, theirs / 1e6,
                  linux_on_xen / 1e6), flush=True)
        self.assertGreater(ours, 0)
        self.assertLessEqual(ours, self.HYPERVISOR_MAX * (ours + linux))


class Bench(RunTest):
    """The program of `bench linux`: everything that it times happened."""

    ROWS = ["null-call", "stat", "fork-exit", "fork-exec", "sh", "pipe",
            "switch-2p-0k", "switch-8p-16k", "mmap", "page-fault",
            "protection-fault", "signal-install", "signal-handle"]

    def test_rows(self):
        fetched(fetch.kernel, "linux")
        made = bench_turns.boot(bench_linux.describe("xenios", samples=3))
        self.assertEqual(list(made.took), self.ROWS)
        for line in made.lines:
            self.assertIsNone(COMPLAINTS.search(line), line)

    def test_turns(self):
        fetched(fetch.kernel, "linux")
        seen = bench_linux.measure(["xenios", "bare"], 1, 3,
                                   rows="stat,fork-exit")
        for rounds in seen.values():
            self.assertEqual([{name: [len(turn) for turn in turns]
                               for name, turns in rows.items()}
                              for rows in rounds],
                             [{"stat": [1], "fork-exit": [1, 1, 1]}])


class OnXenDomu(LinuxTest):
    """The workload, and our stub, as ordinary domains of Xen."""

    ON = "xen-domu"

    def setUp(self):
        require_xen()

    def test_workload(self):
        self.workload(d0_as="control")

    def test_stub(self):
        self.assertIn("demo: everything held", self.tool(
            "--on", "xen-domu", "--cmdline", "demo"))


class BenchFigures(RunTest):
    """Linux beside Linux, by turns."""

    def setUp(self):
        require_xen()

    def test_figures(self):
        rounds = int(os.environ.get("XENIOS_ROUNDS", "2"))
        seen = bench_linux.measure(bench_linux.GROUNDS, rounds)
        rows = bench_linux.rows_of(seen)
        print("\n" + "\n".join(bench_linux.table(rows)))
        for row in rows:
            for ground, ratio, most in row.aims():
                print("\nFIGURE Linux, %s: Xenios %s, %s %s, ratio %.2f "
                      "(aim %.2f, believable %.2f to %.2f, %d boots)" % (
                          row.name, bench_linux.human(row.value("xenios")),
                          bench_linux.GROUNDS[ground],
                          bench_linux.human(row.value(ground)), ratio, most,
                          *bench_linux.believable(row.ratios(ground)),
                          rounds), flush=True)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
