#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the table with which a panic names its addresses.

    gen_symbols.py NM IMAGE OUTPUT.asm

IMAGE is a first link of the hypervisor with an empty table. The functions in
its text become records of 32 bits offset from text_start and a name:

    dd 0x1a40
    db "evtchn_op_send", 0

sorted by address. A compiler's clones and pieces (name.part.0, name.cold) and
labels of assembly (name.done) go by the name before the dot. The table lies
behind the text, so the second link moves nothing that it names.
"""
import subprocess
import sys


def main():
    nm, image, output = sys.argv[1:4]
    lines = subprocess.run([nm, "-n", image], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    rows = [line.split(maxsplit=2) for line in lines]
    start = next(int(r[0], 16) for r in rows if r[-1] == "text_start")
    end = next(int(r[0], 16) for r in rows if r[-1] == "text_end")
    out = ["; Generated from the image by tools/gen_symbols.py. Do not edit.",
           "section .symbols progbits alloc noexec nowrite align=8"]
    previous = None
    for row in rows:
        if (len(row) != 3 or row[1] not in "tT" or
                row[2] in ("text_start", "text_end")):
            continue
        address, name = int(row[0], 16), row[2].split(".")[0]
        if start <= address < end and name and name != previous:
            out.append(f"    dd {address - start:#x}")
            out.append(f'    db "{name}", 0')
            previous = name
    out.append("section .note.GNU-stack noalloc noexec nowrite progbits")
    with open(output, "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n")


main()
