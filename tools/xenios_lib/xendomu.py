# SPDX-License-Identifier: MIT
"""A guest as an ordinary domain of Debian's Xen.

Xen builds only its first domain; for a second one it takes a control domain
with a toolstack.  Ours is Debian's Linux with Debian's xl, xenstored and
xenconsoled, and with nothing else: a ramdisk in two parts, archives that
Linux unpacks one after the other.  The first part, the toolstack, is made
once and cached; the second one holds the guest.  Its first process starts
the daemons, creates the guest, gives it the console until it ends, says how
that was in one line (console.py reads it) and switches the machine off.

Nothing is installed: the packages are unpacked into the cache, and the
programs' shared libraries are found among them by their own loader.
"""
import glob
import gzip
import os
import re
import subprocess

from . import debs, fetch, images, ramdisk
from .base import ToolError, cache_dir
from .cpio import Archive

CONTROL_MIB = 640           # the control domain's share of the machine
CONTROL_CMDLINE = "console=hvc0 rdinit=/init quiet loglevel=0 nomodeset"
PROGRAMS = ("xl", "xenstored", "xenconsoled", "xenconsole", "xen-init-dom0")
MODULES = ("xen-privcmd", "xenfs", "xen-evtchn", "xen-gntdev", "xen-gntalloc")
LIBRARIES = "usr/lib/x86_64-linux-gnu"
# Loaded by name when a thread is cancelled, so no program names it.
LATE_LIBRARY = "libgcc_s.so.1"
PACKAGES_MAX = 60           # far more than the toolstack's libraries

INIT = """#!/bin/sh
# The control domain's first process.
export PATH=/sbin:/bin:/usr/sbin:/usr/bin LD_LIBRARY_PATH=/@LIBRARIES@
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts
mount -t devpts pts /dev/pts
mount -t tmpfs run /run
mkdir -p /run/lock /run/xen /run/xenstored
mkdir -p /var/lib/xen /var/lib/xenstored /var/log/xen /etc/xen
touch /etc/xen/xl.conf

finish() {
    echo
    echo "(dom0) $*"
    poweroff -f
}

for module in @MODULES@; do
    insmod /modules/$module.ko
done
mount -t xenfs xenfs /proc/xen
xenstored --pid-file /run/xenstored.pid
waited=0
while [ ! -e /run/xenstored/socket ]; do
    [ $waited -lt 100 ] || finish "cannot start the guest: no xenstored"
    waited=$((waited + 1))
    usleep 100000
done
xen-init-dom0 >/dev/null
xenconsoled --pid-file=/run/xenconsoled.pid
echo "(dom0) starting the guest"
xl create -c /guest/config 2>/run/errors ||
    finish "cannot start the guest: $(grep -m 1 . /run/errors)"

# Its console has closed; xl's own process writes down why.
waited=0
while [ $waited -lt 100 ]; do
    reason=$(sed -n '/reason code/{s/.*code \\([0-9]*\\).*/\\1/p;q}' \\
        /var/log/xen/xl-guest.log)
    [ -z "$reason" ] || break
    waited=$((waited + 1))
    usleep 100000
done
case $reason in
0) finish "the guest powered off" ;;
1) finish "the guest rebooted" ;;
*) finish "the guest crashed: shutdown reason ${reason:-unknown}" ;;
esac
"""

CONFIG = """name = "guest"
type = "pv"
kernel = "/guest/kernel"
@RAMDISK@memory = @MEMORY@
maxmem = @MEMORY@
vcpus = @VCPUS@
extra = "@CMDLINE@"
on_poweroff = "destroy"
on_reboot = "destroy"
on_crash = "destroy"
"""


def _toolstack_package():
    """The programs that belong to the Xen which is in the cache."""
    images.xen_image()
    with open(os.path.join(cache_dir("xen"), "version"),
              encoding="ascii") as handle:
        match = re.fullmatch(r"xen-(4\.\d+)-amd64", handle.read().strip())
    name = "xen-utils-" + match.group(1) if match else None
    return name if name in debs.known("xen-utils-4.") else None


def _with_libraries(package):
    """The package and all libraries below it, by its dependencies."""
    found, waiting = [], [package]
    while waiting:
        name = waiting.pop(0)
        if name in found:
            continue
        found.append(name)
        if len(found) > PACKAGES_MAX:
            raise ToolError("the libraries of %s have no end" % package)
        waiting += [d for d in debs.dependencies(name)
                    if d.startswith("lib")]
    return found


def _unpacked():
    """The directory with the toolstack and its libraries."""
    base = cache_dir("packages")
    return debs.unpacked_together(
        os.path.join(base, "xen-toolstack"),
        lambda: _with_libraries(debs.look_up(
            _toolstack_package, "toolstack (xen-utils) for its Xen")))


def _only(root, *patterns):
    """The first file below root that matches."""
    for pattern in patterns:
        for path in sorted(glob.glob(os.path.join(root, pattern))):
            return path
    raise ToolError("Debian's packages hold no %s" % patterns[0])


def _libraries(root, loader, programs):
    """{name: path} of every shared library that the programs need."""
    places = [os.path.join(root, p, "x86_64-linux-gnu")
              for p in ("lib", "usr/lib")]
    found = {LATE_LIBRARY: _only(root, "lib/*/" + LATE_LIBRARY,
                                 "usr/lib/*/" + LATE_LIBRARY)}
    for program in programs:
        done = subprocess.run(
            [loader, "--library-path", ":".join(places), "--list", program],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False)
        lost = re.findall(r"(\S+) => not found", done.stdout)
        if done.returncode != 0 or lost:
            raise ToolError("%s does not find its libraries: %s" % (
                os.path.basename(program), " ".join(lost) or done.stdout))
        for name, path in re.findall(r"(\S+) => (/\S+)", done.stdout):
            found[os.path.basename(name)] = path
    return found


def _module(name):
    """A module of Debian's kernel; newer ones are compressed."""
    kernel = fetch.kernel("linux")
    root = os.path.dirname(os.path.dirname(kernel))
    path = _only(root, "lib/modules/*/kernel/drivers/xen/%s.ko" % name,
                 "lib/modules/*/kernel/drivers/xen/*/%s.ko" % name)
    with open(path, "rb") as handle:
        return handle.read()


def _add(archive, name, path, mode=0o755):
    with open(path, "rb") as handle:
        archive.file(name, handle.read(), mode)


def _control_part():
    """The path of the cached part of the control domain's ramdisk."""
    root = _unpacked()
    loader = _only(root, "lib/*/ld-linux-x86-64.so.2",
                   "usr/lib/*/ld-linux-x86-64.so.2")
    programs = [_only(root, "usr/lib/xen-4.*/bin/" + name,
                      "usr/sbin/" + name) for name in PROGRAMS]
    archive = ramdisk.system()
    archive.directory("run")
    archive.symlink("var/run", "/run")
    archive.symlink("var/lock", "/run/lock")
    _add(archive, "lib64/ld-linux-x86-64.so.2", loader)
    for name, path in _libraries(root, loader, programs).items():
        _add(archive, "%s/%s" % (LIBRARIES, name), path)
    # xl and libxl call the others by the path they were built with.
    for path in programs:
        place = os.path.relpath(path, root)
        _add(archive, place, path)
        archive.symlink("usr/sbin/" + os.path.basename(path), "/" + place)
    for name in MODULES:
        archive.file("modules/%s.ko" % name, _module(name))
    text = INIT.replace("@MODULES@", " ".join(MODULES))
    archive.file("init", text.replace("@LIBRARIES@", LIBRARIES).encode(),
                 0o755)
    return ramdisk.packed(archive)


def _config(machine):
    """xl's description of the guest."""
    return (CONFIG
            .replace("@MEMORY@", str(machine.d0_memory))
            .replace("@VCPUS@", str(machine.d0_vcpus))
            .replace("@RAMDISK@", 'ramdisk = "/guest/ramdisk"\n'
                     if machine.ramdisks else "")
            .replace("@CMDLINE@", machine.cmdline.replace("\\", "\\\\")
                     .replace('"', '\\"')))


def modules(machine, directory):
    """(path, text) of the control domain's kernel and ramdisk, made for this
    machine; what is made for it alone goes into the directory."""
    guest = Archive()
    guest.file("guest/config", _config(machine).encode())
    _add(guest, "guest/kernel", machine.d0)
    if machine.ramdisks:
        _add(guest, "guest/ramdisk", machine.ramdisks[0])
    path = os.path.join(directory, "control.cpio")
    with open(_control_part(), "rb") as handle:
        whole = gzip.decompress(handle.read()) + guest.data()
    with open(path, "wb") as handle:
        handle.write(whole)
    kernel = fetch.kernel("linux")
    return [(kernel, CONTROL_CMDLINE), (path, "")]
