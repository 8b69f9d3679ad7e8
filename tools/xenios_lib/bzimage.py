# SPDX-License-Identifier: MIT
"""Linux bzImages: the ELF kernel inside one, unpacked on this host.

A bzImage is real-mode code, a decompressor that only a bare machine can run,
and the payload: the compressed ELF.  A header in the first sectors says where
the payload lies (boot protocol 2.08 and later).  Its last four bytes are the
size of the unpacked ELF: the end of the gzip format itself, and appended by
Linux's build to every other format, whose decoders do not want to see them.
That size bounds what a decoder may give, so a damaged or malicious file
cannot fill the memory.

The hypervisor never sees any of this: it is given the ELF.
"""
import bz2
import collections
import lzma
import shutil
import struct
import subprocess
import tempfile
import zlib

from . import packages
from .base import InputError

MAGIC_AT, MAGIC = 0x202, b"HdrS"
SECTOR = 512
DEFAULT_SETUP_SECTORS = 4   # what the number 0 means, for old times' sake
PROTOCOL_MIN = 0x208
ELF_MAX = 1 << 30

Header = collections.namedtuple("Header", "sectors protocol offset length")


def _gzip():
    return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS).decompress


def _limited(make):
    """bz2's and lzma's decoders take their limit as zlib's does."""
    return lambda: make().decompress


def _lzma_alone():
    return lzma.LZMADecompressor(format=lzma.FORMAT_ALONE)


# (name, first bytes, decoder or None, else (Debian package, command))
FORMATS = (
    ("gzip", b"\x1f\x8b", _gzip, None),
    ("bzip2", b"BZh", _limited(bz2.BZ2Decompressor), None),
    ("xz", b"\xfd7zXZ\0", _limited(lzma.LZMADecompressor), None),
    ("lzma", b"\x5d\0\0", _limited(_lzma_alone), None),
    ("lz4", b"\x02\x21\x4c\x18", None, ("lz4", ["lz4", "-d", "-c"])),
    ("lzo", b"\x89LZO\0\r\n\x1a\n", None, ("lzop", ["lzop", "-d", "-c"])),
    ("zstd", b"\x28\xb5\x2f\xfd", None,
     ("zstd", ["zstd", "-d", "-c", "-q", "--long=31"])),
)


def is_bzimage(data):
    """Does the file look like a bzImage?"""
    return data[MAGIC_AT:MAGIC_AT + len(MAGIC)] == MAGIC


def _header(name, data):
    """The fields of the setup header that say where the payload is."""
    if len(data) < 0x250:
        raise InputError("%s is a bzImage cut off within its header; copy it "
                         "again" % name)
    protocol, = struct.unpack_from("<H", data, 0x206)
    offset, length = struct.unpack_from("<II", data, 0x248)
    sectors = data[0x1f1] or DEFAULT_SETUP_SECTORS
    return Header(sectors, protocol, offset, length)


def payload(name, data):
    """The compressed kernel, with the four bytes of its unpacked size."""
    header = _header(name, data)
    if header.protocol < PROTOCOL_MIN:
        raise InputError("%s is a bzImage of boot protocol %d.%02d, which "
                         "does not say where its kernel is; give one of "
                         "Linux 2.6.26 or later" %
                         (name, header.protocol >> 8, header.protocol & 255))
    start = (header.sectors + 1) * SECTOR + header.offset
    if header.length <= 8:
        raise InputError("%s is a bzImage without a compressed kernel; give "
                         "the ELF (vmlinux)" % name)
    if start + header.length > len(data):
        raise InputError("%s is a bzImage cut off within its kernel; copy it "
                         "again" % name)
    return data[start:start + header.length]


def _by_tool(tool, packed, size, install):
    """Let a program unpack; None if it fails or gives more than size."""
    package, command = tool
    packages.require([package], install)
    with tempfile.TemporaryFile() as given:
        given.write(packed)
        given.seek(0)
        with subprocess.Popen([shutil.which(command[0])] + command[1:],
                              stdin=given, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as process:
            out = process.stdout.read(size + 1)
            process.stdout.close()
            process.kill()
    return out


def _decode(kind, packed, size, install):
    """The unpacked bytes, never more than size + 1; None if damaged."""
    name, _, decoder, tool = kind
    if name != "gzip":
        packed = packed[:-4]
    if tool:
        return _by_tool(tool, packed, size, install)
    try:
        return decoder()(packed, size + 1)
    except (zlib.error, lzma.LZMAError, OSError, EOFError, MemoryError):
        return None


def unpack(name, data, install=True):
    """The ELF inside a bzImage; raises InputError in one line."""
    packed = payload(name, data)
    size, = struct.unpack_from("<I", packed, len(packed) - 4)
    kinds = [k for k in FORMATS if packed.startswith(k[1])]
    if not kinds:
        raise InputError("%s is a bzImage whose kernel is compressed in an "
                         "unknown way (it begins with %s); give the ELF "
                         "(vmlinux)" % (name, packed[:4].hex(" ")))
    kind = kinds[0]
    if size > ELF_MAX:
        raise InputError("%s is a bzImage whose kernel would have %d MiB; "
                         "copy it again" % (name, size >> 20))
    plain = _decode(kind, packed, size, install)
    if plain is None or len(plain) != size:
        raise InputError("%s is a bzImage with a damaged kernel (%s); copy "
                         "it again" % (name, kind[0]))
    return plain
