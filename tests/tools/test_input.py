# SPDX-License-Identifier: MIT
"""Mistakes of the user: one line that says what to do, exit status 2."""
import gzip
import os
import unittest
from unittest import mock

from support import (ENTRY, GOOD, PHYS32_ENTRY, ROOT, ToolTest, elf, note)

from xenios_lib import images
from xenios_lib.base import InputError
from xenios_lib.elf import check_pv_kernel


class Host(ToolTest):
    """What this host refuses is one line, too."""

    def test_errors_of_the_system(self):
        full = OSError(28, "No space left on device", "/cache/xen")
        with mock.patch("xenios_lib.fetch.EVERYTHING",
                        {"xen": mock.Mock(side_effect=full)}):
            status, errors = self.tool("fetch", "--no-install", "xen")
        self.assertEqual(status, 1)
        self.assert_one_line(errors, "/cache/xen: no space left on device")


class Arguments(ToolTest):
    """The command line itself."""

    def refused(self, *arguments, words=()):
        """`run` with these arguments ends with 2 and one line."""
        status, errors = self.tool("run", *arguments)
        self.assertEqual(status, 2)
        self.assert_one_line(errors, *words)

    def test_no_command(self):
        status, errors = self.tool()
        self.assertEqual(status, 2)
        self.assert_one_line(errors, "COMMAND")

    def test_unknown_option(self):
        self.refused("--frobnicate", words=["--frobnicate"])

    def test_abbreviation_is_unknown(self):
        self.refused("--mem", "64", words=["--mem"])

    def test_number_expected(self):
        self.refused("--cpus", "many", words=["--cpus"])

    def test_numbers_out_of_range(self):
        for option in ("--cpus", "--memory", "--d0-memory", "--d0-vcpus"):
            for value in ("0", "-1", "99999999"):
                self.refused(option, value, words=[option, value])

    def test_timeout_must_be_positive(self):
        for value in ("0", "-3", "nan", "inf", "soon"):
            self.refused("--timeout", value, words=["--timeout"])

    def test_too_many_vcpus(self):
        self.refused("--d0-vcpus", "33", words=["--d0-vcpus", "32"])

    def test_d0_as(self):
        self.refused("--d0-as", "king", words=["--d0-as", "guest"])
        self.refused("--d0-as", "guest", "--on", "xen",
                     words=["--d0-as guest", "Xen", "privileges"])

    def test_bare_machine(self):
        self.refused("--on", "bare", words=["--on bare", "--d0 linux"])
        kernel = self.file("vmlinuz", b"")
        self.refused("--on", "bare", "--d0", kernel, "--ramdisk", kernel,
                     "--ramdisk", kernel, words=["one ramdisk"])

    def test_linux_beside_linux(self):
        for words in (("--on", "mars"), ("--rounds", "0"),
                      ("--turns", "0")):
            status, errors = self.tool("bench", "linux", "--no-install",
                                       *words)
            self.assertEqual(status, 2)
            self.assert_one_line(errors, *words)

    def test_boot_choice(self):
        self.refused("--boot", "floppy", words=["--boot", "uefi"])

    def test_line_break_in_command_line(self):
        self.refused("--cmdline", "a\nb", words=["--cmdline"])

    def test_log_not_writable(self):
        kernel = self.file("good", GOOD)
        self.refused("--d0", kernel, "--log", self.path("no/such/log"),
                     words=["log"])

    def test_quick_and_long_exclude_each_other(self):
        status, errors = self.tool("test", "--quick", "--long")
        self.assertEqual(status, 2)
        self.assert_one_line(errors, "--quick", "--long")


class Files(ToolTest):
    """What --d0 and --ramdisk name."""

    def refused(self, data, *words):
        """A file with this content is refused."""
        status, errors = self.tool("run", "--d0", self.file("k", data))
        self.assertEqual(status, 2)
        self.assert_one_line(errors, self.path("k"), *words)

    def test_missing(self):
        status, errors = self.tool("run", "--d0", self.path("nothing"))
        self.assertEqual(status, 2)
        self.assert_one_line(errors, "nothing", "check the path")

    def test_missing_ramdisk(self):
        status, errors = self.tool("run", "--ramdisk", self.path("nothing"))
        self.assertEqual(status, 2)
        self.assert_one_line(errors, "ramdisk", "nothing")

    def test_directory(self):
        status, errors = self.tool("run", "--d0", self.directory)
        self.assertEqual(status, 2)
        self.assert_one_line(errors, "not a regular file")

    def test_unreadable(self):
        path = self.file("secret", GOOD)
        # root can read every file, so the host's answer is made up
        with mock.patch.object(os, "access", return_value=False):
            status, errors = self.tool("run", "--d0", path)
        self.assertEqual(status, 2)
        self.assert_one_line(errors, "permissions")

    def test_readme(self):
        status, errors = self.tool("run", "--d0",
                                   os.path.join(ROOT, "README.md"))
        self.assertEqual(status, 2)
        self.assert_one_line(errors, "README.md", "not an ELF")

    def test_empty(self):
        self.refused(b"", "not an ELF")

    def test_32_bit(self):
        self.refused(elf(bits=32), "32-bit", "not supported yet")

    def test_other_machine(self):
        self.refused(elf(machine=183), "another machine")

    def test_object_file(self):
        self.refused(elf(kind=1, note_header=note(b"Xen\0", ENTRY)),
                     "object file")

    def test_no_notes(self):
        self.refused(elf(), "no Xen notes")

    def test_notes_of_others(self):
        self.refused(elf(note_header=note(b"GNU\0", ENTRY)), "no Xen notes")

    def test_pvh_only(self):
        self.refused(elf(note_header=note(b"Xen\0", PHYS32_ENTRY)), "PVH")

    def test_every_cut(self):
        for length in range(len(GOOD)):
            try:
                check_pv_kernel("k", GOOD[:length])
            except InputError:
                pass

    def test_damaged_gzip(self):
        self.refused(gzip.compress(GOOD)[:-12], "gzip")

    def test_gzip_of_text(self):
        self.refused(gzip.compress(b"hello"), "not an ELF")


class GoodKernels(ToolTest):
    """The ways in which a kernel may carry its notes."""

    def test_note_header(self):
        check_pv_kernel("k", GOOD)

    def test_note_section(self):
        check_pv_kernel("k", elf(note_section=note(b"Xen\0", ENTRY)))

    def test_second_note(self):
        check_pv_kernel("k", elf(note_header=note(b"GNU\0", 1, b"abcde\0\0\0")
                                 + note(b"Xen\0", ENTRY)))

    def test_xen_guest_section(self):
        check_pv_kernel("k", elf(section_name=b"__xen_guest"))

    def test_gzip_is_unpacked(self):
        path = self.file("k.gz", gzip.compress(GOOD))
        plain = images.guest_kernel(path)
        with open(plain, "rb") as handle:
            self.assertEqual(handle.read(), GOOD)
        self.assertEqual(images.guest_kernel(path), plain)

    def test_plain_is_booted_in_place(self):
        path = self.file("k", GOOD)
        self.assertEqual(images.guest_kernel(path), path)


if __name__ == "__main__":
    unittest.main()
