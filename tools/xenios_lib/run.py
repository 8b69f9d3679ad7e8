# SPDX-License-Identifier: MIT
"""`tools/xenios run`: boot one machine, its console on this terminal."""
import os
import sys
import time

from . import build, fetch, images, machine as machines, packages
from .base import INPUT_ERROR, InputError, say
from .console import FINALS
from .session import LEAVE_HELP, Session

STUB = ("pvguest", "stub.elf")


def add_arguments(parser):
    """The options of `run`."""
    parser.add_argument("--d0", metavar="FILE",
                        help="the first domain's kernel: a PV ELF, gzipped "
                        "or not, a Linux bzImage, or a name that fetch "
                        "knows (default: our guest stub)")
    parser.add_argument("--cmdline", metavar="TEXT", default="",
                        help="its command line")
    parser.add_argument("--ramdisk", metavar="FILE", action="append",
                        default=[], help="its ramdisk, a file or a name that "
                        "fetch knows; repeated: a list of further modules")
    parser.add_argument("--d0-memory", metavar="MIB", type=int, default=128,
                        help="its memory (default 128)")
    parser.add_argument("--d0-vcpus", metavar="N", type=int, default=1,
                        help="its virtual CPUs (default 1)")
    parser.add_argument("--d0-as", choices=("control", "guest"),
                        default="control", help="control: with every "
                        "privilege (default); guest: with none, as a plain "
                        "guest of others")
    parser.add_argument("--boot", choices=("grub", "uefi", "direct"),
                        help="a GRUB ISO under SeaBIOS (default) or OVMF, or "
                        "QEMU's -kernel")
    parser.add_argument("--on", choices=tuple(FINALS), default="xenios",
                        help="the hypervisor: Xenios (default); Debian's Xen, "
                        "unpacked and never installed, under its first domain "
                        "(xen) or an ordinary one (xen-domu); or none, and d0 "
                        "is a bzImage for the bare machine")
    parser.add_argument("--cpus", metavar="N", type=int, default=2,
                        help="the machine's CPUs (default 2)")
    parser.add_argument("--memory", metavar="MIB", type=int, default=512,
                        help="the machine's memory (default 512)")
    parser.add_argument("--cpu", metavar="MODEL",
                        default=machines.DEFAULT_CPU,
                        help="QEMU's CPU model (default %(default)s)")
    parser.add_argument("--qemu", metavar="PROGRAM",
                        default=machines.DEFAULT_QEMU,
                        help="the QEMU to run")
    parser.add_argument("--hv-cmdline", metavar="TEXT", default="",
                        help="options for the hypervisor")
    parser.add_argument("--timeout", metavar="S", type=seconds,
                        help="stop after S seconds, exit status 124")
    parser.add_argument("--log", metavar="FILE",
                        help="write a copy of the console")
    parser.add_argument("--batch", action="store_true",
                        help="no input; a reboot ends the run")
    parser.add_argument("--gdb", action="store_true",
                        help="wait for a debugger, print the gdb command")
    parser.add_argument("--icount", action="store_true",
                        help="deterministic virtual time: one instruction is "
                        "one nanosecond")
    parser.add_argument("--no-install", action="store_true",
                        help="only print which packages are missing")


def seconds(text):
    """A positive number of seconds, for argparse."""
    value = float(text)
    if not 0 < value < 1e9:
        raise ValueError(text)
    return value


def describe(options):
    """The machine that the options ask for, its input checked."""
    machine = machines.Machine()
    for name in ("cmdline", "d0_memory", "d0_vcpus", "d0_as", "cpus",
                 "memory", "cpu", "qemu", "hv_cmdline", "icount"):
        setattr(machine, name, getattr(options, name))
    machine.hypervisor = options.on
    machine.boot = options.boot or "grub"
    if options.on != "xenios" and options.boot not in (None, "direct"):
        say("--on %s boots directly; --boot %s is left out" % (options.on,
                                                              options.boot))
    machine.check()
    if options.on == "bare" and options.d0 is None:
        raise InputError("--on bare needs a kernel; give --d0 linux, or a "
                         "bzImage")
    if options.on in ("bare", "xen-domu") and len(options.ramdisk) > 1:
        raise InputError("--on %s takes one ramdisk" % options.on)
    install = not options.no_install
    for name in options.ramdisk:
        path = fetch.ramdisk_file(name, install)
        images.check_readable(path, "the ramdisk")
        machine.ramdisks.append(os.path.abspath(path))
    if options.d0 is not None:
        machine.d0 = fetch.kernel(options.d0, install)
        if options.on == "bare":
            images.check_readable(machine.d0, "the kernel")
        else:
            machine.d0 = images.guest_kernel(machine.d0, install)
    if options.gdb:
        machine.preset = "target-debug"
        machine.gdb_port = machines.free_port()
    return machine


def needed_packages(machine, builds):
    """The packages without which this machine cannot boot."""
    needed = list(packages.BUILD) if builds else []
    if machine.qemu == machines.DEFAULT_QEMU:
        needed += packages.QEMU
    if machine.hypervisor == "xenios" and machine.boot == "grub":
        needed += packages.GRUB_BIOS
    if machine.hypervisor == "xenios" and machine.boot == "uefi":
        needed += packages.GRUB_UEFI
    return needed


def build_parts(machine):
    """Build what the machine boots of ours."""
    builds = machine.hypervisor == "xenios" or machine.d0 is None
    if builds:
        build.build(machine.preset)
    if machine.d0 is None:
        machine.d0 = images.guest_kernel(build.artifact(machine.preset,
                                                        *STUB))


def open_log(path):
    """The log file, or None."""
    if path is None:
        return None
    try:
        return open(path, "wb")     # pylint: disable=consider-using-with
    except OSError as error:
        raise InputError("cannot write the log %s (%s); give another path" %
                         (path, error.strerror.lower())) from None


def announce(machine, options):
    """What the user must know before the console begins."""
    if machine.gdb_port:
        say("waiting for the debugger; in another terminal type:")
        say("  " + machines.gdb_command(machine))
    if not options.batch and sys.stdin.isatty():
        say(LEAVE_HELP)


def main(options):
    """Run it; returns the exit status."""
    machine = describe(options)
    log = open_log(options.log)
    builds = machine.hypervisor == "xenios" or machine.d0 is None
    packages.require(needed_packages(machine, builds),
                     not options.no_install)
    build_parts(machine)
    try:
        command = machine.prepare()
        announce(machine, options)
        start = time.monotonic()
        while True:
            session = Session(command, machine.hypervisor, options.timeout,
                              log, interactive=not options.batch, start=start)
            final = session.run()
            if options.batch or not final.rebooted:
                break
            say("d0 rebooted; starting the machine again")
    finally:
        machine.clean()
        if log:
            log.close()
    if final.status == INPUT_ERROR:
        raise InputError(final.text)
    say(final.text)
    return final.status
