# SPDX-License-Identifier: MIT
"""Initial ramdisks that stand behind a name.

All hold Debian's static busybox with a link for each of its programs.
`busybox` gives a shell on the console.  `tests` runs the workload in
tests/guests, `bench` the measurements in tests/bench/linux; their C parts are
compiled here, and they power off.
"""
import gzip
import hashlib
import os
import random
import subprocess
import tempfile

from . import debs, packages
from .base import (ROOT, ToolError, cache_dir, file_lock, hash_file,
                   write_atomically)
from .cpio import Archive

GUESTS = os.path.join(ROOT, "tests", "guests")
BENCH = os.path.join(ROOT, "tests", "bench", "linux", "rows.c")
COMPILE = ["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra",
           "-Wno-unused-parameter", "-Werror", "-static", "-pthread"]
SAMPLE_SIZE = 3 << 20       # unpacked; some of it packs well, some does not
SHELL_INIT = b"""#!/bin/sh
# The first process: a shell on the console; its end is the machine's.
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
echo "Linux $(uname -r), up for $(cut -d' ' -f1 /proc/uptime) s; \\
'exit' or 'poweroff -f' ends it"
setsid cttyhack sh
poweroff -f
"""


def _busybox(renew=False):
    """The path of Debian's static busybox."""
    directory = debs.unpacked("busybox", lambda: "busybox-static",
                              renew=renew)
    for place in ("bin", "usr/bin"):
        path = os.path.join(directory, place, "busybox")
        if os.path.exists(path):
            return path
    raise ToolError("Debian's busybox-static holds no busybox")


def _applets(busybox):
    """Where each of busybox's programs belongs, as bin/ls."""
    done = subprocess.run([busybox, "--list-full"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True, check=False)
    names = done.stdout.split()
    if "bin/sh" not in names:
        raise ToolError("%s does not run on this machine" % busybox)
    return names


def system(renew=False):
    """An archive with busybox, its programs and the usual directories."""
    busybox_path = _busybox(renew)
    archive = Archive()
    for name in ("dev", "proc", "sys", "tmp", "root", "etc"):
        archive.directory(name)
    archive.character_device("dev/console", 5, 1)
    archive.character_device("dev/null", 1, 3)
    with open(busybox_path, "rb") as handle:
        archive.file("bin/busybox", handle.read(), 0o755)
    for name in _applets(busybox_path):
        if not archive.holds(name) and name != "linuxrc":
            archive.symlink(name, "/bin/busybox")
    return archive


def packed(archive):
    """The path of the gzipped archive in the cache."""
    data = archive.data()
    path = os.path.join(cache_dir("ramdisks"),
                        hashlib.sha256(data).hexdigest()[:32] + ".cpio.gz")
    if not os.path.exists(path):
        write_atomically(path, gzip.compress(data, mtime=0))
    return path


def busybox(renew=False, install=True):
    """A ramdisk with a shell."""
    del install
    archive = system(renew)
    archive.file("init", SHELL_INIT, 0o755)
    return packed(archive)


def _compiled(source, install):
    """The path of the static program that this source makes."""
    directory = cache_dir("workload")
    program = os.path.join(directory, hash_file(source)[:32])
    packages.require(["gcc", "libc6-dev"], install)
    with file_lock(os.path.join(directory, "lock")):
        if os.path.exists(program):
            return program
        with tempfile.TemporaryDirectory(dir=directory) as temporary:
            made = os.path.join(temporary, "program")
            done = subprocess.run(COMPILE + ["-o", made, source],
                                  stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)
            if done.returncode != 0:
                raise ToolError("compiling %s failed:\n%s" % (
                    source, done.stdout.decode("utf-8", "replace").rstrip()))
            subprocess.run(["strip", made], check=True)
            os.replace(made, program)
    return program


def sample():
    """Always the same bytes: half of them words, half of them noise."""
    noise = random.Random(1)
    words = [bytes(noise.choices(b"abcdefghij \n", k=7)) for _ in range(64)]
    blocks = []
    while len(blocks) * 4096 < SAMPLE_SIZE:
        block = noise.randbytes(2048) + b"".join(noise.choices(words, k=293))
        blocks.append(block[:4096].ljust(4096, b"."))
    return b"".join(blocks)


def tests(renew=False, install=True):
    """A ramdisk that runs the workload and powers off."""
    archive = system(renew)
    program = _compiled(os.path.join(GUESTS, "workload.c"), install)
    with open(program, "rb") as handle:
        archive.file("bin/workload", handle.read(), 0o755)
    with open(os.path.join(GUESTS, "init.sh"), "rb") as handle:
        archive.file("init", handle.read(), 0o755)
    data = sample()
    archive.file("sample.gz", gzip.compress(data, mtime=0))
    archive.file("sample.sha256", (hashlib.sha256(data).hexdigest() +
                                   "  -\n").encode())
    return packed(archive)


def bench(renew=False, install=True):
    """A ramdisk that measures Linux and powers off."""
    archive = system(renew)
    with open(_compiled(BENCH, install), "rb") as handle:
        archive.file("bin/bench", handle.read(), 0o755)
    archive.symlink("init", "bin/bench")
    return packed(archive)
