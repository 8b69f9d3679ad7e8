# SPDX-License-Identifier: MIT
"""bzImages: small ones made here for each compression, and damaged ones."""
import bz2
import gzip
import lzma
import os
import shutil
import struct
import subprocess
import unittest
from unittest import mock

from support import ENTRY, GOOD, PHYS32_ENTRY, ToolTest, elf, note

from xenios_lib import bzimage, images, packages
from xenios_lib.base import InputError

KERNEL = GOOD + bytes(range(256)) * 40


def bzimage_of(packed, protocol=0x20f, sectors=3, gap=b"\x90" * 33):
    """A bzImage around a payload which already ends with its size."""
    start = ((sectors or 4) + 1) * 512
    head = bytearray(start)
    head[0:2] = b"MZ"
    head[0x1f1] = sectors
    head[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", head, 0x206, protocol)
    struct.pack_into("<II", head, 0x248, len(gap), len(packed))
    return bytes(head) + gap + packed + b"\0" * 200


def sized(packed, kernel=KERNEL):
    """The payload as Linux's build ends it."""
    return packed + struct.pack("<I", len(kernel))


def by_program(command, data):
    """Let a program compress."""
    if shutil.which(command[0]) is None:
        raise unittest.SkipTest("no %s here" % command[0])
    return subprocess.run(command, input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=True).stdout


def xz(data):
    """As Linux's build packs: with the filter for x86 code."""
    return lzma.compress(data, check=lzma.CHECK_CRC32, filters=[
        {"id": lzma.FILTER_X86},
        {"id": lzma.FILTER_LZMA2, "dict_size": 32 << 20}])


def lzma_alone(data):
    """The format before xz."""
    return lzma.compress(data, format=lzma.FORMAT_ALONE)


class Good(ToolTest):
    """Each compression that Linux offers."""

    def assert_unpacked(self, packed):
        """The tool finds the kernel in this payload, twice."""
        path = self.file("vmlinuz", bzimage_of(packed))
        plain = images.guest_kernel(path)
        with open(plain, "rb") as handle:
            self.assertEqual(handle.read(), KERNEL)
        with mock.patch.object(bzimage, "unpack") as unpack:
            self.assertEqual(images.guest_kernel(path), plain)
        unpack.assert_not_called()

    def test_gzip(self):
        self.assert_unpacked(gzip.compress(KERNEL))

    def test_bzip2(self):
        self.assert_unpacked(sized(bz2.compress(KERNEL)))

    def test_xz(self):
        self.assert_unpacked(sized(xz(KERNEL)))

    def test_lzma(self):
        self.assert_unpacked(sized(lzma_alone(KERNEL)))

    def test_lz4_legacy(self):
        self.assert_unpacked(sized(by_program(["lz4", "-l", "-c"], KERNEL)))

    def test_lzo(self):
        self.assert_unpacked(sized(by_program(["lzop", "-9", "-c"], KERNEL)))

    def test_zstd(self):
        self.assert_unpacked(sized(by_program(
            ["zstd", "-q", "-c", "--ultra", "-22"], KERNEL)))

    def test_no_setup_sectors_means_four(self):
        path = self.file("k", bzimage_of(gzip.compress(KERNEL), sectors=0))
        self.assertTrue(images.guest_kernel(path))

    def test_old_kernels_leave_the_cache(self):
        for index in range(images.KERNEL_KEEP + 3):
            data = KERNEL + bytes([index])
            images.guest_kernel(self.file("k", gzip.compress(data)))
        kept = os.listdir(os.path.join(self.path("cache"), "kernels"))
        self.assertEqual(len(kept), images.KERNEL_KEEP)


class Bad(ToolTest):
    """One clear line, status 2."""

    def refused(self, data, *words):
        """`run` refuses this file."""
        status, errors = self.tool("run", "--d0", self.file("vmlinuz", data))
        self.assertEqual(status, 2)
        self.assert_one_line(errors, self.path("vmlinuz"), *words)

    def test_header_cut_off(self):
        self.refused(bzimage_of(b"x" * 100)[:0x220], "cut off", "header")

    def test_payload_cut_off(self):
        whole = bzimage_of(gzip.compress(KERNEL))
        self.refused(whole[:-220], "cut off", "kernel")

    def test_offset_that_wraps(self):
        data = bytearray(bzimage_of(gzip.compress(KERNEL)))
        struct.pack_into("<II", data, 0x248, 0xfffffff0, 0x40)
        self.refused(bytes(data), "cut off")

    def test_old_protocol(self):
        self.refused(bzimage_of(gzip.compress(KERNEL), protocol=0x207),
                     "protocol 2.07")

    def test_no_payload(self):
        self.refused(bzimage_of(b""), "without a compressed kernel")

    def test_unknown_compression(self):
        self.refused(bzimage_of(sized(b"\x12\x34\x56\x78" * 9)),
                     "12 34 56 78")

    def test_damage(self):
        for name, packed in (("gzip", gzip.compress(KERNEL)),
                             ("bzip2", sized(bz2.compress(KERNEL))),
                             ("xz", sized(xz(KERNEL))),
                             ("lzma", sized(lzma_alone(KERNEL)))):
            damaged = bytearray(packed)
            for index in range(40, 80):
                damaged[index] ^= 0x55
            self.refused(bzimage_of(bytes(damaged)), "damaged", name)

    def test_damage_seen_by_a_program(self):
        packed = bytearray(sized(by_program(["lz4", "-l", "-c"], KERNEL)))
        packed[4:8] = b"\xff\xff\xff\x7f"
        self.refused(bzimage_of(bytes(packed)), "damaged", "lz4")

    def test_larger_than_it_says(self):
        packed = xz(bytes(8 << 20)) + struct.pack("<I", 4096)
        self.refused(bzimage_of(packed), "damaged")

    def test_absurd_size(self):
        packed = xz(KERNEL) + struct.pack("<I", 0xffffffff)
        self.refused(bzimage_of(packed), "4095 MiB")

    def test_no_elf_inside(self):
        text = b"hello" * 100
        self.refused(bzimage_of(sized(xz(text), text)), "not an ELF")

    def test_no_pv_inside(self):
        kernel = elf()
        self.refused(bzimage_of(sized(xz(kernel), kernel)), "no Xen notes",
                     "CONFIG_XEN_PV")

    def test_pvh_beside_other_notes(self):
        kernel = elf(note_header=note(b"Xen\0", PHYS32_ENTRY) +
                     note(b"Xen\0", 6))
        self.refused(bzimage_of(sized(xz(kernel), kernel)), "PVH")
        kernel = elf(note_header=note(b"Xen\0", PHYS32_ENTRY) +
                     note(b"Xen\0", ENTRY))
        path = self.file("both", bzimage_of(sized(xz(kernel), kernel)))
        self.assertTrue(images.guest_kernel(path))

    def test_every_cut(self):
        whole = bzimage_of(sized(xz(KERNEL)))[:-200]
        for length in range(0x206, len(whole), 13):
            with self.assertRaises(InputError):
                bzimage.unpack("k", whole[:length])

    def test_missing_program(self):
        data = bzimage_of(sized(b"\x89LZO\0\r\n\x1a\n" + b"x" * 99))
        path = self.file("k", data)
        with mock.patch.object(packages, "is_present", lambda p: False):
            status, errors = self.tool("run", "--no-install", "--d0", path)
        self.assertEqual(status, 2)
        self.assert_one_line(errors, "lzop", "apt-get install")


if __name__ == "__main__":
    unittest.main()
