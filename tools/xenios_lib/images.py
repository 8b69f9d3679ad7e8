# SPDX-License-Identifier: MIT
"""What QEMU boots: guests' files, Debian's Xen, GRUB ISOs.

Everything made here lives in the cache under a name that is a hash of what
it was made from, so it is made once and never stale.
"""
import gzip
import hashlib
import os
import re
import shutil
import stat
import subprocess
import tempfile
import zlib

from . import bzimage, debs
from .base import (InputError, ToolError, cache_dir, file_lock, hash_file,
                   write_atomically)
from .elf import check_pv_kernel

GUEST_FILE_MAX = 1 << 30
ISO_KEEP = 8                # older ISOs leave the cache
KERNEL_KEEP = 8             # and so do older unpacked kernels
GZIP_MAGIC = b"\x1f\x8b"


def check_readable(path, what):
    """Raise InputError unless path is a regular file we can read."""
    try:
        info = os.stat(path)
    except OSError as error:
        raise InputError("cannot find %s %s (%s); check the path" % (
            what, path, error.strerror.lower())) from None
    if not stat.S_ISREG(info.st_mode):
        raise InputError("%s %s is not a regular file; give a file" %
                         (what, path))
    if info.st_size > GUEST_FILE_MAX:
        raise InputError("%s %s is larger than 1 GiB; give a smaller file" %
                         (what, path))
    if not os.access(path, os.R_OK):
        raise InputError("cannot read %s %s; check its permissions" %
                         (what, path))


def _gunzip(path, data):
    """The content of a gzipped kernel."""
    decoder = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        plain = decoder.decompress(data, GUEST_FILE_MAX)
    except zlib.error:
        plain = b""
    if not decoder.eof:
        raise InputError("%s is a damaged gzip file; copy it again" % path)
    return plain


def _unpacked(path, data, unpack):
    """The cached ELF that unpack(path, data) gives."""
    directory = cache_dir("kernels")
    plain = os.path.join(directory,
                         hashlib.sha256(data).hexdigest()[:32])
    if os.path.exists(plain):
        os.utime(plain)
        with open(plain, "rb") as handle:
            check_pv_kernel(path, handle.read())
        return plain
    data = unpack(path, data)
    check_pv_kernel(path, data)
    write_atomically(plain, data)
    _prune(directory, "", KERNEL_KEEP)
    return plain


def guest_kernel(path, install=True):
    """Check d0's kernel; returns the path of the plain ELF to boot."""
    check_readable(path, "the kernel")
    with open(path, "rb") as handle:
        data = handle.read()
    if data[:2] == GZIP_MAGIC:
        return _unpacked(path, data, _gunzip)
    if bzimage.is_bzimage(data):
        return _unpacked(path, data,
                         lambda p, d: bzimage.unpack(p, d, install))
    check_pv_kernel(path, data)
    return os.path.abspath(path)


def _newest_xen_package():
    """Debian 12's Xen, or the newest one this distribution has."""
    found = {}
    for name in debs.known("xen-hypervisor-4."):
        match = re.fullmatch(r"xen-hypervisor-4\.(\d+)-amd64", name)
        if match:
            found[int(match.group(1))] = name
    if not found:
        return None
    return found.get(17) or found[max(found)]


def xen_image(renew=False):
    """The path of an uncompressed Xen, fetched on first use."""
    base = cache_dir("xen")
    image = os.path.join(base, "xen")
    with file_lock(os.path.join(base, "lock")):
        if os.path.exists(image) and not renew:
            return image
        package = debs.look_up(_newest_xen_package,
                               "xen-hypervisor-4.*-amd64")
        with tempfile.TemporaryDirectory(dir=base) as directory:
            debs.unpack_into(package, directory)
            boot = os.path.join(directory, "root", "boot")
            packed = [f for f in sorted(os.listdir(boot))
                      if re.fullmatch(r"xen-4\.\d+-amd64\.gz", f)]
            if not packed:
                raise ToolError("the Xen package has no /boot/xen-*.gz")
            write_atomically(os.path.join(base, "version"),
                             packed[0][:-3].encode())
            # Last: where it is, the version is.
            with gzip.open(os.path.join(boot, packed[0]), "rb") as handle:
                write_atomically(image, handle.read())
    return image


def xen_version():
    """The name of the unpacked Xen, such as xen-4.17-amd64."""
    with open(os.path.join(cache_dir("xen"), "version"),
              encoding="ascii") as handle:
        return handle.read().strip()


def grub_words(text):
    """A command line as words quoted for GRUB's script language."""
    return " ".join("'" + word.replace("'", "'\\''") + "'"
                    for word in text.split())


def grub_config(hv_cmdline, modules):
    """GRUB's script: modules are (name in /boot, text) pairs.

    Should GRUB itself fail (too little memory for the images, say), it
    prints the line by which a hypervisor refuses to start, and powers off.
    """
    loads = ["multiboot2 /boot/xenios.elf " + grub_words(hv_cmdline)]
    for index, (name, text) in enumerate(modules):
        option = "--nounzip " if index else ""
        loads.append("module2 %s/boot/%s %s" % (option, name,
                                                grub_words(text)))
    return "\n".join(
        ["insmod all_video", "serial --unit=0 --speed=115200",
         "terminal_output serial"] +
        ["if %s; then" % load.strip() for load in loads] + ["boot"] +
        ["fi" for load in loads] +
        ["echo '(xenios) cannot start: GRUB could not load the images "
         "(too little memory?)'", "halt"]) + "\n"


def _prune(directory, suffix, keep):
    """Keep the few files used last.  Others may prune at the same time."""
    used = []
    for entry in os.scandir(directory):
        if entry.name.endswith(suffix) and entry.is_file():
            used.append((entry.stat().st_mtime, entry.path))
    for _, old in sorted(used)[:-keep]:
        try:
            os.unlink(old)
        except FileNotFoundError:
            pass


def grub_iso(hypervisor, hv_cmdline, modules, uefi):
    """A bootable ISO; modules are (path, text), the first one d0's kernel."""
    platform = "x86_64-efi" if uefi else "i386-pc"
    names = ["module%d" % index for index in range(len(modules))]
    config = grub_config(hv_cmdline,
                         list(zip(names, (text for _, text in modules))))
    digest = hashlib.sha256((platform + "\n" + config).encode())
    for path in [hypervisor] + [path for path, _ in modules]:
        digest.update(hash_file(path).encode())
    directory = cache_dir("iso")
    iso = os.path.join(directory, digest.hexdigest()[:32] + ".iso")
    with file_lock(os.path.join(directory, "lock")):
        if os.path.exists(iso):
            os.utime(iso)
            return iso
        with tempfile.TemporaryDirectory(dir=directory) as tree:
            boot = os.path.join(tree, "tree", "boot")
            os.makedirs(os.path.join(boot, "grub"))
            shutil.copyfile(hypervisor, os.path.join(boot, "xenios.elf"))
            for name, (path, _) in zip(names, modules):
                shutil.copyfile(path, os.path.join(boot, name))
            with open(os.path.join(boot, "grub", "grub.cfg"), "w",
                      encoding="utf-8") as handle:
                handle.write(config)
            made = os.path.join(tree, "made.iso")
            done = subprocess.run(
                ["grub-mkrescue", "-d", "/usr/lib/grub/" + platform,
                 "--fonts=", "--locales=", "--themes=", "--compress=no",
                 "-o", made, os.path.join(tree, "tree")],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, check=False)
            if done.returncode != 0:
                raise ToolError("grub-mkrescue failed:\n" +
                                done.stdout.decode("utf-8", "replace"))
            os.replace(made, iso)
        _prune(directory, ".iso", ISO_KEEP)
    return iso


def ovmf():
    """The paths of OVMF's code and of its pristine variable store."""
    for suffix in ("", "_4M"):
        code = "/usr/share/OVMF/OVMF_CODE%s.fd" % suffix
        variables = "/usr/share/OVMF/OVMF_VARS%s.fd" % suffix
        if os.path.exists(code) and os.path.exists(variables):
            return code, variables
    raise ToolError("OVMF is not in /usr/share/OVMF; install package ovmf")
