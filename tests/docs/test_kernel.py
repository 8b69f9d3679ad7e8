#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The kernel in docs/your-own-kernel.md, taken from the page, built by the
commands on the page, and booted."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
sys.dont_write_bytecode = True

from xenios_lib import images, session  # noqa: E402
from xenios_lib.base import OK, ToolError  # noqa: E402
from xenios_lib.machine import Machine  # noqa: E402

PAGE = os.path.join(ROOT, "docs", "your-own-kernel.md")


class Kernel(unittest.TestCase):
    """One boot on each hypervisor."""

    def setUp(self):
        for program in ("nasm", "ld"):
            if not shutil.which(program):
                self.skipTest("there is no %s" % program)
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        with open(PAGE, encoding="utf-8") as handle:
            page = handle.read()
        source = re.search(r"```nasm\n(.*?)```", page, re.S).group(1)
        with open(os.path.join(self.directory.name, "hello.asm"), "w",
                  encoding="utf-8") as handle:
            handle.write(source)
        commands = re.findall(r"^    ((?:nasm|ld) .*)$", page, re.M)
        self.assertEqual(len(commands), 2)
        for command in commands:
            subprocess.run(command.split(), cwd=self.directory.name,
                           check=True)

    def boot(self, hypervisor):
        """The console of a machine with that kernel."""
        machine = Machine()
        machine.hypervisor = hypervisor
        machine.boot = "direct"
        machine.d0 = os.path.join(self.directory.name, "hello")
        lines = []
        try:
            final = session.Session(machine.prepare(), hypervisor, 120,
                                    show=False, on_line=lines.append).run()
        finally:
            machine.clean()
        self.assertEqual(final.status, OK, "\n".join(lines))
        return lines

    def test_on_xenios(self):
        """As the page says."""
        self.assertIn("hello from ring 3", self.boot("xenios"))

    def test_on_xen(self):
        """The same."""
        try:
            images.xen_image()
        except ToolError as error:
            self.skipTest(str(error))
        self.assertIn("hello from ring 3", self.boot("xen"))


if __name__ == "__main__":
    unittest.main()
