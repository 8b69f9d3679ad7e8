#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turns the marked lines of asm_offsets.c's assembly into NASM definitions.

The C file emits, through inline assembly, lines such as
    ->REGS_rip $136 offsetof(struct cpu_regs, rip)
and this script writes
    %define REGS_rip 136 ; offsetof(struct cpu_regs, rip)
"""
import re
import sys


def main():
    source, target = sys.argv[1:3]
    out = ["; Generated from arch/x86/asm_offsets.c. Do not edit."]
    with open(source, encoding="utf-8") as file:
        for line in file:
            match = re.search(r'->(\w+) \$?(-?\w+) (.*?)"?$', line.rstrip())
            if match:
                name, value, text = match.groups()
                out.append(f"%define {name} {value} ; {text}")
    if len(out) < 2:
        sys.exit(f"asm_offsets: no definitions found in {source}")
    with open(target, "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n")


main()
