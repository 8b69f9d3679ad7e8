# SPDX-License-Identifier: MIT
"""Runs with a fake QEMU: statuses, time-out, input, logs, no leftovers."""
import contextlib
import io
import os
import signal
import subprocess
import sys
import textwrap
import time
import unittest
from unittest import mock

from support import GOOD, ROOT, ToolTest

from xenios_lib import build, machine
from xenios_lib.images import grub_config
from xenios_lib.session import Session

HELLO = "echo '(xenios) Xenios'\n"


def is_alive(pid):
    """Does a process of this number run?"""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as handle:
            return handle.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class RunWithFake(ToolTest):
    """`run` whole, with building and preparing left out."""

    def run_fake(self, body, *arguments):
        """(exit status, console, stderr) of `run` with this QEMU."""
        fake = self.fake_qemu(body)
        kernel = self.file("kernel", GOOD)
        out = io.TextIOWrapper(io.BytesIO())
        with mock.patch.object(build, "build"), \
                mock.patch.object(machine.Machine, "prepare",
                                  lambda m: [m.qemu]), \
                contextlib.redirect_stdout(out):
            status, errors = self.tool(
                "run", "--d0", kernel, "--qemu", fake, "--boot", "direct",
                *(arguments or ("--batch",)))
        out.flush()
        return status, out.buffer.getvalue().decode(), errors

    def test_statuses(self):
        for line, status in (("d0 powered off", 0), ("d0 rebooted", 0),
                             ("d0 crashed: x", 3), ("PANIC: x", 4),
                             ("cannot start: x", 5)):
            got, out, errors = self.run_fake(
                HELLO + "echo '(xenios) %s'" % line)
            self.assertEqual(got, status, errors)
            self.assertIn(line, out)
            self.assert_one_line(errors)

    def test_silent_end_is_a_dead_hypervisor(self):
        self.assertEqual(self.run_fake(HELLO)[0], 4)

    def test_qemu_refuses(self):
        status, _, errors = self.run_fake(
            "echo \"unable to find CPU model 'x'\" >&2; exit 1")
        self.assertEqual(status, 2)
        self.assert_one_line(errors, "unable to find CPU model")

    def test_qemu_missing(self):
        status, errors = None, None
        with mock.patch.object(build, "build"), \
                mock.patch.object(machine.Machine, "prepare",
                                  lambda m: [m.qemu]):
            status, errors = self.tool(
                "run", "--d0", self.file("kernel", GOOD), "--qemu",
                self.path("nothing"), "--boot", "direct", "--batch")
        self.assertEqual(status, 2)
        self.assert_one_line(errors, "--qemu")

    def test_timeout(self):
        start = time.monotonic()
        status, out, errors = self.run_fake(
            HELLO + "echo $$ >%s; exec sleep 100" % self.path("pid"),
            "--batch", "--timeout", "0.5")
        self.assertEqual(status, 124, errors)
        self.assertLess(time.monotonic() - start, 10)
        self.assertIn("Xenios", out)
        with open(self.path("pid"), encoding="ascii") as handle:
            self.assertFalse(is_alive(int(handle.read())))

    def test_machine_that_stays_after_the_end(self):
        start = time.monotonic()
        status, _, _ = self.run_fake(
            HELLO + "echo '(xenios) d0 powered off'; exec sleep 100")
        self.assertEqual(status, 0)
        self.assertLess(time.monotonic() - start, 10)

    def test_log_is_the_console(self):
        log = self.path("log")
        status, out, _ = self.run_fake(
            "printf '(xenios) a\\r\\nb\\rc\\r\\n(xenios) d0 powered off\\r\\n'",
            "--batch", "--log", log)
        self.assertEqual(status, 0)
        with open(log, "rb") as handle:
            text = handle.read()
        self.assertEqual(text, b"(xenios) a\nb\rc\n(xenios) d0 powered off\n")
        self.assertEqual(out.encode(), text)

    def test_reboot_starts_again_unless_batch(self):
        with mock.patch("sys.stdin", io.TextIOWrapper(io.BytesIO())):
            status, out, _ = self.run_fake(
                HELLO + "test -e %s && { echo '(xenios) d0 powered off'; "
                "exit; }; touch %s; echo '(xenios) d0 rebooted'" % (
                    self.path("second"), self.path("second")), "--cpus", "1")
        self.assertEqual(status, 0)
        self.assertEqual(out.count("(xenios) Xenios"), 2)
        self.assertIn("rebooted", out)

    def test_gdb_prints_a_command(self):
        status, _, errors = self.run_fake(
            HELLO + "echo '(xenios) d0 powered off'", "--batch", "--gdb")
        self.assertEqual(status, 0)
        self.assertIn("gdb ", errors)
        self.assertIn("target remote 127.0.0.1:", errors)
        self.assertIn(os.path.join("tools", "gdb", "hv.py"), errors)


class Input(ToolTest):
    """Piped input waits for the guest's prompts."""

    SCRIPT = textwrap.dedent("""
        import sys
        sys.path.insert(0, sys.argv[1])
        from xenios_lib.session import Session
        final = Session([sys.argv[2]], "xenios", 20, interactive=True).run()
        sys.exit(final.status)
        """)

    def test_debug_key(self):
        fake = self.fake_qemu(
            HELLO + "head -c 7 >%s; echo '(xenios) d0 powered off'" %
            self.path("keys"))
        made = Session([fake], "xenios", 20, show=False, on_line=lambda line:
                       line.endswith("Xenios") and made.debug_key(b"a"))
        self.assertEqual(made.run().status, 0)
        with open(self.path("keys"), "rb") as handle:
            self.assertEqual(handle.read(), b"\1\1\1a\1\1\1")

    def pipe(self, body, data):
        """Run a fake QEMU with piped input."""
        return subprocess.run(
            [sys.executable, "-c", self.SCRIPT, os.path.join(ROOT, "tools"),
             self.fake_qemu(body)], input=data, stdout=subprocess.PIPE,
            check=False)

    PROMPTING = """exec python3 -c '
import os, select, time
def early():
    return bool(select.select([0], [], [], 0.5)[0])
def say(text):
    os.write(1, text.encode())
assert not early()
say("(xenios) Xenios\\n")
assert not early()
say("stub> ")
assert os.read(0, 100) == b"help\\r"
assert not early()
say("helped\\nstub> ")
assert os.read(0, 100) == b"\\x04"
say("bye\\n(xenios) d0 powered off\\n")
'
"""

    def test_lines_go_to_the_prompt(self):
        done = self.pipe(self.PROMPTING, b"help\n")
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"stub> helped\nstub> bye\n", done.stdout)

    def test_ctrl_c_leaves_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            qemu = self.fake_qemu(HELLO + "echo $$; exec sleep 100")
            with subprocess.Popen(
                    [sys.executable, "-c", self.SCRIPT,
                     os.path.join(ROOT, "tools"), qemu],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE) as tool:
                tool.stdout.readline()
                pid = int(tool.stdout.readline())
                self.assertTrue(is_alive(pid))
                tool.send_signal(number)
                tool.wait(10)
            until = time.monotonic() + 5
            while is_alive(pid) and time.monotonic() < until:
                time.sleep(0.05)
            self.assertFalse(is_alive(pid), number)


class Machines(ToolTest):
    """QEMU's command line."""

    def machine(self, **fields):
        """A machine that boots directly."""
        made = machine.Machine()
        made.boot, made.d0 = "direct", "/k/stub.elf"
        made.hypervisor_elf = "/h/xenios.elf32"
        for name, value in fields.items():
            setattr(made, name, value)
        self.addCleanup(made.clean)
        return made

    @staticmethod
    def option(command, name):
        """The word behind an option."""
        return command[command.index(name) + 1]

    def test_defaults(self):
        command = self.machine().prepare()
        self.assertEqual(self.option(command, "-smp"), "2")
        self.assertEqual(self.option(command, "-m"), "512")
        self.assertEqual(self.option(command, "-cpu"), "qemu64")
        self.assertEqual(self.option(command, "-append"),
                         "d0_mem=128 d0_vcpus=1")
        self.assertNotIn("-icount", command)

    def test_commas_are_doubled(self):
        command = self.machine(cmdline="a=1,b=2",
                               ramdisks=["/k/disk"]).prepare()
        self.assertEqual(self.option(command, "-initrd"),
                         "/k/stub.elf a=1,,b=2,/k/disk")

    def test_blanks_in_a_path(self):
        path = self.file("my kernel", GOOD)
        command = self.machine(d0=path, cmdline="x").prepare()
        name, text = self.option(command, "-initrd").split(" ", 1)
        self.assertEqual(text, "x")
        self.assertTrue(os.path.samefile(name, path))

    def test_no_module(self):
        self.assertNotIn("-initrd", self.machine(d0=None).prepare())

    def test_a_plain_guest(self):
        line = self.machine(d0_as="guest").hypervisor_line()
        self.assertIn("d0=guest", line.split())

    def test_icount(self):
        command = self.machine(icount=True).prepare()
        self.assertEqual(self.option(command, "-icount"),
                         "shift=0,sleep=off")
        self.assertEqual(self.option(command, "-rtc"),
                         "clock=vm,base=2026-01-01")

    def test_grub_quoting(self):
        text = grub_config("d0_mem=128", [("module0", "a 'b' $c"),
                                          ("module1", "")])
        self.assertIn("multiboot2 /boot/xenios.elf 'd0_mem=128'", text)
        self.assertIn("module2 /boot/module0 'a' ''\\''b'\\''' '$c'", text)
        self.assertIn("module2 --nounzip /boot/module1", text)

    def test_uefi_has_a_minimum(self):
        status, errors = self.tool("run", "--boot", "uefi", "--memory", "32")
        self.assertEqual(status, 2)
        self.assert_one_line(errors, "--memory 64")


class Stops(ToolTest):
    """Ending a run from outside."""

    def test_on_line_may_stop(self):
        qemu = self.fake_qemu(HELLO + "echo enough; exec sleep 100")
        session = Session([qemu], "xenios", 20, show=False)
        session.console._on_line = (  # pylint: disable=protected-access
            lambda line: line == "enough" and session.stop(1, "enough"))
        self.assertEqual(session.run().text, "enough")


if __name__ == "__main__":
    unittest.main()
