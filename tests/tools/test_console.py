# SPDX-License-Identifier: MIT
"""Final lines: which text means which exit status, and who may say it."""
import unittest

import support  # noqa: F401  (sets the import path)

from xenios_lib.base import CRASHED, OK, PANIC, REFUSED
from xenios_lib.console import Console


def final(hypervisor, data, size=None):
    """(status, text) after these bytes, fed in pieces of a size."""
    console = Console(hypervisor)
    step = size or len(data)
    for start in range(0, len(data), step):
        console.feed(data[start:start + step])
    console.end()
    return console.final and (console.final.status, console.final.text)


class Xenios(unittest.TestCase):
    """The hypervisor's own final lines."""

    CASES = (
        (b"(xenios) d0 powered off\r\n", OK, "d0 powered off"),
        (b"(xenios) d0 rebooted\n", OK, "d0 rebooted"),
        (b"(xenios) d0 crashed: double fault\r\n", CRASHED,
         "d0 crashed: double fault"),
        (b"(xenios) PANIC: asked for\r\n", PANIC,
         "hypervisor panic: asked for"),
        (b"(xenios) cannot start: no guest\r\n", REFUSED,
         "the hypervisor refused to start: no guest"),
    )

    def test_statuses(self):
        for line, status, text in self.CASES:
            data = b"(xenios) Xenios 0.1\r\n" + line + b"more\r\n"
            for size in (None, 1, 7):
                self.assertEqual(final("xenios", data, size), (status, text))

    def test_last_line_without_end(self):
        self.assertEqual(final("xenios", b"(xenios) d0 powered off"),
                         (OK, "d0 powered off"))

    def test_refusal_is_the_first_line(self):
        self.assertEqual(
            final("xenios", b"\x1b[2J\x1b[01;01Hxenios\x1b[0m"
                  b"(xenios) cannot start: no NX\r\n"),
            (REFUSED, "the hypervisor refused to start: no NX"))

    def test_guest_cannot_fake(self):
        banner = b"(xenios) Xenios 0.1\r\n"
        for lie in (b" (xenios) PANIC: no\r\n", b"\r(xenios) PANIC: no\r\n",
                    b"x(xenios) d0 powered off\r\n",
                    b"\x1b[1G(xenios) d0 crashed: no\n",
                    b"(xenios)  d0 powered off\n"):
            self.assertIsNone(final("xenios", banner + lie), lie)

    def test_long_line_does_not_hide_the_end(self):
        data = b"(xenios) hello\n" + b"x" * 100000 + b"\n(xenios) PANIC: a\n"
        self.assertEqual(final("xenios", data, 4000)[0], PANIC)

    def test_panic_overrides(self):
        data = b"(xenios) d0 crashed: a\n(xenios) PANIC: b\n"
        self.assertEqual(final("xenios", data)[0], PANIC)

    def test_first_end_counts(self):
        data = b"(xenios) d0 crashed: a\n(xenios) d0 powered off\n"
        self.assertEqual(final("xenios", data)[0], CRASHED)

    def test_xen_lines_mean_nothing(self):
        self.assertIsNone(final("xenios", b"(xenios) a\n(XEN) Hardware Dom0 "
                                b"halted: halting machine\n"))


class Xen(unittest.TestCase):
    """Debian's Xen."""

    CASES = (
        (b"(XEN) Hardware Dom0 halted: halting machine\r\n", OK,
         "d0 powered off"),
        (b"(XEN) Entering ACPI S5 state.\n", OK, "d0 powered off"),
        (b"(XEN) Hardware Dom0 shutdown: rebooting machine\r\n", OK,
         "d0 rebooted"),
        (b"(XEN) Hardware Dom0 crashed: 'noreboot' set - not rebooting.\r\n",
         CRASHED, "d0 crashed"),
        (b"(XEN) Domain 0 (vcpu#0) crashed on cpu#1:\r\n", CRASHED,
         "d0 crashed: (vcpu#0)"),
        (b"(XEN) Panic on CPU 0:\r\n(XEN) FATAL TRAP\r\n", PANIC,
         "hypervisor panic: Panic on CPU 0:"),
        (b"(XEN) Panic on CPU 0:\r\n(XEN) Could not construct domain 0\r\n",
         REFUSED, "the hypervisor refused to start: Could not construct "
         "domain 0"),
    )

    def test_statuses(self):
        for line, status, text in self.CASES:
            data = b" Xen 4.17\r\nhello " + line
            self.assertEqual(final("xen", data), (status, text))

    def test_input_is_ready_when_dom0_gets_it(self):
        console = Console("xen")
        console.feed(b" Xen 4.17\r\n")
        self.assertFalse(console.input_ready)
        console.feed(b"(XEN) *** Serial input to DOM0 (type")
        console.feed(b" 'CTRL-a' three times to switch input)\r\n")
        self.assertTrue(console.input_ready)


class Others(unittest.TestCase):
    """An ordinary domain of Xen, and no hypervisor at all."""

    DOMU_CASES = (
        (b"(dom0) the guest powered off\r\n(XEN) Entering ACPI S5 state.\n",
         OK, "the guest powered off"),
        (b"(dom0) the guest rebooted\n", OK, "d0 rebooted"),
        (b"(dom0) the guest crashed: shutdown reason 3\n", CRASHED,
         "the guest crashed: shutdown reason 3"),
        (b"(dom0) cannot start the guest: no xenstored\n", REFUSED,
         "cannot start the guest: no xenstored"),
        (b"(XEN) Panic on CPU 0:\n", PANIC,
         "hypervisor panic: Panic on CPU 0:"),
    )
    BARE_CASES = (
        (b"[  7.9] reboot: Power down\n", OK, "the kernel powered off"),
        (b"[  7.9] Kernel panic - not syncing: No init found\n", CRASHED,
         "the kernel panicked: No init found"),
    )

    def test_domu(self):
        for line, status, text in self.DOMU_CASES:
            self.assertEqual(final("xen-domu", b" Xen 4.17\n" + line),
                             (status, text))

    def test_bare(self):
        for line, status, text in self.BARE_CASES:
            self.assertEqual(final("bare", line), (status, text))


class Shown(unittest.TestCase):
    """What reaches the terminal."""

    def test_firmware_cannot_clear_the_screen(self):
        console = Console("xenios")
        shown = console.feed(b"\x1b[2J\x1b[01;01HBdsDxe: loading\r\n\x1b[2J")
        shown += console.feed(b"\r\n\x1b[0m\x1b[37m(xenios) hello\r\n")
        self.assertEqual(shown, b"BdsDxe: loading\r\n(xenios) hello\r\n")

    def test_guest_may_use_escapes(self):
        console = Console("xenios")
        console.feed(b"(xenios) hello\r\n")
        self.assertEqual(console.feed(b"\x1b[1mbold"), b"\x1b[1mbold")

    def test_half_line_of_firmware_is_shown_at_the_end(self):
        console = Console("xenios")
        self.assertEqual(console.feed(b"grub> "), b"")
        self.assertEqual(console.end(), b"grub> ")

    def test_prompt(self):
        console = Console("xenios")
        console.feed(b"(xenios) hello\r\nstub> ")
        self.assertTrue(console.at_prompt())
        console.feed(b"help\r\n")
        self.assertFalse(console.at_prompt())


if __name__ == "__main__":
    unittest.main()
