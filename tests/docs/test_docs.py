#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does tools/lint/docs.py notice? A check that passes because it looks at
nothing would be found here."""
import os
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools", "lint"))
sys.dont_write_bytecode = True

import docs  # noqa: E402  pylint: disable=wrong-import-position


class Docs(unittest.TestCase):
    """What leads nowhere is found, and what leads somewhere is let be."""

    def test_links(self):
        """Files and headings."""
        def check(target):
            return docs.check_link("docs/tour.md", target)
        self.assertIsNone(check("subtle.md"))
        self.assertIsNone(check("../README.md"))
        self.assertIsNone(check("https://example.org/nothing"))
        self.assertIsNone(check("memory-map.md#a-cpus-block"))
        self.assertIn("does not exist", check("no-such-page.md"))
        self.assertIn("no such heading", check("subtle.md#no-such-heading"))

    def test_paths(self):
        """Paths in sentences, also shortened ones and patterns."""
        for text in ("hypervisor/core/sched.c", "core/sched.c", "hv/lock.h",
                     "tests/conformance/AREA/NAME/main.c", "trap/frame",
                     "tools/xenios run", "tests/unit/test_NAME.c",
                     "entry.asm"):
            self.assertIsNone(docs.check_code(text, set()), text)
        for text in ("core/no_such_file.c", "trap/no-such-case",
                     "tools/no-such-tool run", "no_such_file.c"):
            self.assertIsNotNone(docs.check_code(text, set()), text)

    def test_names(self):
        """Functions, constants and types must occur in the sources."""
        words = docs.source_words()
        for text in ("spin_lock()", "WORK_BUDGET", "struct cpu_regs",
                     "rax", "sti; hlt"):
            self.assertIsNone(docs.check_code(text, words), text)
        # Put together, so that this file does not contain them.
        for text in ("no_such_" + "function()", "NO_SUCH_" + "CONSTANT",
                     "struct no_such_" + "thing", "absent" + "word()"):
            self.assertIsNotNone(docs.check_code(text, words), text)

    def test_blocks_are_output(self):
        """Fenced and indented text is not looked at, but counted."""
        lines = list(docs.prose("a\n```\n`b/c.h`\n```\n    `d/e.h`\nf\n"))
        self.assertEqual(lines, ["a", "", "", "", "", "f"])


if __name__ == "__main__":
    unittest.main()
