#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whole machines, started as a user starts them; one class a CTest test.

    end_to_end.py CLASS

Classes whose names begin with Quick are part of `tools/xenios test --quick`;
the list in CMakeLists.txt says which are run.
"""
import gzip
import json
import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TOOL = os.path.join(ROOT, "tools", "xenios")
sys.path.insert(0, os.path.join(ROOT, "tools"))
sys.dont_write_bytecode = True

from xenios_lib import build, debs, images, session, trace_events  # noqa: E402
from xenios_lib.base import (CRASHED, OK, PANIC, REFUSED,  # noqa: E402
                             TIMEOUT, ToolError)
from xenios_lib.machine import Machine  # noqa: E402

PRESET = "target-release"
STUB = build.artifact(PRESET, "pvguest", "stub.elf")


def host_memory_mib():
    """What Linux would let QEMU ask for: RAM and swap."""
    with open("/proc/meminfo", encoding="ascii") as handle:
        kib = re.findall(r"(?m)^(?:Mem|Swap)Total:\s+(\d+)", handle.read())
    return sum(map(int, kib)) >> 10


def require_xen():
    """Skip where Debian's Xen cannot be fetched."""
    try:
        images.xen_image()
    except ToolError as error:
        raise unittest.SkipTest(str(error).splitlines()[0]) from None


class RunTest(unittest.TestCase):
    """A test that starts machines."""

    def tool(self, *arguments, keys=None, status=OK):
        """`run` with these arguments; returns the console, checks the exit
        status."""
        mode = [] if keys is not None else ["--batch"]
        done = subprocess.run(
            [TOOL, "run", "--no-install", *mode, "--timeout", "120",
             *arguments], input=keys,
            stdin=subprocess.DEVNULL if keys is None else None,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        console = done.stdout.decode("utf-8", "replace")
        errors = done.stderr.decode("utf-8", "replace")
        self.assertEqual(done.returncode, status,
                         "\n%s\n%s" % (console, errors))
        return console

    def boot(self, status, **fields):
        """Boot a machine past the tool's own checks; returns the console."""
        machine = Machine()
        machine.boot = "direct"
        machine.d0 = STUB
        for name, value in fields.items():
            setattr(machine, name, value)
        lines = []
        try:
            final = session.Session(machine.prepare(), machine.hypervisor, 120,
                                    show=False, on_line=lines.append).run()
        finally:
            machine.clean()
        console = "\n".join(lines)
        self.assertEqual(final.status, status, "%s\n%s" % (console,
                                                           final.text))
        return console

    def assert_toured(self, console):
        """The demonstration ran to its end."""
        for command in ("rings", "hypercall", "fault", "pagetable", "steal",
                        "events", "timer", "user"):
            self.assertRegex(console, "(?m)^> %s" % command)
        self.assertNotIn("DOES NOT HOLD", console)

    def assert_refused(self, console):
        """One line says what is wrong; returns it."""
        lines = re.findall(r"(?m)^\(xenios\) cannot start: (.+)$", console)
        self.assertEqual(len(lines), 1, console)
        return lines[0]


class QuickDirect(RunTest):
    """The tour, by the fastest way to boot."""

    def test_demo(self):
        self.assert_toured(self.tool("--boot", "direct", "--cmdline", "demo"))


class Grub(RunTest):
    """The tour, from a GRUB ISO under SeaBIOS."""

    def test_demo(self):
        self.assert_toured(self.tool("--cmdline", "demo"))

    def test_images_that_do_not_fit(self):
        with tempfile.NamedTemporaryFile() as ramdisk:
            ramdisk.truncate(20 << 20)
            self.assertIn("too little memory", self.assert_refused(self.tool(
                "--memory", "24", "--ramdisk", ramdisk.name, status=REFUSED)))


class Uefi(RunTest):
    """The tour, from a GRUB ISO under OVMF."""

    def test_demo(self):
        self.assert_toured(self.tool("--boot", "uefi", "--cmdline", "demo"))


class Large(RunTest):
    """More CPUs and memory than the defaults."""

    def test_demo(self):
        self.assert_toured(self.tool("--boot", "direct", "--cpus", "4",
                                     "--memory", "2048", "--cmdline", "demo"))

    def test_several_vcpus(self):
        self.assert_toured(self.tool("--boot", "direct", "--cpus", "4",
                                     "--d0-vcpus", "4", "--d0-memory", "256",
                                     "--cmdline", "demo"))


class CpuModels(RunTest):
    """Other processors than the default."""

    def test_demo(self):
        for model in ("max", "Nehalem", "Opteron_G1"):
            with self.subTest(cpu=model):
                self.assert_toured(self.tool("--boot", "direct", "--cpu",
                                             model, "--cmdline", "demo"))


class DemoOnXen(RunTest):
    """The same guest on Debian's Xen."""

    def setUp(self):
        require_xen()

    def test_demo(self):
        self.assert_toured(self.tool("--on", "xen", "--cmdline", "demo"))

    def test_crash(self):
        self.tool("--on", "xen", keys=b"crash\n", status=CRASHED)


class QuickShell(RunTest):
    """The stub's shell over the console, by typed lines."""

    def test_commands(self):
        console = self.tool("--boot", "direct",
                            keys=b"help\nrings\npoweroff\n")
        self.assertIn("poweroff", console)

    def test_end_of_input_powers_off_or_times_out(self):
        console = self.tool("--boot", "direct", keys=b"rings\npoweroff\n")
        self.assertIn("rings", console)

    def test_crash(self):
        console = self.tool("--boot", "direct", keys=b"crash\n",
                            status=CRASHED)
        self.assertRegex(console, r"(?m)^\(xenios\) d0 crashed: .+")


class QuickEndings(RunTest):
    """Exit statuses by the hypervisor's final lines."""

    def test_panic(self):
        console = self.tool("--boot", "direct", "--hv-cmdline", "panic",
                            status=PANIC)
        self.assertRegex(console, r"(?m)^\(xenios\) PANIC: .+")

    def test_timeout(self):
        done = subprocess.run(
            [TOOL, "run", "--no-install", "--batch", "--boot", "direct",
             "--timeout", "4"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, TIMEOUT)

    def test_unknown_option(self):
        console = self.boot(REFUSED, hv_cmdline="frobnicate=1",
                            cmdline="demo")
        self.assertIn("frobnicate", self.assert_refused(console))


class TinyKernel(RunTest):
    """Endings of a kernel that owns nothing but raw hypercalls."""

    ON = "xenios"
    ENDINGS = {"p": OK, "r": OK, "q": CRASHED, "c": CRASHED, "f": OK}

    @classmethod
    def setUpClass(cls):
        if cls.ON == "xen":
            require_xen()
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.kernel = os.path.join(directory.name, "tiny.elf")
        source = os.path.join(ROOT, "tests", "tools", "tiny.asm")
        subprocess.run(["nasm", "-f", "elf64", "-o", cls.kernel + ".o",
                        source], check=True)
        subprocess.run(["ld", "-z", "max-page-size=4096", "-e", "start",
                        "-Ttext-segment=0xffffffff80100000",
                        "-o", cls.kernel, cls.kernel + ".o"], check=True)

    def ending(self, letter, status, **more):
        """How the kernel with this command line ends."""
        return self.tool("--on", self.ON, "--boot", "direct", "--d0",
                         self.kernel, "--cmdline", letter, status=status,
                         **more)

    def test_endings(self):
        for letter, status in self.ENDINGS.items():
            with self.subTest(letter=letter):
                self.assertIn("tiny: hello", self.ending(letter, status))

    def test_input(self):
        console = self.ending("e", OK, keys=b"one\ntwo\n")
        self.assertIn("tiny> one\ntiny> two\n", console.replace("\r", ""))


class QuickTinyKernel(TinyKernel):
    """On Xenios, which also keeps a guest from lying about its end."""

    def test_lies_are_marked(self):
        console = self.ending("f", OK)
        self.assertIn("PANIC: not really", console)
        for line in re.split("[\r\n]", console):
            self.assertFalse(line.startswith("(xenios) ") and
                             "not really" in line, line)


class TinyKernelOnXen(TinyKernel):
    """The same endings, told by Debian's Xen."""

    ON = "xen"


class Modules(RunTest):
    """What comes along with the kernel, by GRUB and by QEMU."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def file(self, name, data):
        """A file with this content."""
        path = os.path.join(self.directory, name)
        with open(path, "wb") as handle:
            handle.write(data)
        return path

    def test_ramdisks(self):
        one = self.file("a, b", os.urandom(100 << 10))
        two = self.file("packed.gz", gzip.compress(bytes(4 << 20)))
        for boot in ("direct", "grub"):
            with self.subTest(boot=boot):
                console = self.tool("--boot", boot, "--ramdisk", one,
                                    "--cmdline", "demo")
                self.assertRegex(console, r"\(xenios\) d0: .*"
                                 r"ramdisk 100 KiB")
                self.tool("--boot", boot, "--ramdisk", one, "--ramdisk", two,
                          "--cmdline", "demo")

    def test_gzipped_kernel(self):
        with open(STUB, "rb") as handle:
            kernel = self.file("stub.gz", gzip.compress(handle.read()))
        for boot in ("direct", "grub"):
            with self.subTest(boot=boot):
                self.assert_toured(self.tool("--boot", boot, "--d0", kernel,
                                             "--cmdline", "demo"))

    def test_log(self):
        log = os.path.join(self.directory, "log")
        console = self.tool("--boot", "direct", "--cmdline", "demo", "--log",
                            log)
        with open(log, encoding="utf-8") as handle:
            self.assertEqual(handle.read(), console)


class QuickRefusals(RunTest):
    """What the hypervisor itself refuses: one line, and a clean stop."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def module(self, data):
        """A file with this content."""
        path = os.path.join(self.directory, "module")
        with open(path, "wb") as handle:
            handle.write(data)
        return path

    def refusal(self, **fields):
        """The sentence with which this machine refuses to start."""
        return self.assert_refused(self.boot(REFUSED, **fields))

    def test_no_module(self):
        self.refusal(d0=None)

    def test_no_nx(self):
        self.assertIn("NX", self.refusal(cpu="qemu64,-nx"))

    def test_no_long_mode(self):
        self.refusal(cpu="qemu32")

    def test_too_little_memory(self):
        self.refusal(memory=32)

    def test_d0_larger_than_memory(self):
        self.refusal(d0_memory=4096)

    def test_not_an_elf(self):
        self.refusal(d0=self.module(b"this is no kernel\n" * 300))

    def test_empty_module(self):
        self.refusal(d0=self.module(b"\n"))

    def test_32_bit_elf(self):
        with open(STUB, "rb") as handle:
            data = bytearray(handle.read())
        data[4] = 1
        self.assertIn("32", self.refusal(d0=self.module(bytes(data))))

    def test_packed_kernels(self):
        bzimage = bytearray(4096)
        bzimage[0x202:0x206] = b"HdrS"
        for data, words in ((bytes(bzimage), "bzImage"),
                            (gzip.compress(b"kernel"), "gzip")):
            with self.subTest(kind=words):
                self.assertIn(words, self.refusal(d0=self.module(data)))

    def test_kernel_not_built_for_pv(self):
        with open(STUB, "rb") as handle:
            data = handle.read().replace(b"Xen\0", b"XEN\0")
        self.assertIn("CONFIG_XEN_PV", self.refusal(d0=self.module(data)))

    def test_too_many_vcpus(self):
        self.assertIn("32", self.refusal(hv_cmdline="d0_vcpus=33"))

    def test_memory_below_what_the_image_needs(self):
        self.assertIn("raise d0_mem", self.refusal(d0_memory=1))

    def test_ramdisk_that_does_not_fit(self):
        path = self.module(b"")
        os.truncate(path, 130 << 20)
        self.assertIn("ramdisk", self.refusal(ramdisks=[path]))

    def test_cut_off_elf(self):
        with open(STUB, "rb") as handle:
            data = handle.read()
        for size in (40, 64, 100, 5000):
            with self.subTest(size=size):
                self.refusal(d0=self.module(data[:size]))


class QuickTrace(RunTest):
    """What a machine did, told in three ways."""

    # What the demonstration does, whatever else happens.
    CALLS = {"xen_version": 2002, "multicall": 1, "stack_switch": 1}

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def trace(self, kind, *arguments, status=OK):
        """The path of a trace of the demonstration, and the tool's words."""
        path = os.path.join(self.directory, kind)
        done = subprocess.run(
            [TOOL, "trace", "--no-install", "--batch", "--boot", "direct",
             "--timeout", "120", "--cmdline", "demo", "--format", kind,
             "--out", path, *arguments], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertRegex(done.stderr, r"trace: \d+ events of \d CPUs, in ")
        return path, done.stderr

    def test_text(self):
        with open(self.trace("text")[0], encoding="ascii") as handle:
            lines = [line.split(None, 4) for line in handle]
        times = [float(line[0]) for line in lines]
        self.assertEqual(times, sorted(times))
        called = [line[4].split("(")[0] for line in lines
                  if line[3] == "hypercall"]
        for name, least in self.CALLS.items():
            self.assertGreaterEqual(called.count(name), least, name)
        self.assertEqual(len(called), sum(line[3] == "hypercall-done"
                                          for line in lines))
        self.assertIn("d0v0 shuts its domain down, reason 0",
                      [line[4].rstrip() for line in lines])

    def test_chrome(self):
        path, _ = self.trace("chrome", "--events", "hypercall*,runstate",
                             "--d0-vcpus", "2")
        with open(path, encoding="ascii") as handle:
            events = json.load(handle)
        for event in events:
            self.assertLessEqual(0, event.get("dur", 0))
        names = [e["name"] for e in events if e["ph"] == "X"]
        self.assertIn("d0v0", names)
        self.assertGreater(names.count("xen_version(1: 0x0)"), 2000)

    def test_what_is_there_at_a_panic(self):
        path, _ = self.trace("text", "--hv-cmdline", "panic", status=PANIC)
        self.assertTrue(os.path.exists(path))

    def test_xenalyze_reads_it(self):
        try:
            root = debs.unpacked("xenalyze", lambda: "xen-utils-common")
        except ToolError as error:
            raise unittest.SkipTest(str(error).splitlines()[0]) from None
        path, words = self.trace("xen", "--events",
                                 "hypercall,trap,page-fault,switch,runstate")
        hz = re.search(r"--cpu-hz (\d+)", words).group(1)
        done = subprocess.run(
            [os.path.join(root, "usr", "bin", "xenalyze"), "--cpu-hz", hz,
             "--dump-all", path], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("WARN", done.stderr + done.stdout)
        told = re.findall(r" d0v0 (hypercall|page_fault|trap|sched_switch)",
                          done.stdout)
        ours = {"hypercall": 0, "page-fault": 0, "trap": 0, "switch": 0}
        table = trace_events.Table()
        for record in self.read(path):
            name = table.find(record.number).name
            if name in ours:
                ours[name] += 1
        self.assertGreater(ours["hypercall"], 2000)
        self.assertEqual(told.count("hypercall"), ours["hypercall"])
        self.assertEqual(told.count("page_fault"), ours["page-fault"])
        self.assertEqual(told.count("trap"), ours["trap"])
        switches = done.stdout.count(" sched_switch ")
        self.assertEqual(switches, ours["switch"])

    @staticmethod
    def read(path):
        """Every record of a file in Xen's format."""
        with open(path, "rb") as handle:
            while head := handle.read(12):
                _, cpu, size = struct.unpack("<III", head)
                yield from trace_events.records(cpu, handle.read(size))


class QuickProfile(RunTest):
    """What the hypervisor counts, and where it was when it was asked."""

    def test_both(self):
        console = self.tool("--boot", "direct", "--cmdline", "demo",
                            "--hv-cmdline", "counters profile=5000",
                            "--icount")
        counts = {name: int(count) for name, count in re.findall(
            r"(?m)^\(xenios\) (\S.*?) +(\d+): \d+ \d+$", console)}
        self.assertGreaterEqual(counts["hypercall 17 xen_version"], 2002)
        self.assertEqual(counts["hypercall 13 multicall"], 1)
        self.assertGreaterEqual(counts["exception 14 #PF"], 3)
        self.assertGreaterEqual(counts["event upcalls"], 3)
        total = int(re.search(r"profile: (\d+) samples, \d+ a second of a "
                              "CPU", console).group(1))
        rows = re.findall(r"(?m)^\(xenios\) +\d+\.\d% +(\d+)  (.+)$",
                          console)
        kinds = [int(count) for count, _ in rows[:4]]
        self.assertGreater(total, 200)
        self.assertEqual(sum(kinds), total)
        self.assertGreater(kinds[3], 5)
        functions = {name: int(count) for count, name in rows[4:]}
        self.assertIn("pt_validate", functions)
        self.assertLessEqual(sum(functions.values()), kinds[3])

    def test_samples_hurt_nobody(self):
        kernel = build.artifact(PRESET, "tests", "conformance",
                                "conformance.elf")
        for cpu in ("qemu64", "max"):
            with self.subTest(cpu=cpu):
                console = self.tool(
                    "--boot", "direct", "--d0", kernel, "--d0-memory", "256",
                    "--d0-vcpus", "2", "--cpu", cpu, "--cmdline",
                    "cases=trap/*,segment/*,sched/*", "--hv-cmdline",
                    "profile=10000")
                self.assertGreater(len(re.findall("SUCCESS", console)), 10)
                self.assertNotRegex(console, "FAILURE|ERROR")


class Debugger(RunTest):
    """The gdb command that `--gdb` prints, and the helpers it loads."""

    def setUp(self):
        if shutil.which("gdb") is None:
            self.skipTest("gdb is not installed (package gdb)")

    def test_helpers(self):
        with subprocess.Popen(
                [TOOL, "run", "--no-install", "--boot", "direct", "--batch",
                 "--timeout", "120", "--gdb", "--cmdline", "demo"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE, text=True) as tool:
            command = ""
            while "target remote" not in command:
                command = tool.stderr.readline()
                self.assertTrue(command, "the tool ended early")
            gdb = subprocess.run(
                shlex.split(command.partition(": ")[2]) + [
                    "-batch", "-ex", "hbreak domain_shutdown",
                    "-ex", "continue", "-ex", "hv-domains", "-ex", "hv-ports",
                    "-ex", "hv-frame domains[0]->shared_info_mfn.v",
                    "-ex", "hv-pt &domains", "-ex", "backtrace",
                    "-ex", "delete", "-ex", "detach"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, check=False, timeout=100)
            tool.wait()
        out = gdb.stdout
        self.assertEqual(tool.returncode, OK, out)
        for pattern in (r"(?m)^d0: 1 vcpus, \d+ of \d+ frames",
                        r"(?m)^  v0: VCPU_\w+, CPU \d", r"(?m)^  port \d+",
                        r"(?m)^frame 0x[0-9a-f]+: PT_\w+, \d+ type uses",
                        r"(?m)^L4\[256\] at .* writable",
                        r"is at machine address 0x[0-9a-f]+",
                        r"#0 +domain_shutdown"):
            self.assertRegex(out, pattern)


class Figures(RunTest):
    """Measured in virtual time, where an instruction is a nanosecond."""

    TEXT_MAX = 160 << 10
    NULL_CALL_MAX = 110
    READY_MAX_US = {512: 50000, 8192: 100000}
    HELD_MAX_KIB = (2 << 10) + (24 * (512 << 8) >> 10)
    READY = re.compile(r"(?m)^\(xenios\) ready (\d+) us after entry; "
                       r"the hypervisor holds (\d+) KiB")

    def figure(self, what, value, most):
        """Print a measurement; it must not exceed its limit."""
        print("\nFIGURE %s: %d (at most %d)" % (what, value, most), flush=True)
        self.assertLessEqual(value, most, what)

    def test_text(self):
        image = build.artifact(PRESET, "hypervisor", "xenios.elf")
        sizes = subprocess.run(["size", "-A", image], check=True, text=True,
                               stdout=subprocess.PIPE).stdout
        size = sum(int(n) for n in re.findall(r"(?m)^\.text\S*\s+(\d+)",
                                              sizes))
        self.figure("bytes of release .text", size, self.TEXT_MAX)

    def test_ready(self):
        for memory, most in self.READY_MAX_US.items():
            with self.subTest(memory=memory):
                if host_memory_mib() < memory:
                    self.skipTest("this host has less than %d MiB" % memory)
                console = self.tool("--boot", "direct", "--icount",
                                    "--memory", str(memory), "--cmdline",
                                    "demo")
                ready = self.READY.search(console)
                self.assertIsNotNone(ready, console)
                self.figure("us of virtual time from entry to the first "
                            "domain at %d MiB" % memory,
                            int(ready.group(1)), most)
                if memory == 512:
                    self.figure("KiB that the hypervisor holds at 512 MiB",
                                int(ready.group(2)), self.HELD_MAX_KIB)

    def test_null_hypercall(self):
        console = self.tool("--boot", "direct", "--icount", "--cmdline",
                            "demo")
        ticks = re.search(r"(\d+) TSC ticks a call by the page", console)
        self.figure("instructions of a null hypercall, loop included",
                    int(ticks.group(1)), self.NULL_CALL_MAX)

    def test_runs_are_identical(self):
        first, second = (self.tool("--boot", "direct", "--icount",
                                   "--cmdline", "demo") for _ in range(2))
        self.assertEqual(first, second)


if __name__ == "__main__":
    unittest.main()
