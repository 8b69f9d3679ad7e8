# SPDX-License-Identifier: MIT
"""Paths, the cache, exit statuses and messages: what every part needs."""
import contextlib
import fcntl
import hashlib
import os
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))))

# Exit statuses of `run`; users and scripts judge by them.
OK = 0
NO_END = 1          # the tool or QEMU failed in a way that has no own status
INPUT_ERROR = 2     # found on the host, before anything boots
CRASHED = 3         # the first domain crashed
PANIC = 4           # the hypervisor panicked, or died without a word
REFUSED = 5         # the hypervisor refused to start
TIMEOUT = 124
INTERRUPTED = 130


class InputError(Exception):
    """A mistake in what the user gave; its text says what to do about it."""


class ToolError(Exception):
    """Something on this host does not work (a build, a download)."""


def say(text):
    """One line for the user; stdout belongs to the guest's console."""
    sys.stdout.flush()
    print("xenios: " + text, file=sys.stderr, flush=True)


def cache_dir(*parts):
    """A directory below the cache, made if need be."""
    base = os.environ.get("XENIOS_CACHE")
    if not base:
        base = os.path.join(os.environ.get("XDG_CACHE_HOME") or
                            os.path.expanduser("~/.cache"), "xenios")
    path = os.path.join(base, *parts)
    try:
        os.makedirs(path, exist_ok=True)
    except OSError:
        path = os.path.join(ROOT, "build", "cache", *parts)
        os.makedirs(path, exist_ok=True)
    return path


@contextlib.contextmanager
def file_lock(path):
    """Only one process at a time between here and the end of the block."""
    with open(path, "w", encoding="ascii") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def write_atomically(path, data):
    """A reader sees the old file or the whole new one, never a part."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def check_writable(path):
    """Raise InputError now rather than after minutes; None is no path."""
    if path is None:
        return
    if os.path.exists(path) and not os.path.isfile(path):
        raise InputError("%s is not a file that can be replaced; give "
                         "another path" % path)
    try:
        with open(path, "a", encoding="utf-8"):
            pass
    except OSError as error:
        raise InputError("cannot write %s (%s); give another path" %
                         (path, error.strerror.lower())) from None


def hash_file(path):
    """SHA-256 of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        for block in iter(lambda: handle.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
