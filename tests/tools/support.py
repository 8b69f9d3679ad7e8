# SPDX-License-Identifier: MIT
"""What the tests of the tool share: small ELF files and fake QEMUs."""
import contextlib
import io
import os
import stat
import struct
import sys
import tempfile
import unittest
from unittest import mock

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tools"))
sys.dont_write_bytecode = True

from xenios_lib import cli  # noqa: E402

ENTRY, PHYS32_ENTRY = 1, 18


def note(name, kind, desc=b"\0" * 8):
    """One ELF note."""
    padded = name + b"\0" * (-len(name) % 4)
    return struct.pack("<III", len(name), len(desc), kind) + padded + desc


def elf(bits=64, machine=62, kind=2, note_header=b"", note_section=b"",
        section_name=None):
    """A small ELF file with notes in a header, in a section, or none."""
    if bits == 32:
        return b"\x7fELF\x01\x01\x01" + b"\0" * 200
    names = b"\0.note\0" + (section_name or b"") + b"\0"
    body = 64 + 56
    at_section = body + len(note_header)
    at_names = at_section + len(note_section)
    table = (at_names + len(names) + 7) // 8 * 8
    data = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    data += struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, 0, 64, table, 0,
                        64, 56, 1, 64, 3, 2)
    data += struct.pack("<IIQQQQQQ", 4, 4, body, 0, 0, len(note_header),
                        len(note_header), 4)
    data += note_header + note_section + names
    data = data.ljust(table, b"\0")
    for name, sh_type, offset, size in (
            (1, 7, at_section, len(note_section)),
            (7 if section_name else 0, 1, at_section, 0),
            (0, 3, at_names, len(names))):
        data += struct.pack("<IIQQQQIIQQ", name, sh_type, 0, 0, offset, size,
                            0, 0, 4, 0)
    return data


GOOD = elf(note_header=note(b"Xen\0", ENTRY))


class ToolTest(unittest.TestCase):
    """A test with a directory and a cache of its own."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        patch = mock.patch.dict(os.environ, {
            "XENIOS_CACHE": self.path("cache")})
        patch.start()
        self.addCleanup(patch.stop)

    def path(self, name):
        """A path in the test's directory."""
        return os.path.join(self.directory, name)

    def file(self, name, data):
        """A file in the test's directory."""
        with open(self.path(name), "wb") as handle:
            handle.write(data)
        return self.path(name)

    def fake_qemu(self, body):
        """A shell script that plays QEMU."""
        path = self.file("qemu", b"#!/bin/sh\n" + body.encode())
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
        return path

    def tool(self, *arguments):
        """Run the tool in this process: (exit status, stderr)."""
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors):
            try:
                status = cli.main(list(arguments))
            except SystemExit as end:
                status = end.code
        return status, errors.getvalue()

    def assert_one_line(self, errors, *words):
        """The message is one line of ours, and holds these words."""
        lines = errors.splitlines()
        self.assertEqual(len(lines), 1, errors)
        self.assertTrue(lines[0].startswith("xenios: "), errors)
        for word in words:
            self.assertIn(word, lines[0])
