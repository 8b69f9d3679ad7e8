# SPDX-License-Identifier: MIT
"""Missing packages: named in one line, installed unless told not to."""
import shutil
import unittest
from unittest import mock

from support import ToolTest

from xenios_lib import packages


class Missing(ToolTest):
    """With a host on which some packages are missing."""

    def setUp(self):
        super().setUp()
        self.calls = []
        self.works = [True]
        for name, value in (
                ("is_present", lambda package: package == "gcc"),
                ("apt_get", self.apt_get)):
            patch = mock.patch.object(packages, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def apt_get(self, *arguments):
        """Plays apt-get: notes its arguments."""
        self.calls.append(arguments)
        return self.works.pop(0) if self.works else True

    def test_only_printed(self):
        status, errors = self.tool("run", "--no-install")
        self.assertEqual(status, 2)
        self.assert_one_line(errors, "nasm", "qemu-system-x86",
                             "apt-get install")
        self.assertNotIn(" gcc ", errors)
        self.assertEqual(self.calls, [])

    def test_test_needs_more(self):
        status, errors = self.tool("test", "--list", "--no-install")
        self.assertEqual(status, 2)
        self.assert_one_line(errors, "check", "libxen-dev")

    def test_installed_after_one_line(self):
        with mock.patch.object(packages, "say") as say, \
                mock.patch.object(shutil, "which", lambda name: name):
            packages.require(["nasm", "gcc", "cmake"])
        say.assert_called_once_with("installing missing packages: nasm cmake")
        self.assertEqual(self.calls, [("install", "--no-install-recommends",
                                       "nasm", "cmake")])

    def test_lists_are_updated_when_needed(self):
        self.works = [False, True, True]
        with mock.patch.object(packages, "say"), \
                mock.patch.object(shutil, "which", lambda name: name):
            packages.require(["nasm"])
        self.assertEqual([call[0] for call in self.calls],
                         ["install", "update", "install"])

    def test_other_distributions_get_the_names(self):
        with mock.patch.object(shutil, "which", lambda name: None):
            status, errors = self.tool("run")
        self.assertEqual(status, 2)
        self.assert_one_line(errors, "nasm", "by hand")

    def test_nothing_missing_nothing_said(self):
        packages.require(["gcc"])
        self.assertEqual(self.calls, [])


if __name__ == "__main__":
    unittest.main()
