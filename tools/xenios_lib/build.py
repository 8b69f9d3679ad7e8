# SPDX-License-Identifier: MIT
"""Configure and build CMake presets, quietly unless something fails."""
import os
import subprocess

from .base import (ROOT, ToolError, cache_dir, file_lock, hash_file, say,
                   write_atomically)


def directory(preset):
    """Where a preset builds."""
    return os.path.join(ROOT, "build", preset)


def artifact(preset, *parts):
    """The path of something a preset builds."""
    return os.path.join(directory(preset), *parts)


def _environment():
    """Ours; ccache fails without a home, as CI's users may be."""
    environment = dict(os.environ)
    if not os.access(os.path.expanduser("~"), os.W_OK):
        environment.setdefault("CCACHE_DIR", cache_dir("ccache"))
    return environment


def _quietly(command, what):
    """Run a command; show its output only if it fails."""
    done = subprocess.run(command, cwd=ROOT, env=_environment(),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        output = done.stdout.decode("utf-8", "replace")
        raise ToolError("%s failed:\n%s" % (what, output.rstrip()))


def _presets_hash():
    return hash_file(os.path.join(ROOT, "CMakePresets.json")).encode()


def _is_configured(preset):
    """Is there a build directory, made from the presets as they are now?"""
    try:
        with open(artifact(preset, "presets.hash"), "rb") as handle:
            return handle.read() == _presets_hash()
    except OSError:
        return False


def configure(preset):
    """Let CMake make the preset's build directory, if need be."""
    if _is_configured(preset):
        return
    say("configuring %s" % preset)
    _quietly(["cmake", "--preset", preset], "configuring %s" % preset)
    write_atomically(artifact(preset, "presets.hash"), _presets_hash())


def refresh(preset):
    """Make CTest's list of tests true to the CMakeLists.txt files."""
    configure(preset)
    _quietly(["cmake", "--build", directory(preset), "--target",
              "build.ninja"], "configuring %s" % preset)


def build(preset):
    """Bring everything of a preset up to date."""
    os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
    with file_lock(os.path.join(ROOT, "build", preset + ".lock")):
        configure(preset)
        _quietly(["cmake", "--build", directory(preset)],
                 "building %s" % preset)
