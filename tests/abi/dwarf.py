# SPDX-License-Identifier: MIT
"""Read structure layouts and enumerators out of an object file.

The compiler knows every layout and writes it down as debug information, so
a list of fields kept by hand would only be a chance to forget one. readelf
prints that information as text:

     <1><2d>: Abbrev Number: 2 (DW_TAG_structure_type)
        <2e>   DW_AT_name        : trap_info
        <32>   DW_AT_byte_size   : 16
     <2><35>: Abbrev Number: 3 (DW_TAG_member)
        <36>   DW_AT_name        : vector
        <3a>   DW_AT_type        : <0x71>
        <3e>   DW_AT_data_member_location: 0

and this module turns it into {"trap_info": 16 bytes, fields...}.
"""

import re
import subprocess

ENTRY = re.compile(r"^ *<(\d+)><([0-9a-f]+)>: Abbrev Number: \d+ \((\w+)\)")
ATTRIBUTE = re.compile(r"^ *<[0-9a-f]+> +(DW_AT_\w+) *:\s*(.*)$")


class Entry:
    """One debugging entry: tag, attributes as text, children."""

    def __init__(self, tag):
        self.tag = tag
        self.attributes = {}
        self.children = []

    def name(self):
        text = self.attributes.get("DW_AT_name")
        if text is None:
            return None
        # "trap_info", behind which form it is stored in, by readelf's age:
        # "(indirect string, offset: 0x12): trap_info", "(string) trap_info"
        return text.split()[-1]

    def number(self, attribute):
        text = self.attributes.get(attribute)
        if text is None:
            return None
        # "8", or with newer readelf "(data1) 8", "(sdata) -1"
        return int(re.sub(r"^\(\w+\) *", "", text).split()[0], 0)


def read(object_file):
    """All entries of an object file, {offset: Entry}, and a pointer's size."""
    text = subprocess.run(
        ["readelf", "--debug-dump=info", "--wide", object_file],
        check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout
    entries = {}
    stack = []
    current = None
    for line in text.splitlines():
        match = ENTRY.match(line)
        if match:
            depth, offset, tag = match.groups()
            current = Entry(tag)
            entries[int(offset, 16)] = current
            del stack[int(depth):]
            if stack:
                stack[-1].children.append(current)
            stack.append(current)
            continue
        match = ATTRIBUTE.match(line)
        if match and current is not None:
            current.attributes[match.group(1)] = match.group(2)
    return entries, int(re.search(r"Pointer Size: *(\d+)", text).group(1))


class Types:
    """The types of one object file."""

    def __init__(self, object_file):
        self.entries, self.pointer_bytes = read(object_file)

    def type_of(self, entry):
        text = entry.attributes.get("DW_AT_type")
        if text is None:
            return None
        # "<0x71>", or with newer readelf "(ref4) <0x71>, uint8_t"
        return self.entries[int(re.search(r"<0x(\w+)>", text).group(1), 16)]

    def size(self, entry):
        """Size in bytes of a type."""
        own = entry.number("DW_AT_byte_size")
        if own is not None:
            return own
        if entry.tag == "DW_TAG_array_type":
            total = self.size(self.type_of(entry))
            for child in entry.children:
                if child.tag == "DW_TAG_subrange_type":
                    bound = child.number("DW_AT_upper_bound")
                    count = child.number("DW_AT_count")
                    if count is None:
                        count = 0 if bound is None else bound + 1
                    total *= count
            return total
        if entry.tag == "DW_TAG_pointer_type":
            return self.pointer_bytes
        return self.size(self.type_of(entry))

    def fields(self, entry, prefix="", base=0):
        """(name, offset, size) of each field, nested unnamed types opened."""
        for child in entry.children:
            if child.tag != "DW_TAG_member":
                continue
            kind = self.type_of(child)
            offset = base + (child.number("DW_AT_data_member_location") or 0)
            name = child.name()
            nested = kind.tag in ("DW_TAG_structure_type",
                                  "DW_TAG_union_type")
            if name is not None:
                yield prefix + name, offset, self.size(kind)
            if nested and kind.name() is None:
                deeper = prefix if name is None else prefix + name + "."
                yield from self.fields(kind, deeper, offset)

    def layouts(self):
        """{tag: {"": (0, size), field: (offset, size)}} of tagged types."""
        result = {}
        for entry in self.entries.values():
            if entry.tag not in ("DW_TAG_structure_type",
                                 "DW_TAG_union_type"):
                continue
            if entry.name() is None or "DW_AT_declaration" in entry.attributes:
                continue
            rows = {"": (0, self.size(entry))}
            for name, offset, size in self.fields(entry):
                rows[name] = (offset, size)
            result[entry.name()] = rows
        return result

    def enumerators(self):
        """{name: value} of all enumeration constants."""
        return {entry.name(): entry.number("DW_AT_const_value")
                for entry in self.entries.values()
                if entry.tag == "DW_TAG_enumerator"}
