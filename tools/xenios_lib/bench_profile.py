# SPDX-License-Identifier: MIT
"""Where the instructions of a bench row are: every one of one sample, by
function, inlined ones apart, in the order of their first use.

    call/null: 83 instructions
       23  guest
       18  entry_syscall                arch/x86/entry.asm
"""
import os
import re
import subprocess
import tempfile

from . import base, bench_guest, build
from .base import ToolError

IMAGE = build.artifact(bench_guest.PRESET, "hypervisor", "xenios.elf")


def main(rows, cpus, steps):
    """Run on Xenios and print; returns the exit status.  steps: print each
    instruction, too."""
    if not bench_guest.plugins_work():
        raise ToolError("--profile needs a QEMU from 5 to 8, this is: " +
                        bench_guest.qemu_version())
    with tempfile.TemporaryDirectory(prefix="xenios-") as directory:
        path = os.path.join(directory, "path")
        result = bench_guest.run("xenios", rows, cpus, path=path)
        with open(path, encoding="ascii") as handle:
            trails = [[int(word, 16) for word in line.split()]
                      for line in handle]
    places = Places(set(a for trail in trails for a in trail))
    for name, trail in zip(result.order, trails[1:]):
        if name in rows and name in result.rows:
            print_row(name, result.rows[name], trail, places)
            if steps:
                print_steps(trail, places)
    return base.OK


def print_row(name, row, trail, places):
    """One row's functions.  A faulting instruction runs twice, so the sum
    may be more than the count."""
    counts = {}
    for address in trail[2:]:           # without the pair of RDTSC
        place = places.of(address)
        counts[place] = counts.get(place, 0) + 1
    print("%s: %d instructions" % (name, row.median))
    for (function, where), count in counts.items():
        print("%8d  %-36s %s" % (count, function, where))
    print(flush=True)


def print_steps(trail, places):
    """The instructions of one sample in their order."""
    images = (IMAGE, bench_guest.machine("xenios", 1).d0)
    text = {}
    for image in images:
        done = subprocess.run(
            ["objdump", "-d", "-M", "intel", "--no-show-raw-insn", image],
            text=True, stdout=subprocess.PIPE, check=True)
        text.update((int(m.group(1), 16), m.group(2)) for m in re.finditer(
            r"(?m)^\s*([0-9a-f]+):\t(.*)$", done.stdout))
    before = None
    for address in trail[2:]:
        place = places.of(address)
        if place != before:
            print("%s  %s" % place)
        before = place
        known = text.get(address, "int3")
        print("    %x  %s" % (address, "(hypercall page, or generated)" if
                              known == "int3" else known))
    print(flush=True)


class Places:
    """Function and file of addresses in the hypervisor."""

    def __init__(self, addresses):
        self._places = {}
        inside = sorted(a for a in addresses if
                        0xffff800000000000 <= a < 0xffff880000000000)
        done = subprocess.run(
            ["addr2line", "-a", "-f", "-i", "-e", IMAGE],
            input="".join("%#x\n" % a for a in inside), text=True,
            stdout=subprocess.PIPE, check=True)
        address, chain = None, []
        for line in done.stdout.splitlines() + ["0x0"]:
            if line.startswith("0x"):
                if address is not None:
                    self._places[address] = self._place(chain)
                address, chain = int(line, 16), []
            else:
                chain.append(line)

    @staticmethod
    def _place(chain):
        """Innermost function first: function, file:line, function, ..."""
        functions, files = chain[0::2], chain[1::2]
        where = files[0].rpartition("hypervisor/")[2].partition(":")[0]
        if len(functions) > 1:
            where += " in " + functions[-1]
        return functions[0], where

    def of(self, address):
        """(function, where) of an address; the guest is one place."""
        return self._places.get(address, ("guest", ""))
