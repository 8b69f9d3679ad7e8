# SPDX-License-Identifier: MIT
"""Is a file a kernel that can be a first domain?  Answered on the host.

The hypervisor checks everything again and more strictly, for it trusts no
tool; here a user gets the answer before a machine boots.  A PV kernel says
what it is by Xen notes: in PT_NOTE headers, in SHT_NOTE sections, or as a
string in a section named __xen_guest (the old way).
"""
import collections
import struct

from .base import InputError

ELFCLASS32, ELFCLASS64 = 1, 2
ELFDATA2LSB = 1
EM_X86_64 = 62
ET_EXEC, ET_DYN = 2, 3
PT_NOTE = 4
SHT_NOTE = 7
NOTE_ENTRY = 1
NOTE_PHYS32_ENTRY = 18      # the note of PVH kernels; says nothing of PV
TABLE_MAX = 4096            # headers looked at; more is no kernel

HEADER = "<HHIQQQIHHHHHH"   # what follows the 16 bytes of e_ident
Header = collections.namedtuple("Header", (
    "type machine version entry phoff shoff flags ehsize phentsize phnum "
    "shentsize shnum shstrndx"))


def _unpack(layout, data, offset):
    """struct.unpack_from, or None outside the file."""
    if offset < 0 or offset + struct.calcsize(layout) > len(data):
        return None
    return struct.unpack_from(layout, data, offset)


def _table(layout, data, offset, size, count):
    """The entries of a header table that lie within the file."""
    for index in range(min(count, TABLE_MAX)):
        entry = _unpack(layout, data, offset + index * size)
        if entry is not None:
            yield entry


def notes(data, offset, size):
    """The (name, type) pairs of one note area."""
    end = min(offset + size, len(data))
    while offset + 12 <= end:
        name_size, desc_size, kind = struct.unpack_from("<III", data, offset)
        name = data[offset + 12:offset + 12 + name_size].rstrip(b"\0")
        yield name, kind
        offset += 12 + (name_size + 3) // 4 * 4 + (desc_size + 3) // 4 * 4


def _segments(data, header):
    """(type, offset, size) of every program header."""
    for ph in _table("<IIQQQQQQ", data, header.phoff, header.phentsize,
                     header.phnum):
        yield ph[0], ph[2], ph[5]


def _sections(data, header):
    """(name, type, offset, size) of every section header."""
    rows = list(_table("<IIQQQQIIQQ", data, header.shoff, header.shentsize,
                       header.shnum))
    strings = 0
    if header.shstrndx < len(rows):
        strings = rows[header.shstrndx][4]
    for row in rows:
        start = strings + row[0]
        end = data.find(b"\0", start) if 0 <= start < len(data) else -1
        name = data[start:end] if end >= 0 else b""
        yield name, row[1], row[4], row[5]


def xen_note_types(data, header):
    """The types of all Xen notes, however the file carries them."""
    found = set()
    areas = [(o, s) for kind, o, s in _segments(data, header)
             if kind == PT_NOTE]
    for name, kind, offset, size in _sections(data, header):
        if kind == SHT_NOTE:
            areas.append((offset, size))
        if name == b"__xen_guest":
            found.add("__xen_guest")
    for offset, size in areas:
        found.update(kind for name, kind in notes(data, offset, size)
                     if name == b"Xen")
    return found


def check_pv_kernel(name, data):
    """Raise InputError, in one line, unless data is a 64-bit PV kernel."""
    if data[:4] != b"\x7fELF":
        raise InputError("%s is not an ELF file; give a PV kernel, an ELF "
                         "file with Xen notes" % name)
    ident = _unpack("<4sBBB", data, 0)
    if ident is None:
        raise InputError("%s is cut off within its ELF header; copy it "
                         "again" % name)
    if ident[1] == ELFCLASS32:
        raise InputError("%s is a 32-bit ELF; 32-bit guests are not "
                         "supported yet, give a 64-bit one" % name)
    fields = _unpack(HEADER, data, 16)
    if ident[1] != ELFCLASS64 or ident[2] != ELFDATA2LSB or fields is None:
        raise InputError("%s has a damaged ELF header; copy or build it "
                         "again" % name)
    header = Header(*fields)
    if header.machine != EM_X86_64:
        raise InputError("%s is an ELF for another machine (number %d); give "
                         "one for x86-64" % (name, header.machine))
    if header.type not in (ET_EXEC, ET_DYN):
        raise InputError("%s is an ELF but not a linked program; give the "
                         "kernel, not an object file" % name)
    found = xen_note_types(data, header)
    if not found:
        raise InputError("%s has no Xen notes, so it is not a PV kernel; "
                         "give a kernel built for Xen PV (Linux: "
                         "CONFIG_XEN_PV)" % name)
    if NOTE_PHYS32_ENTRY in found and not found & {NOTE_ENTRY, "__xen_guest"}:
        raise InputError("%s carries only a PVH entry note, so it is not a "
                         "PV kernel; give a kernel built for Xen PV (Linux: "
                         "CONFIG_XEN_PV)" % name)
