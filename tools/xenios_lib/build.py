# SPDX-License-Identifier: MIT
"""Configure and build CMake presets, quietly unless something fails."""
import os
import subprocess

from .base import ROOT, ToolError, file_lock, say


def directory(preset):
    """Where a preset builds."""
    return os.path.join(ROOT, "build", preset)


def artifact(preset, *parts):
    """The path of something a preset builds."""
    return os.path.join(directory(preset), *parts)


def _quietly(command, what):
    """Run a command; show its output only if it fails."""
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    if done.returncode != 0:
        output = done.stdout.decode("utf-8", "replace")
        raise ToolError("%s failed:\n%s" % (what, output.rstrip()))


def build(preset):
    """Bring everything of a preset up to date; says so if it takes long."""
    os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
    with file_lock(os.path.join(ROOT, "build", preset + ".lock")):
        fresh = not os.path.exists(artifact(preset, "build.ninja"))
        if fresh:
            say("building %s" % preset)
            _quietly(["cmake", "--preset", preset],
                     "configuring %s" % preset)
        _quietly(["cmake", "--build", directory(preset)],
                 "building %s" % preset)
