# SPDX-License-Identifier: MIT
"""Debian packages: which are missing, and their installation.

A package counts as present when what it is needed for is there, however it
came: a program on the PATH or a file.  So a hand-built QEMU is good enough.
"""
import glob
import os
import shutil
import subprocess
import sys

from .base import InputError, ToolError, say

# package -> what shows that it is there: a program, or a path pattern.
EVIDENCE = {
    "qemu-system-x86": "qemu-system-x86_64",
    "nasm": "nasm",
    "cmake": "cmake",
    "ninja-build": "ninja",
    "gcc": "gcc",
    "libc6-dev": "/usr/include/stdio.h",
    "clang": "clang",
    "check": "/usr/include/check.h",
    "pkg-config": "pkg-config",
    "libxen-dev": "/usr/include/xen/xen.h",
    "gcc-multilib": "/usr/lib/gcc/x86_64-linux-gnu/*/32/libgcc.a",
    "grub-pc-bin": "/usr/lib/grub/i386-pc/multiboot2.mod",
    "grub-efi-amd64-bin": "/usr/lib/grub/x86_64-efi/multiboot2.mod",
    "grub-common": "grub-mkrescue",
    "xorriso": "xorriso",
    "mtools": "mformat",
    "gdb": "gdb",
    "ovmf": "/usr/share/OVMF/OVMF_CODE*.fd",
    "lz4": "lz4",
    "lzop": "lzop",
    "zstd": "zstd",
    "kmod": "/sbin/depmod",
}

BUILD = ["cmake", "ninja-build", "gcc", "libc6-dev", "nasm"]
QEMU = ["qemu-system-x86"]
GRUB_BIOS = ["grub-pc-bin", "grub-common", "xorriso", "mtools"]
GRUB_UEFI = ["grub-efi-amd64-bin", "grub-common", "xorriso", "mtools", "ovmf"]
TEST = list(EVIDENCE)


def is_present(package):
    """Is there what this package is needed for?"""
    evidence = EVIDENCE[package]
    if evidence.startswith("/"):
        return bool(glob.glob(evidence))
    return shutil.which(evidence) is not None


def as_root(command):
    """The command with sudo in front when we are not root."""
    if os.geteuid() == 0:
        return command
    if shutil.which("sudo") is None:
        raise ToolError("installing packages needs root, and there is no "
                        "sudo; run as root: " + " ".join(command))
    # Without a terminal nobody can type a password: fail, do not wait.
    return ["sudo"] + ([] if sys.stdin.isatty() else ["-n"]) + command


def apt_get(*arguments):
    """Run apt-get as root without questions; True if it succeeded."""
    command = as_root(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get",
                       "-q", "-y", "-o", "Dpkg::Use-Pty=0", *arguments])
    return subprocess.run(command, stdin=subprocess.DEVNULL,
                          stdout=sys.stderr, check=False).returncode == 0


def require(packages, install=True):
    """Install what is missing, after one line which says what."""
    missing = [p for p in dict.fromkeys(packages) if not is_present(p)]
    if not missing:
        return
    names = " ".join(missing)
    if not install:
        raise InputError("missing packages: %s; install them with: "
                         "apt-get install %s" % (names, names))
    if shutil.which("apt-get") is None:
        raise InputError("missing packages (by their Debian names): %s; "
                         "there is no apt-get here, install them by hand"
                         % names)
    say("installing missing packages: " + names)
    wanted = ("install", "--no-install-recommends", *missing)
    # Fresh machines have no package lists, or old ones: update, try again.
    if not apt_get(*wanted):
        if not (apt_get("update") and apt_get(*wanted)):
            raise ToolError("apt-get could not install: " + names)
