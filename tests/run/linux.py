#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's unmodified Linux as a plain guest; one class a CTest test.

    linux.py CLASS

The workload is tests/guests: each of its steps is a case here.  A log with a
complaint of the kernel's own is a failure, however the steps went.
"""
import os
import re
import statistics
import sys
import tempfile
import time
import unittest

from end_to_end import RunTest, require_xen

from xenios_lib import bench_linux, fetch, images, session
from xenios_lib.base import OK, REFUSED, ToolError
from xenios_lib.machine import Machine

BOOT_MAX = 400              # seconds; other tests run at the same time
COMPLAINTS = re.compile(r"WARNING:|\bBUG\b|\bOops\b|multicall\(s\) failed|"
                        r"unchecked MSR|Kernel panic|Call Trace")
STEP = re.compile(r"WORKLOAD (\w+) (OK|FAILED)\b ?(.*)")
UPTIME = re.compile(r"WORKLOAD uptime ([\d.]+)")
DONE = re.compile(r"WORKLOAD DONE (\d+)")
SHELL_UP = re.compile(r"Linux \S+, up for ([\d.]+) s")
HELD = re.compile(r"the hypervisor holds (\d+) KiB, 24 bytes a frame are "
                  r"(\d+) KiB")


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
        self.stop_at = None         # a pattern that ends the run
        self.match = None           # where it was seen
        self.seconds = None         # and how long after QEMU's start
        self._session = None
        self._start = None

    def _line(self, line):
        self.lines.append(line)
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
                command, self.machine.hypervisor, BOOT_MAX, show=False,
                on_line=self._line)
            self._start = time.monotonic()
            return self._session.run()
        finally:
            self.machine.clean()

    def console(self):
        """Everything it said."""
        return "\n".join(self.lines)


class LinuxTest(RunTest):
    """A test that boots Linux on Xenios."""

    KERNEL = "linux"

    ON = "xenios"

    def boot(self, cmdline="", vcpus=1, cpus=2, steps=None, **fields):
        """Boot with the workload's ramdisk; it must end well."""
        # pylint: disable=arguments-differ
        words = ["console=hvc0", "expect_cpus=%d" % vcpus]
        if steps:
            words.append("steps=" + steps)
        kernel = fetched(fetch.kernel, self.KERNEL)
        made = Boot(hypervisor=self.ON,
                    d0=images.guest_kernel(kernel), d0_vcpus=vcpus, cpus=cpus,
                    ramdisks=[fetched(fetch.ramdisk_file, "tests")], **fields)
        made.machine.cmdline = " ".join(
            words + ["epoch=%d" % time.time(), cmdline]).strip()
        final = made.run()
        self.assertEqual(final.status, OK, "%s\n%s" % (made.console(),
                                                       final.text))
        for line in made.lines:
            self.assertIsNone(COMPLAINTS.search(line), made.console())
        return made

    def workload(self, rounds=1, **fields):
        """The whole workload; each step counts as a case."""
        cmdline = "rounds=%d" % rounds if rounds > 1 else ""
        console = self.boot(cmdline, **fields).console()
        steps = STEP.findall(console)
        for name, word, detail in steps:
            print("%s %s %s" % (name, word, detail), flush=True)
        failed = [" ".join(step) for step in steps if step[1] != "OK"]
        self.assertEqual(failed, [], console)
        self.assertGreaterEqual(len(steps), 16 * rounds, console)
        self.assertEqual(DONE.findall(console), ["0"], console)


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
        made = self.boot(steps="fork,mmap", d0_memory=128, memory=256)
        held, frames = map(int, HELD.search(made.console()).groups())
        print("\nFIGURE KiB that the hypervisor holds beside 24 bytes a "
              "frame, Linux on 256 MiB: %d (aim 2048)" % (held - frames),
              flush=True)

    def test_four_vcpus_on_one_cpu(self):
        self.boot(steps="thread,cpus", vcpus=4, cpus=1)


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
    """The workload twenty times over."""

    def test_workload(self):
        self.workload(rounds=20, vcpus=4, cpus=4)


class Models(LinuxTest):
    """Other processors, and two vCPUs."""

    def test_two_vcpus(self):
        for kernel in ("linux", "linux-cloud"):
            with self.subTest(kernel=kernel):
                self.KERNEL = kernel
                self.workload(vcpus=2)

    def test_processors(self):
        for model in ("max", "Skylake-Client"):
            with self.subTest(cpu=model):
                self.workload(cpu=model)


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


class Bench(RunTest):
    """The program of `bench linux`, once: everything it times happened."""

    ROWS = ["null-call", "stat", "fork-exit", "fork-exec", "sh", "pipe",
            "switch-2p-0k", "switch-8p-16k", "mmap", "page-fault",
            "protection-fault", "signal-install", "signal-handle"]

    def test_rows(self):
        fetched(fetch.kernel, "linux")
        made = bench_linux.boot(bench_linux.describe("xenios", samples=3))
        self.assertEqual(list(made.rows), self.ROWS)
        for line in made.lines:
            self.assertIsNone(COMPLAINTS.search(line), line)


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
        rounds = int(os.environ.get("XENIOS_ROUNDS", "3"))
        seen = bench_linux.measure(bench_linux.GROUNDS, rounds)
        rows = bench_linux.rows_of(seen)
        print("\n" + "\n".join(bench_linux.table(rows)))
        for row in rows:
            for ground, ratio, most in row.aims():
                print("\nFIGURE Linux, %s: Xenios %s, %s %s, ratio %.2f "
                      "(aim %.2f, median of %d)" % (
                          row.name, bench_linux.human(row.value("xenios")),
                          bench_linux.GROUNDS[ground],
                          bench_linux.human(row.value(ground)), ratio, most,
                          rounds), flush=True)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
