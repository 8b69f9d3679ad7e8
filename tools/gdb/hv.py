# SPDX-License-Identifier: MIT
"""gdb commands that read the hypervisor's own tables.

    hv-domains        domains and their vcpus: state, CPU, registers
    hv-frame MFN      a frame's record: type, counts, flags, owner
    hv-ports [DOMID]  event channels that are not free
    hv-pt VA [CR3]    walk the page tables of an address

`tools/xenios run --gdb` prints the command that loads this file.  Names and
numbers come from the debug information and from the headers, so that they
are written down once; memory is read through the hypervisor's map of all
RAM, which exists once the hypervisor has set up its page tables.
"""
import os
import re

import gdb

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))))
LAYOUT_H = "hypervisor/arch/x86/include/arch/layout.h"
FRAME_H = "hypervisor/include/hv/frame.h"
ADDRESS_BITS = 0x000ffffffffff000
PORTS_A_BUCKET = 256


def _text(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as handle:
        return handle.read()


def layout(name):
    """An address of the hypervisor's map."""
    match = re.search(r"^#define %s\s+(0x[0-9a-f]+)ull" % name,
                      _text(LAYOUT_H), re.M)
    return int(match.group(1), 16)


def flag_bits():
    """{name: bit} of the flags in a frame's word."""
    return {name: int(bit) for name, bit in re.findall(
        r"^#define FW_(\w+)\s+\(1ull << (\d+)\)", _text(FRAME_H), re.M)}


def word_field(name):
    """A number of the frame word's layout."""
    return int(re.search(r"^#define FW_%s\s+(\d+)" % name, _text(FRAME_H),
                         re.M).group(1))


def enumerator(kind, value):
    """The name of an enum's value."""
    for field in gdb.lookup_type("enum " + kind).fields():
        if field.enumval == int(value):
            return field.name
    return str(int(value))


def number(text):
    """A number or any expression of gdb's, as an unsigned 64-bit value."""
    return int(gdb.parse_and_eval(text)) & (1 << 64) - 1


def read_physical(address):
    """Eight bytes of RAM."""
    data = gdb.selected_inferior().read_memory(
        layout("DIRECT_BASE") + address, 8)
    return int.from_bytes(bytes(data), "little")


def domains():
    """Every domain, as a gdb.Value."""
    table = gdb.parse_and_eval("domains")
    first, last = table.type.range()
    for index in range(first, last + 1):
        if int(table[index]):
            yield table[index].dereference()


class Domains(gdb.Command):
    """hv-domains: domains and their vcpus."""

    def __init__(self):
        super().__init__("hv-domains", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        """Print two lines a vcpu."""
        for domain in domains():
            words = [name for name in ("is_privileged", "is_32bit",
                                       "is_dying", "crashed", "is_shut_down")
                     if domain[name]]
            print("d%d: %d vcpus, %d of %d frames%s" % (
                domain["id"], domain["vcpu_count"], domain["frames_total"],
                domain["frames_max"], "".join(", " + w for w in words)))
            for index in range(int(domain["vcpu_count"])):
                if int(domain["vcpus"][index]):
                    self.vcpu(domain["vcpus"][index].dereference())

    @staticmethod
    def vcpu(vcpu):
        """One vcpu; its registers are stale while it is on a CPU."""
        print("  v%d: %s, CPU %d, %s mode, rip %#x rsp %#x%s" % (
            vcpu["id"], enumerator("vcpu_state", vcpu["state"]), vcpu["cpu"],
            "kernel" if vcpu["kernel_mode"] else "user",
            vcpu["regs"]["rip"], vcpu["regs"]["rsp"],
            " (on the CPU now: registers are of its last switch)"
            if vcpu["on_cpu"] else ""))


class Frame(gdb.Command):
    """hv-frame MFN: a frame's record in words."""

    def __init__(self):
        super().__init__("hv-frame", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        """Decode the record of one frame."""
        mfn = number(argument)
        if mfn >= number("frame_count"):
            raise gdb.GdbError("frame %#x does not exist" % mfn)
        kind = gdb.lookup_type("struct frame").pointer()
        frame = (gdb.Value(layout("FRAME_BASE")).cast(kind) + mfn
                 ).dereference()
        word = int(frame["word"])
        counts = (1 << word_field("COUNT_BITS")) - 1
        flags = [name for name, bit in flag_bits().items()
                 if bit >= 56 and word >> bit & 1]
        print("frame %#x: %s, %d type uses, %d references%s" % (
            mfn, enumerator("page_type", word >> word_field("TYPE_SHIFT")
                            & 15), word & counts,
            word >> word_field("REF_COUNT_SHIFT") & counts,
            "".join(", " + f for f in flags)))
        if "FREE" not in flags:
            print("  owner %s, linear %d, stamp %d" % (
                "d%d" % frame["owner"] if int(frame["owner"]) != 0xffff
                else "none", frame["linear"], frame["stamp"]))


class Ports(gdb.Command):
    """hv-ports [DOMID]: event channels that are not free."""

    def __init__(self):
        super().__init__("hv-ports", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        """Print the ports of one domain or of all."""
        for domain in domains():
            if argument and number(argument) != int(domain["id"]):
                continue
            print("d%d:" % domain["id"])
            for port in range(int(domain["evtchn_port_limit"])):
                bucket = domain["evtchn_buckets"][port // PORTS_A_BUCKET]
                if not int(bucket):
                    continue
                channel = bucket[port % PORTS_A_BUCKET]
                if int(channel["state"]):
                    print("  port %d: %s" % (port, channel))


class PageTable(gdb.Command):
    """hv-pt VA [CR3]: walk the page tables of an address."""

    def __init__(self):
        super().__init__("hv-pt", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        """Print an entry for each level down to the page."""
        words = gdb.string_to_argv(argument)
        if not words:
            raise gdb.GdbError("hv-pt VA [CR3]")
        address = number(words[0])
        table = number(words[1] if len(words) > 1 else "$cr3") & ADDRESS_BITS
        for level in (4, 3, 2, 1):
            shift = 12 + 9 * (level - 1)
            where = table + (address >> shift & 511) * 8
            entry = read_physical(where)
            print("L%d[%3d] at %#x = %#018x %s" % (
                level, address >> shift & 511, where, entry,
                self.words(entry, level)))
            if not entry & 1:
                return
            if level == 1 or (level < 4 and entry & 0x80):
                offset = address & (1 << shift) - 1
                print("%#x is at machine address %#x, frame %#x" % (
                    address, (entry & ADDRESS_BITS & ~((1 << shift) - 1))
                    + offset, ((entry & ADDRESS_BITS) + offset) >> 12))
                return
            table = entry & ADDRESS_BITS

    @staticmethod
    def words(entry, level):
        """The flags of an entry."""
        if not entry & 1:
            return "not present"
        names = [name for bit, name in (
            (1, "writable"), (2, "user"), (5, "accessed"), (6, "dirty"),
            (8, "global"), (63, "no-execute")) if entry >> bit & 1]
        if level in (2, 3) and entry & 0x80:
            names.append("large")
        return " ".join(names)


for command in (Domains, Frame, Ports, PageTable):
    command()
