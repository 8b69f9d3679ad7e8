#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare our interface headers with Xen's own, which libxen-dev installs.

    compare.py CHECK --abi DIR [--oracle DIR] [--cc CC] [--cxx CXX]

CHECK is one of
    layout64       every structure, as a 64-bit guest sees it, has the same
                   size, and every field the same place, in our headers, in
                   Xen's and in layout/pv64.txt
    layout32       the same for 32-bit guests and layout/pv32.txt; also that
                   each structure of compat32.h (read by a 64-bit compiler) is
                   laid out so, and that compat32.def says SAME and DIFFERS
                   truthfully
    constants      every macro and enumerator that Xen's headers define exists
                   in ours, with the same value
    headers-alone  each header compiles when it is the only one, as C and as
                   C++, without a warning, for both widths
    tables         hypercalls.def and subops.def agree with the headers
    golden         rewrite layout/*.txt from Xen's headers (not a test)

Both sets of headers are compiled apart and read back by dwarf.py, so that no
list of fields is kept by hand and none can be forgotten. Exit status: 0, 1
with one line per disagreement, 77 (skipped) with the reason.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import dwarf  # noqa: E402

SKIP = 77

# What both sides must define. compat32.h is ours alone.
HEADERS = ["xen", "arch-x86/xen", "arch-x86/cpuid", "errno", "event_channel",
           "grant_table", "memory", "sched", "vcpu", "physdev", "version",
           "callback", "elfnote", "features", "nmi", "io/console",
           "io/xs_wire", "trace"]

# Structures of Xen's headers that we leave out: a table of texts.
LEFT_OUT_STRUCTS = {"xsd_errors"}

# Structures that exist for one width only, so compat32.def has no row.
ONE_WIDTH = {"iret_context", "xen_callback"}

# Macros of Xen's headers that we leave out, each group with its reason.
LEFT_OUT_MACROS = re.compile("|".join([
    r"__XEN_PUBLIC_\w+", r"_XS_WIRE_H",             # include guards
    r"XENMEM_(paging|access|sharing)_op_\w+",       # tool stack only
    r"XENMEM_SHARING_OP_\w+", r"XENMEM_FORK_\w+", r"XENMEM_RDM_ALL",
    r"_?XEN_X86_\w+",                               # domctl's
    r"u?int64_aligned_t", r"XEN_GUEST_HANDLE_64", r"__XEN_GUEST_HANDLE_64",
    r"__DECL_REG_\w+",
    r"\w+_NONPAE",                  # 32-bit guests without PAE: gone
    r"XSD_ERROR",
    # Trace events that no PV guest causes.
    r"TRC_(HVM|SHADOW|PM|HW_IRQ|MEM_POD)_\w+",
    r"TRC_SCHED_(ID_|EVT_|CLASS_EVT|CSCHED|ARINC653|RTDS|SNULL).*",
]))

# What we define and Xen does not.
OURS_ALONE = re.compile(r"XENIOS_\w+|XEN_GUEST_PTR|XEN_E(INTR|RESTART)")

# Macros that are no numbers: types, attributes, texts, statements.
NOT_NUMBERS = re.compile("|".join([
    r"XEN_FLEX_ARRAY_DIM", r"COMPAT_FLEX_ARRAY_DIM", r"XEN_EMULATE_PREFIX",
    r"XEN_CPUID", r"PRI[u]?_xen_\w+", r"GNTTABOP_error_msgs",
    r"XS_WRITE_\w+", r"machine_to_phys_mapping", r"xen_wc_sec_hi",
    r"xen_vga_console_info(_t)?", r"XEN_GUEST_PTR",
]))

# Xen's headers show some numbers to tool stacks only; ours always.
AS_A_TOOL = "-D__XEN_TOOLS__"

# Macros with arguments, tried on samples.
SAMPLES = [
    "XENMEMF_address_bits(33)", "XENMEMF_get_address_bits(0x12345)",
    "XENMEMF_node(3)", "XENMEMF_get_node(XENMEMF_node(3))",
    "XENMEMF_exact_node(5)", "xen_pfn_to_cr3(0x123456)",
    "xen_cr3_to_pfn(0x12345003)", "XEN_CPUID_LEAF(4)",
    "xen_vcpu_physid_to_x86_apicid(0x1234567890UL)",
    "xen_vcpu_physid_to_x86_acpiid(0x1234567890UL)",
    "XENMEM_resource_ioreq_server_frame_ioreq(2)",
    "MASK_XENSTORE_IDX(1500)", "sizeof(xen_uuid_t)",
    "sizeof(xen_domain_handle_t)", "sizeof(xen_extraversion_t)",
    "sizeof(xen_capabilities_info_t)", "sizeof(xen_changeset_info_t)",
    "sizeof(xen_commandline_t)", "sizeof(evtchn_port_t)",
    "sizeof(domid_t)", "sizeof(xen_pfn_t)", "sizeof(xen_ulong_t)",
    "sizeof(XEN_GUEST_HANDLE(void))", "sizeof(xen_callback_t)",
    "__alignof__(struct vcpu_info)", "__alignof__(struct mmu_update)",
]

# Of a header for tool stacks we have some operations only: what there is of
# them, by hand.
TOOL_SAMPLES = {"sysctl": [
    "XEN_SYSCTL_INTERFACE_VERSION", "XEN_SYSCTL_perfc_op",
    "XEN_SYSCTL_PERFCOP_reset", "XEN_SYSCTL_PERFCOP_query",
    "sizeof(struct xen_sysctl)", "sizeof(struct xen_sysctl_perfc_op)",
    "sizeof(struct xen_sysctl_perfc_desc)", "sizeof(xen_sysctl_perfc_val_t)",
] + ["__builtin_offsetof(struct %s)" % field for field in (
    "xen_sysctl, cmd", "xen_sysctl, interface_version", "xen_sysctl, u",
    "xen_sysctl_perfc_op, cmd", "xen_sysctl_perfc_op, nr_counters",
    "xen_sysctl_perfc_op, nr_vals", "xen_sysctl_perfc_op, desc",
    "xen_sysctl_perfc_op, val", "xen_sysctl_perfc_desc, name",
    "xen_sysctl_perfc_desc, nr_vals")]}


class Bench:
    """A compiler and a scratch directory."""

    def __init__(self, options):
        self.options = options
        self.scratch = tempfile.TemporaryDirectory(prefix="xenios-abi-")
        self.ours = os.path.join(options.abi, "include")

    def path(self, name):
        return os.path.join(self.scratch.name, name)

    def compile(self, include, text, flags, output="out.o"):
        """Compile text; the object file, or None and the messages."""
        target = self.path(output)
        command = [self.options.cc, "-std=gnu11", "-ffreestanding",
                   "-D__XEN_INTERFACE_VERSION__=0x00040e00", "-I", include,
                   "-x", "c", "-", "-o", target] + flags
        done = subprocess.run(command, input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT,
                              universal_newlines=True)
        return (target if done.returncode == 0 else None), done.stdout

    def types(self, include, text, width):
        """The types which a text declares."""
        target, messages = self.compile(
            include, text, [width, "-c", "-gdwarf-4",
                            "-fno-eliminate-unused-debug-types"])
        if target is None:
            sys.exit("cannot compile the headers of %s:\n%s"
                     % (include, messages))
        return dwarf.Types(target)


def includes(headers=None):
    return "#include <stdint.h>\n" + "".join(
        "#include <xen/%s.h>\n" % name for name in headers or HEADERS)


def golden_read(path):
    """{tag: {field: (offset, size)}} of a layout file."""
    result = {}
    with open(path) as stream:
        for line in stream:
            if line.startswith("#") or not line.strip():
                continue
            name, offset, size = line.split()
            tag, _, field = name.partition(".")
            result.setdefault(tag, {})[field] = (int(offset), int(size))
    return result


def golden_write(path, width, layouts):
    with open(path, "w") as stream:
        stream.write(
            "# Layout of the interface for %s guests, in bytes: "
            "struct.field offset size\n"
            "# Written by tests/abi/compare.py golden, from Xen's headers.\n"
            % width)
        for tag in sorted(layouts):
            for field, (offset, size) in layouts[tag].items():
                name = tag + "." + field if field else tag
                stream.write("%s %d %d\n" % (name, offset, size))


def compare(what, left, right, complaints):
    """Complain about every difference of two {tag: {field: place}}."""
    for tag in sorted(set(left) | set(right)):
        if tag not in left or tag not in right:
            complaints.append("%s: struct %s is missing on the %s side" % (
                what, tag, "left" if tag not in left else "right"))
            continue
        for field in sorted(set(left[tag]) | set(right[tag])):
            one, two = left[tag].get(field), right[tag].get(field)
            if one != two:
                complaints.append("%s: %s.%s: (offset, size) %s and %s"
                                  % (what, tag, field, one, two))


def oracle_layouts(bench, width):
    found = bench.types(bench.options.oracle, includes(), width).layouts()
    return {tag: rows for tag, rows in found.items()
            if tag not in LEFT_OUT_STRUCTS}


def native(bench, width, name, complaints):
    """Ours, Xen's and the golden file; returns Xen's."""
    oracle = oracle_layouts(bench, width)
    ours = bench.types(bench.ours, includes(), width).layouts()
    golden = golden_read(os.path.join(bench.options.abi, "layout", name))
    compare("our headers / Xen's", ours, oracle, complaints)
    compare("layout/%s / Xen's headers" % name, golden, oracle, complaints)
    print("%d structures, %d fields" % (
        len(oracle), sum(len(rows) - 1 for rows in oracle.values())))
    return oracle


def check_layout64(bench):
    complaints = []
    native(bench, "-m64", "pv64.txt", complaints)
    return complaints


def check_layout32(bench):
    target, messages = bench.compile(bench.ours, "int x;\n", ["-m32", "-c"])
    if target is None:
        print("SKIP: %s -m32 does not work: %s"
              % (bench.options.cc, messages.strip()))
        sys.exit(SKIP)
    complaints = []
    thin = native(bench, "-m32", "pv32.txt", complaints)
    wide = golden_read(os.path.join(bench.options.abi, "layout", "pv64.txt"))
    ours = bench.types(bench.ours, includes(["compat32"]), "-m64").layouts()
    compat = {tag[len("compat_"):]: rows for tag, rows in ours.items()
              if tag.startswith("compat_")}

    rows = dict(table_rows(bench, "compat32.def", "COMPAT_STRUCT"))
    for tag in sorted(set(thin) | set(wide)):
        if tag in ONE_WIDTH:
            continue
        truth = "SAME" if thin.get(tag) == wide.get(tag) else "DIFFERS"
        if rows.get(tag) != truth:
            complaints.append("compat32.def: struct %s is %s, the table says "
                              "%s" % (tag, truth, rows.get(tag, "nothing")))
        if truth == "DIFFERS" and tag not in compat:
            complaints.append("compat32.h: struct compat_%s is missing" % tag)
    for tag in sorted(set(rows) - set(thin)):
        complaints.append("compat32.def: no struct is called %s" % tag)
    for tag in sorted(compat):
        if tag not in thin:
            complaints.append("compat32.h: compat_%s stands for nothing" % tag)
            continue
        # A handle is a structure in one and a number in the other, and its
        # pointer inside is not a field of ours to compare.
        compare("compat32.h / Xen's headers", {tag: compat[tag]},
                {tag: thin[tag]}, complaints)
    print("%d structures differ, %d are the same" % (
        list(rows.values()).count("DIFFERS"),
        list(rows.values()).count("SAME")))
    return complaints


def table_rows(bench, name, macro):
    """The arguments of each row of an X-macro file, as tuples of texts."""
    with open(os.path.join(bench.options.abi, name)) as stream:
        text = re.sub(r"/\*.*?\*/", "", stream.read(), flags=re.S)
    text = re.sub(r"^#.*$", "", text, flags=re.M)
    result = []
    for match in re.finditer(r"\b%s\(((?:[^()]|\([^()]*\))*)\)" % macro, text):
        result.append(tuple(re.sub(r"\s+", " ", part).strip() for part in
                            re.split(r",(?![^(]*\))", match.group(1))))
    return result


def macros(bench, include, headers, flags):
    """{name: body} of macros without arguments, and the set of all names."""
    def dump(text):
        target, messages = bench.compile(
            include, text, flags + ["-E", "-dM"], "out.txt")
        if target is None:
            sys.exit("cannot preprocess:\n" + messages)
        with open(target) as stream:
            return dict(re.match(r"#define (\w+(?:\([^)]*\))?) ?(.*)",
                                 line).groups() for line in stream)
    before = dump("#include <stdint.h>\n#include <stddef.h>\n")
    after = dump(includes(headers))
    return {name: body for name, body in after.items() if name not in before}


def values(bench, include, names, width, headers=None):
    """{name: value} of constant expressions, by compiling them."""
    text = includes(headers) + "".join(
        "const long long abi_value_%d = (long long)(%s);\n" % pair
        for pair in enumerate(names))
    target, messages = bench.compile(
        include, text, [width, "-w", "-S", AS_A_TOOL], "out.s")
    if target is None:
        sys.exit("cannot compile the constants of %s:\n%s"
                 % (include, messages))
    found, current = {}, None
    words = {}
    with open(target) as stream:
        for line in stream:
            label = re.match(r"abi_value_(\d+):", line)
            if label:
                current = int(label.group(1))
                words[current] = []
                continue
            data = re.match(r"\s+\.(quad|long|zero|asciz)\s+(-?\w+)", line)
            if data and current is not None:
                words[current].append((data.group(1), int(data.group(2), 0)))
    for index, name in enumerate(names):
        value = 0
        for place, (kind, word) in enumerate(words[index][:2]):
            if kind == "quad":
                value = word
                break
            if kind == "long":
                value |= (word & 0xffffffff) << (32 * place)
        found[name] = value & 0xffffffffffffffff
    return found


def shared_numbers(bench, width):
    """Names of the numbers that both sides define for guests of a width."""
    oracle = macros(bench, bench.options.oracle, HEADERS, [width, AS_A_TOOL])
    ours = macros(bench, bench.ours, HEADERS, [width])
    return [name for name in set(oracle) & set(ours)
            if "(" not in name and oracle[name]
            and not NOT_NUMBERS.fullmatch(name)
            and not LEFT_OUT_MACROS.fullmatch(name)]


def check_constants(bench):
    complaints = []
    oracle = macros(bench, bench.options.oracle, HEADERS,
                    ["-m64", AS_A_TOOL])
    ours = macros(bench, bench.ours, HEADERS, ["-m64"])
    for name in sorted(set(oracle) - set(ours)):
        bare = name.split("(")[0]
        if any(other.split("(")[0] == bare for other in ours):
            continue        # the arguments only have other names
        if not LEFT_OUT_MACROS.fullmatch(bare):
            complaints.append("our headers lack the macro %s" % name)
    for name in sorted(set(ours) - set(oracle)):
        bare = name.split("(")[0]
        if not OURS_ALONE.fullmatch(bare) and not any(
                other.split("(")[0] == bare for other in oracle):
            complaints.append("Xen's headers have no macro %s" % name)

    for width in ("-m64", "-m32"):
        names = sorted(shared_numbers(bench, width)) + SAMPLES
        theirs = values(bench, bench.options.oracle, names, width)
        mine = values(bench, bench.ours, names, width)
        compare_values(width, theirs, mine, complaints)
        print("%s: %d values" % (width, len(names)))
        for header, names in TOOL_SAMPLES.items():
            theirs = values(bench, bench.options.oracle, names, width,
                            [header])
            mine = values(bench, bench.ours, names, width, [header])
            compare_values(width, theirs, mine, complaints)

    theirs = bench.types(bench.options.oracle, includes(), "-m64")
    mine = bench.types(bench.ours, includes(), "-m64")
    theirs, mine = theirs.enumerators(), mine.enumerators()
    for name in OURS_ALONE_ENUMERATORS:
        mine.pop(name, None)
    compare_values("enum", theirs, mine, complaints)
    print("%d enumerators" % len(theirs))
    return complaints


# Error numbers which Xen keeps to itself; our hypervisor needs them too.
OURS_ALONE_ENUMERATORS = ("XEN_EINTR", "XEN_ERESTART")


def compare_values(what, theirs, mine, complaints):
    for name in sorted(set(theirs) | set(mine)):
        if theirs.get(name) != mine.get(name):
            complaints.append("%s: %s is %s in Xen's headers and %s in ours"
                              % (what, name, theirs.get(name),
                                 mine.get(name)))


def check_headers_alone(bench):
    complaints = []
    strict = ["-fsyntax-only", "-Wall", "-Wextra", "-Wundef", "-Wshadow",
              "-Wvla", "-Werror", "-ffreestanding", "-I", bench.ours]
    found = []
    for folder, _, files in os.walk(os.path.join(bench.ours, "xen")):
        found += [os.path.relpath(os.path.join(folder, name), bench.ours)
                  for name in files if name.endswith(".h")]
    runs = [(bench.options.cc, "c", "-std=gnu11", "-m64"),
            (bench.options.cc, "c", "-std=gnu11", "-m32")]
    if bench.options.cxx:
        runs.append((bench.options.cxx, "c++", "-std=gnu++17", "-m64"))
    for header in sorted(found):
        # Each of these two describes one width; compat32.h is for a 64-bit
        # reader of 32-bit layouts.
        only64 = header.endswith(("xen-x86_64.h", "compat32.h"))
        only32 = header.endswith("xen-x86_32.h")
        for compiler, language, standard, width in runs:
            if (only64 and width == "-m32") or (only32 and width == "-m64"):
                continue
            done = subprocess.run(
                [compiler, "-x", language, standard, width] + strict + ["-"],
                input="#include <%s>\n#include <%s>\n" % (header, header),
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                universal_newlines=True)
            if done.returncode:
                complaints.append("%s %s %s:\n%s" % (
                    header, language, width, done.stdout))
    print("%d headers" % len(found))
    return complaints


def check_tables(bench):
    """Rows against headers: numbers, names, one row for each command."""
    complaints = []
    ours = macros(bench, bench.ours, HEADERS, ["-m64"])
    seen = {}
    for macro in ("HYPERCALL", "HYPERCALL_ABSENT"):
        for row in table_rows(bench, "hypercalls.def", macro):
            number = ours.get("__HYPERVISOR_" + row[1])
            if number != row[0]:
                complaints.append("hypercalls.def: %s has number %s, the "
                                  "header says %s" % (row[1], row[0], number))
            if row[1] in seen:
                complaints.append("hypercalls.def: two rows for " + row[1])
            seen[row[1]] = row
    for name in ours:
        bare = re.fullmatch(r"__HYPERVISOR_([a-z]\w+)", name)
        if bare and bare.group(1) not in seen:
            complaints.append("hypercalls.def: no row for " + bare.group(1))

    prefixes = {"memory_op": "XENMEM_", "xen_version": "XENVER_",
                "vcpu_op": "VCPUOP_", "sched_op": "SCHEDOP_",
                "callback_op": "CALLBACKOP_",
                "physdev_op": "PHYSDEVOP_",
                "grant_table_op": "GNTTABOP_",
                "event_channel_op": "EVTCHNOP_"}
    commands = {}
    for macro in ("SUBOP", "SUBOP_ABSENT"):
        for row in table_rows(bench, "subops.def", macro):
            family, command = row[0], row[1]
            if command in commands:
                complaints.append("subops.def: two rows for " + command)
            commands[command] = family
            if command not in ours:
                complaints.append("subops.def: no such name: " + command)
            if not command.startswith(prefixes.get(family, "?")):
                complaints.append("subops.def: %s in %s" % (command, family))
            if family not in seen or seen[family][2:3] != ("STRUCT",):
                complaints.append("subops.def: %s is not a call of kind "
                                  "STRUCT" % family)
            if len(row) > 2 and row[3] not in ("IN", "OUT", "INOUT", "NONE",
                                               "RAW"):
                complaints.append("subops.def: %s: direction %s"
                                  % (command, row[3]))
    others = re.compile(r"XENMEM_resource_\w+|PHYSDEVOP_DBGP_\w+|"
                        r"PHYSDEVOP_pirq_eoi_gmfn|PHYSDEVOP_IRQ_\w+|"
                        r"GNTTABOP_error_msgs")
    for name in ours:
        if "(" in name or others.fullmatch(name):
            continue
        for family, prefix in prefixes.items():
            if name.startswith(prefix) and name not in commands:
                complaints.append("subops.def: no row for %s" % name)
    print("%d calls, %d commands" % (len(seen), len(commands)))
    return complaints


def write_golden(bench):
    for width, name, words in (("-m64", "pv64.txt", "64-bit"),
                               ("-m32", "pv32.txt", "32-bit")):
        golden_write(os.path.join(bench.options.abi, "layout", name), words,
                     oracle_layouts(bench, width))
    return []


CHECKS = {"layout64": check_layout64, "layout32": check_layout32,
          "constants": check_constants, "headers-alone": check_headers_alone,
          "tables": check_tables, "golden": write_golden}


def main():
    parser = argparse.ArgumentParser(
        description="compare our interface headers with Xen's")
    parser.add_argument("check", choices=sorted(CHECKS))
    parser.add_argument("--abi", required=True)
    parser.add_argument("--oracle", default="/usr/include")
    parser.add_argument("--cc", default="gcc")
    parser.add_argument("--cxx", default="")
    options = parser.parse_args()
    if (options.check not in ("headers-alone", "tables") and
            not os.path.exists(os.path.join(options.oracle, "xen", "xen.h"))):
        print("SKIP: Xen's headers are not in %s (package libxen-dev)"
              % options.oracle)
        return SKIP
    complaints = CHECKS[options.check](Bench(options))
    for line in complaints:
        print("DIFFERENT " + line)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
