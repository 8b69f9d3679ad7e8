# SPDX-License-Identifier: MIT
"""Names instead of files, packages in the cache, initial ramdisks; no net."""
import gzip
import os
import subprocess
import unittest
from unittest import mock

from support import GOOD, ToolTest

from xenios_lib import debs, fetch, images, packages, ramdisk
from xenios_lib.base import ToolError
from xenios_lib.cpio import Archive

SHOW = """Package: linux-image-amd64
Version: 6.1.192-2
Depends: linux-base (>= 4) | other, linux-image-6.1.0-56-amd64 (= 6.1.192-2)
Description: none
"""


def entries(data):
    """{name: (mode, content)} of a newc archive, read by its own rules."""
    found, offset = {}, 0
    while True:
        assert data[offset:offset + 6] == b"070701", offset
        fields = [int(data[offset + 6 + 8 * i:offset + 14 + 8 * i], 16)
                  for i in range(13)]
        size, length = fields[6], fields[11]
        name = data[offset + 110:offset + 109 + length].decode()
        offset = (offset + 110 + length + 3) // 4 * 4
        if name == "TRAILER!!!":
            return found
        assert name not in found, name
        found[name] = (fields[1], data[offset:offset + size])
        offset = (offset + size + 3) // 4 * 4


class Cpio(unittest.TestCase):
    """The archive writer."""

    def test_entries(self):
        archive = Archive()
        archive.file("usr/bin/a", b"12345", 0o755)
        archive.symlink("usr/bin/b", "a")
        archive.character_device("dev/null", 1, 3)
        found = entries(archive.data())
        self.assertEqual(list(found), ["usr", "usr/bin", "usr/bin/a",
                                       "usr/bin/b", "dev", "dev/null"])
        self.assertEqual(found["usr"], (0o040755, b""))
        self.assertEqual(found["usr/bin/a"], (0o100755, b"12345"))
        self.assertEqual(found["usr/bin/b"], (0o120777, b"a"))
        self.assertEqual(found["dev/null"], (0o020600, b""))

    def test_same_entries_same_bytes(self):
        def make():
            archive = Archive()
            archive.file("a", b"x")
            return archive.data()
        self.assertEqual(make(), make())

    def test_no_name_twice(self):
        archive = Archive()
        archive.directory("a")
        with self.assertRaises(ValueError):
            archive.file("/a", b"")


class Debs(ToolTest):
    """apt and dpkg, played."""

    def setUp(self):
        super().setUp()
        self.updates = 0
        patches = (mock.patch.object(debs, "say"),
                   mock.patch.object(debs.shutil, "which", lambda p: p),
                   mock.patch.object(packages, "apt_get", self.apt_get))
        for patch in patches:
            patch.start()
            self.addCleanup(patch.stop)

    def apt_get(self, *arguments):
        """Plays `apt-get update`."""
        self.assertEqual(arguments, ("update",))
        self.updates += 1
        return True

    def play(self, refusals=0):
        """Plays `apt-get download` and `dpkg-deb -x`; the first downloads
        fail."""
        left = [refusals]

        def run(command, cwd=None, **_):
            if "download" in command:
                if left[0]:
                    left[0] -= 1
                    return subprocess.CompletedProcess(command, 100,
                                                       b"404\n")
                with open(os.path.join(cwd, command[-1] + "_1.deb"), "wb"):
                    pass
            else:
                os.mkdir(command[-1])
                with open(os.path.join(command[-1], "file"), "wb"):
                    pass
            return subprocess.CompletedProcess(command, 0, b"")
        return mock.patch.object(debs.subprocess, "run", run)

    def test_an_unpacked_xen_has_its_version(self):
        def unpack(_package, directory):
            boot = os.path.join(directory, "root", "boot")
            os.makedirs(boot)
            with gzip.open(os.path.join(boot, "xen-4.17-amd64.gz"), "wb") as h:
                h.write(b"xen")

        def write(path, data):
            if os.path.basename(path) == broken:
                raise KeyboardInterrupt
            with open(path, "wb") as handle:
                handle.write(data)
        with mock.patch.multiple(images, write_atomically=write), \
                mock.patch.multiple(debs, unpack_into=unpack,
                                    look_up=lambda *_: "xen"):
            for broken in ("xen", "version"):
                with self.assertRaises(KeyboardInterrupt):
                    images.xen_image()
            broken = None
            self.assertTrue(os.path.exists(images.xen_image()))
        self.assertEqual(images.xen_version(), "xen-4.17-amd64")

    def test_dependency(self):
        with mock.patch.object(debs, "_output", lambda *c: SHOW):
            self.assertEqual(debs.dependency("linux-image-amd64",
                                             fetch.IMAGE_PACKAGE),
                             "linux-image-6.1.0-56-amd64")
            self.assertIsNone(debs.dependency("linux-image-amd64", "xen.*"))

    def test_dependencies(self):
        text = ("Package: a\nPre-Depends: libz (>= 1)\n"
                "Depends: libc6:any (>= 2), one | two, last\n")
        with mock.patch.object(debs, "_output", lambda *c: text):
            self.assertEqual(debs.dependencies("a"),
                             ["libz", "libc6", "one", "last"])

    def test_fetched_together(self):
        final = self.path("both")
        with self.play():
            for _ in range(2):
                debs.unpacked_together(final, lambda: ["one"])
        self.assertEqual(os.listdir(final), ["file"])

    def test_fetched_once(self):
        choose = mock.Mock(return_value="pack")
        with self.play():
            first = debs.unpacked("name", choose)
            self.assertEqual(debs.unpacked("name", choose), first)
            choose.assert_called_once()
            debs.unpacked("name", choose, renew=True)
        self.assertEqual(choose.call_count, 2)
        self.assertEqual(sorted(os.listdir(first)), ["file", "package"])
        self.assertEqual(sorted(os.listdir(os.path.dirname(first))),
                         ["name", "name.lock"])

    def test_old_lists_are_updated(self):
        with self.play(refusals=1):
            debs.unpacked("name", lambda: "pack")
        self.assertEqual(self.updates, 1)

    def test_no_network(self):
        with self.play(refusals=9), self.assertRaisesRegex(ToolError, "404"):
            debs.unpacked("name", lambda: "pack")

    def test_unknown_package(self):
        with self.assertRaisesRegex(ToolError, "knows no package for name"):
            debs.unpacked("name", lambda: None)
        self.assertEqual(self.updates, 1)

    def test_a_finish_that_fails_leaves_nothing(self):
        def finish(_):
            raise ToolError("depmod failed")
        with self.play(), self.assertRaises(ToolError):
            debs.unpacked("name", lambda: "pack", finish)
        self.assertEqual(os.listdir(os.path.join(self.path("cache"),
                                                 "packages")),
                         ["name.lock"])

    def test_no_apt(self):
        with mock.patch.object(debs.shutil, "which", lambda p: None):
            with self.assertRaisesRegex(ToolError, "no apt-get here"):
                debs.unpacked("name", lambda: "pack")


class Names(ToolTest):
    """Where `run` takes a name."""

    def test_kernel(self):
        kernel = self.file("vmlinux", GOOD)
        with mock.patch.dict(fetch.KERNELS,
                             {"linux": lambda install: kernel}):
            self.assertEqual(fetch.kernel("linux"), kernel)
        self.assertEqual(fetch.kernel("./linux"), "./linux")
        self.assertEqual(fetch.kernel("other"), "other")

    def test_kinds_are_kept_apart(self):
        for option, name, names in (("--d0", "busybox", "linux-cloud"),
                                    ("--d0", "xen", "pvgrub"),
                                    ("--ramdisk", "linux", "tests")):
            status, errors = self.tool("run", option, name)
            self.assertEqual(status, 2)
            self.assert_one_line(errors, name, names)

    def test_unknown_name(self):
        status, errors = self.tool("fetch", "frob")
        self.assertEqual(status, 2)
        self.assert_one_line(errors, "frob", "busybox", "linux-cloud")

    def test_no_name(self):
        status, errors = self.tool("fetch")
        self.assertEqual(status, 2)
        self.assert_one_line(errors, "NAME")


class Ramdisks(ToolTest):
    """What stands behind `busybox` and `tests`."""

    def setUp(self):
        super().setUp()
        self.file("busybox", b"#!/bin/sh\necho bin/sh sbin/poweroff linuxrc "
                  b"bin/busybox usr/bin/awk\n")
        os.chmod(self.path("busybox"), 0o755)
        patch = mock.patch.object(ramdisk, "_busybox",
                                  lambda renew: self.path("busybox"))
        patch.start()
        self.addCleanup(patch.stop)

    def test_busybox(self):
        path = ramdisk.busybox()
        with gzip.open(path) as handle:
            found = entries(handle.read())
        self.assertEqual(found["bin/sh"], (0o120777, b"/bin/busybox"))
        self.assertEqual(found["init"][0], 0o100755)
        self.assertNotIn("linuxrc", found)
        for name in ("proc", "sys", "dev/console", "usr/bin/awk"):
            self.assertIn(name, found)
        self.assertEqual(ramdisk.busybox(), path)

    def test_tests(self):
        with mock.patch.object(packages, "is_present", lambda p: True):
            path = ramdisk.tests()
        with gzip.open(path) as handle:
            found = entries(handle.read())
        program = self.file("workload", found["bin/workload"][1])
        os.chmod(program, 0o755)
        listed = subprocess.run([program, "list"], stdout=subprocess.PIPE,
                                text=True, check=True).stdout
        self.assertIn("fork,pipe,", listed)
        sample = gzip.decompress(found["sample.gz"][1])
        self.assertEqual(len(sample), ramdisk.SAMPLE_SIZE)

    def test_a_workload_that_does_not_compile(self):
        with mock.patch.object(ramdisk, "GUESTS", self.directory):
            self.file("workload.c", b"int main(void) { return x; }\n")
            with self.assertRaisesRegex(ToolError, "compiling"):
                ramdisk.tests()

    def test_a_busybox_that_does_not_run(self):
        self.file("busybox", b"#!/bin/sh\nexit 1\n")
        with self.assertRaisesRegex(ToolError, "does not run"):
            ramdisk.busybox()


class Workload(ToolTest):
    """The workload's C part also runs on this machine."""

    def test_every_step(self):
        program = ramdisk._compiled(    # pylint: disable=protected-access
            os.path.join(ramdisk.GUESTS, "workload.c"), True)
        names = subprocess.run([program, "list"], stdout=subprocess.PIPE,
                               text=True, check=True).stdout
        for name in names.strip().split(","):
            if name in ("trace", "ldt"):
                continue    # a container may forbid them
            with self.subTest(step=name):
                done = subprocess.run([program, name], text=True, check=False,
                                      stdout=subprocess.PIPE)
                self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    unittest.main()
