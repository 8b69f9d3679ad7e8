#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One CTest test: one area of conformance cases (or *, all of them) on one
hypervisor, on QEMU's usual processor or another.

    conformance.py xenios|xen PRESET KERNEL AREA [CPU]
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "..", "tools"))
sys.dont_write_bytecode = True

from xenios_lib import conformance, images  # noqa: E402
from xenios_lib.base import ToolError  # noqa: E402

SKIPPED = 77


def main():
    """The exit status is what CTest looks at."""
    on, preset, kernel, area, *cpu = sys.argv[1:]
    if on == "xen":
        try:
            images.xen_image()
        except ToolError as error:
            print("XENIOS-TEST conformance.xen.%s SKIPPED %s" %
                  (area, str(error).splitlines()[0]))
            return SKIPPED
    return 1 if conformance.main(on, preset, kernel, area, *cpu) else 0


sys.exit(main())
