# SPDX-License-Identifier: MIT
"""Debian packages that are fetched and unpacked into the cache.

Nothing here installs anything: apt says what there is and downloads it,
dpkg-deb unpacks it below a directory of ours.  A machine whose package lists
are missing, or so old that the mirror has newer files, has them updated.
"""
import os
import re
import shutil
import subprocess
import tempfile

from . import packages
from .base import ToolError, cache_dir, file_lock, say, write_atomically


def _output(*command):
    """What a program prints; nothing if it fails."""
    return subprocess.run(command, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, check=False).stdout


def _require_apt():
    for program in ("apt-get", "apt-cache", "dpkg-deb"):
        if shutil.which(program) is None:
            raise ToolError("fetching Debian's packages needs apt and dpkg; "
                            "there is no %s here" % program)


def known(prefix):
    """The names of all packages that begin so."""
    return sorted(_output("apt-cache", "pkgnames", prefix).split())


def dependency(package, pattern):
    """The first package it depends on whose name matches, or None."""
    text = _output("apt-cache", "show", "--no-all-versions", package)
    for line in re.findall(r"(?m)^Depends: (.*)$", text):
        for name in re.findall(r"[^\s,|()]+", line):
            if re.fullmatch(pattern, name):
                return name
    return None


def dependencies(package):
    """The names of all it depends on, of alternatives the first one."""
    text = _output("apt-cache", "show", "--no-all-versions", package)
    names = []
    for line in re.findall(r"(?m)^(?:Pre-)?Depends: (.*)$", text):
        names += [re.match(r"[^\s|(:]*", word.strip()).group()
                  for word in line.split(",")]
    return names


def look_up(choose, what):
    """choose()'s answer; if there is none, once more with new lists."""
    _require_apt()
    found = choose()
    if found is None and packages.apt_get("update"):
        found = choose()
    if found is None:
        raise ToolError("apt knows no %s; are Debian's sources in its lists?"
                        % what)
    return found


def _download(package, directory):
    """The path of the package's file, or None and apt's complaint."""
    command = ["apt-get", "-q", "download", package]
    if os.geteuid() == 0:
        # apt's own user cannot write into root's cache.
        command[1:1] = ["-o", "APT::Sandbox::User=root"]
    done = subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    files = [f for f in os.listdir(directory) if f.endswith(".deb")]
    if done.returncode != 0 or not files:
        return None, done.stdout.decode("utf-8", "replace").rstrip()
    return os.path.join(directory, files[0]), ""


def unpack_into(package, directory):
    """Fetch a package and unpack it below directory/root; returns the name
    of its file, which tells the version."""
    _require_apt()
    say("fetching %s (unpacked into the cache, not installed)" % package)
    path, complaint = _download(package, directory)
    if path is None and packages.apt_get("update"):
        path, complaint = _download(package, directory)
    if path is None:
        raise ToolError("could not download %s:\n%s" % (package, complaint))
    done = subprocess.run(["dpkg-deb", "-x", path,
                           os.path.join(directory, "root")],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise ToolError("could not unpack %s:\n%s" % (
            package, done.stdout.decode("utf-8", "replace").rstrip()))
    os.unlink(path)
    return os.path.basename(path)


def unpacked_together(final, choose):
    """The directory with the files of all packages that choose() names,
    fetched when it is not there."""
    with file_lock(final + ".lock"):
        if os.path.isdir(final):
            return final
        with tempfile.TemporaryDirectory(
                dir=os.path.dirname(final)) as directory:
            for package in choose():
                unpack_into(package, directory)
            os.rename(os.path.join(directory, "root"), final)
    return final


def unpacked(name, choose, finish=None, renew=False):
    """The directory in the cache with a package's files, fetched when it is
    not there (or always, with renew).  choose() names the package when it is
    needed; finish(directory) may add to the files."""
    base = cache_dir("packages")
    final = os.path.join(base, name)
    with file_lock(os.path.join(base, name + ".lock")):
        if os.path.isdir(final) and not renew:
            return final
        package = look_up(choose, "package for " + name)
        with tempfile.TemporaryDirectory(dir=base) as directory:
            version = unpack_into(package, directory)
            root = os.path.join(directory, "root")
            if finish:
                finish(root)
            write_atomically(os.path.join(root, "package"),
                             (version + "\n").encode())
            if os.path.isdir(final):
                os.rename(final, os.path.join(directory, "old"))
            os.rename(root, final)
    return final
