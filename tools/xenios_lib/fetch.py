# SPDX-License-Identifier: MIT
"""`tools/xenios fetch`: kernels and ramdisks of others, by name.

linux and linux-cloud are Debian's kernels, pvgrub is GRUB as a PV kernel, xen
is Debian's hypervisor; busybox, tests and bench are ramdisks, with a shell,
with the workload of the tests and with measurements.  They are unpacked into the cache, not installed.
`run` takes the names as well, for kernels (--d0) and ramdisks (--ramdisk).
"""
import glob
import os
import subprocess

from . import debs, images, packages, ramdisk
from .base import InputError, ToolError, say

META = {"linux": "linux-image-amd64", "linux-cloud": "linux-image-cloud-amd64"}
IMAGE_PACKAGE = r"linux-image-\d[\w.+-]*"
PVGRUB = "usr/lib/grub-xen/grub-x86_64-xen.bin"


def _index_modules(root):
    """Let depmod write the modules' dependencies, where there is depmod."""
    if not os.path.isdir(os.path.join(root, "lib", "modules")):
        if not os.path.isdir(os.path.join(root, "usr", "lib", "modules")):
            return
        os.symlink("usr/lib", os.path.join(root, "lib"))
    if not packages.is_present("kmod"):
        say("no depmod here (package kmod): modules stay without an index")
        return
    for path in glob.glob(os.path.join(root, "lib", "modules", "*")):
        done = subprocess.run(["/sbin/depmod", "-b", root,
                               os.path.basename(path)],
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise ToolError("depmod failed:\n" + done.stdout.decode(
                "utf-8", "replace").rstrip())


def _only(pattern, what):
    """The one file that matches."""
    found = sorted(glob.glob(pattern))
    if not found:
        raise ToolError("%s is not in its package" % what)
    return found[-1]


def _linux(name):
    """A function that fetches this flavour of Debian's kernel."""
    def fetch(renew=False, install=True):
        del install
        directory = debs.unpacked(
            name, lambda: debs.dependency(META[name], IMAGE_PACKAGE),
            _index_modules, renew)
        return _only(os.path.join(directory, "boot", "vmlinuz-*"),
                     "Linux's bzImage")
    return fetch


def _pvgrub(renew=False, install=True):
    del install
    directory = debs.unpacked("pvgrub", lambda: "grub-xen-host", renew=renew)
    return _only(os.path.join(directory, PVGRUB), "PV-GRUB")


def _xen(renew=False, install=True):
    del install
    return images.xen_image(renew)


# name -> function(renew, install) which gives the path of a file
KERNELS = {"linux": _linux("linux"), "linux-cloud": _linux("linux-cloud"),
           "pvgrub": _pvgrub}
RAMDISKS = {"busybox": ramdisk.busybox, "tests": ramdisk.tests,
            "bench": ramdisk.bench}
EVERYTHING = dict(KERNELS, **RAMDISKS, xen=_xen)


def kernel(text, install=True):
    """The file that `run --d0 TEXT` means."""
    return _named(text, KERNELS, "kernel", install)


def ramdisk_file(text, install=True):
    """The file that `run --ramdisk TEXT` means."""
    return _named(text, RAMDISKS, "ramdisk", install)


def _named(text, names, what, install):
    """A name's file, or the text itself: a file beside us is ./NAME."""
    if text in names:
        return names[text](install=install)
    if text in EVERYTHING and not os.path.exists(text):
        raise InputError("%s is no %s; the names of %ss are: %s" % (
            text, what, what, ", ".join(sorted(names))))
    return text


def add_arguments(parser):
    """The options of `fetch`."""
    parser.add_argument("names", metavar="NAME", nargs="+",
                        choices=sorted(EVERYTHING),
                        help="one of: " + ", ".join(sorted(EVERYTHING)))
    parser.add_argument("--renew", action="store_true",
                        help="even if it is in the cache: there may be a "
                        "newer version")
    parser.add_argument("--no-install", action="store_true",
                        help="only print which packages are missing")


def main(options):
    """Fetch them; prints where each one is."""
    install = not options.no_install
    if install and set(options.names) & set(META):
        packages.require(["kmod"], install)
    for name in dict.fromkeys(options.names):
        print("%s: %s" % (name, EVERYTHING[name](options.renew, install)),
              flush=True)
    return 0
