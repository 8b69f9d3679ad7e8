#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does compare.py notice? Each row breaks a copy of the ABI in one place, and
the named check must fail on the copy. A comparison that passes because it
compares nothing would be found here.

    mutations.py --abi DIR [compare.py's other options]

Exit status: 0, 1 with one line per mistake that went unnoticed, 77 where
compare.py itself is skipped.
"""

import os
import shutil
import subprocess
import sys
import tempfile

COMPARE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                       "compare.py")

MISTAKES = [
    # a field of another size, moved, missing, added
    ("layout64", "include/xen/sched.h",
     "uint64_t timeout;", "uint32_t timeout;"),
    ("layout64", "include/xen/event_channel.h",
     "domid_t remote_dom;     /* IN: who", "domid_t other_dom; /* IN: who"),
    ("layout64", "include/xen/memory.h",
     "    xen_ulong_t max_mfn;\n", ""),
    ("layout64", "layout/pv64.txt",
     "evtchn_close.port 0 4\n", "evtchn_close.port 4 4\n"),
    # a 64-bit number aligned as on 64 bits; a row that lies
    ("layout32", "include/xen/compat32.h",
     "    u64_compat state_entry_time;", "    uint64_t state_entry_time;"),
    ("layout32", "compat32.def",
     "COMPAT_STRUCT(sched_poll, DIFFERS)", "COMPAT_STRUCT(sched_poll, SAME)"),
    ("layout32", "layout/pv32.txt",
     "vcpu_runstate_info 0 44\n", "vcpu_runstate_info 0 48\n"),
    # a wrong number in a macro and in an enumeration, a macro forgotten
    ("constants", "include/xen/xen.h",
     "#define __HYPERVISOR_iret 23", "#define __HYPERVISOR_iret 24"),
    ("constants", "include/xen/grant_table.h",
     "#define GNTST_bad_page (-9)", "#define GNTST_bad_page (9)"),
    ("constants", "include/xen/xen.h",
     "#define VMASST_TYPE_m2p_strict 32", ""),
    ("constants", "include/xen/errno.h",
     "XEN_ERRNO(ENOSYS, 38)", "XEN_ERRNO(ENOSYS, 39)"),
    # a header that leans on another which it does not include
    ("headers-alone", "include/xen/callback.h", '#include "xen.h"', ""),
    # a call under another's number, a row forgotten
    ("tables", "hypercalls.def",
     "HYPERCALL(15, set_timer_op", "HYPERCALL(14, set_timer_op"),
    ("tables", "subops.def",
     "SUBOP_ABSENT(memory_op, XENMEM_claim_pages)\n", ""),
]


def run(check, abi, options):
    return subprocess.run(
        [sys.executable, COMPARE, check, "--abi", abi] + options,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        universal_newlines=True)


def main():
    where = sys.argv.index("--abi")
    abi = sys.argv[where + 1]
    options = sys.argv[1:where] + sys.argv[where + 2:]
    unnoticed = 0
    for check, name, right, wrong in MISTAKES:
        with tempfile.TemporaryDirectory(prefix="xenios-abi-") as scratch:
            copy = os.path.join(scratch, "abi")
            shutil.copytree(abi, copy)
            path = os.path.join(copy, name)
            with open(path) as stream:
                text = stream.read()
            if text.count(right) != 1:
                print("STALE: %r stands %d times in %s"
                      % (right, text.count(right), name))
                unnoticed += 1
                continue
            with open(path, "w") as stream:
                stream.write(text.replace(right, wrong))
            done = run(check, copy, options)
            if done.returncode == 77:
                print(done.stdout.strip())
                return 77
            if done.returncode == 0:
                print("UNNOTICED by %s: %r in %s" % (check, wrong, name))
                unnoticed += 1
    print("%d mistakes, %d unnoticed" % (len(MISTAKES), unnoticed))
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
