#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One CTest test: the bench's rows on Xenios against their budget."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "..", "tools"))
sys.dont_write_bytecode = True

from xenios_lib import bench_budget  # noqa: E402

sys.exit(1 if bench_budget.main() else 0)
