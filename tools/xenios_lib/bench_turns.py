# SPDX-License-Identifier: MIT
"""Machines that take turns in running the program of `bench linux`.

A host's speed changes from one second to the next.  So the machines stand
side by side, and only one at a time runs, for the 10 to 80 ms of its turn: what
they took in the same turn can be compared.  The others are halted by QMP, with
their clocks, and see no time pass.
"""
import contextlib
import json
import re
import socket
import time

from .base import INPUT_ERROR, InputError, OK, ToolError, say
from .session import Session, interruptible

BOOT_MAX = 600              # seconds; a busy host is slow
ANSWER_MAX = 120            # to a line of ours
QMP_MAX = 20                # of QEMU's monitor

READY = re.compile(r"BENCH ready (\S+) batch (\d+)")
TOOK = re.compile(r"BENCH took (\S+) ([\d ]+)$")
FAILED = re.compile(r"BENCH row (\S+) FAILED (.*)")
DONE = re.compile(r"BENCH DONE (\d+) (\d+)")


class Result:
    """What the program printed in one boot."""

    def __init__(self):
        self.took = {}              # name -> [picoseconds, ...] of each turn
        self.failed = {}            # name -> reason
        self.row = None             # that is at its turns
        self.done = False
        self.answers = 0            # lines after which it may wait for ours
        self.lines = []

    def line(self, text):
        """For Session: one line of the console."""
        self.lines.append(text)
        ready, took = READY.search(text), TOOK.search(text)
        failed, done = FAILED.search(text), DONE.search(text)
        if ready:
            self.row = ready.group(1)
            self.took[self.row] = []
        elif took and took.group(1) == self.row:
            self.took[self.row].append(list(map(int, took.group(2).split())))
        elif failed:
            self.failed[failed.group(1)] = failed.group(2)
            self.took.pop(failed.group(1), None)
        elif done:
            self.row = None
            self.done = (int(done.group(1)) ==
                         len(self.took) + len(self.failed))
        else:
            return
        self.answers += 1

    def check(self, hypervisor, final):
        """Raise an error unless the program may go on, or is done."""
        if final and final.status == INPUT_ERROR:
            raise InputError(final.text)
        if self.failed:
            raise ToolError("on %s: %s" % (hypervisor, "; ".join(
                "row %s failed, %s" % item for item in self.failed.items())))
        if not self.done and (final or not self.row) or (
                final and final.status != OK):
            raise ToolError("on %s Linux did not measure to its end: %s\n%s" % (
                hypervisor, final.text if final else "rows are missing",
                "\n".join(self.lines[-20:])))


def boot(machine):
    """One boot to its end, without turns; returns its Result."""
    result = Result()
    try:
        final = Session(machine.prepare(), machine.hypervisor, BOOT_MAX,
                        show=False, on_line=result.line).run()
    finally:
        machine.clean()
    result.row = None
    result.check(machine.hypervisor, final)
    return result


class Player:
    """A machine that runs only when it is its turn."""

    def __init__(self, machine):
        self.result = Result()
        self._name = machine.hypervisor
        with contextlib.ExitStack() as stack:
            ours, theirs = map(stack.enter_context, socket.socketpair())
            ours.settimeout(QMP_MAX)
            self._qmp = stack.enter_context(ours.makefile("rw"))
            stack.callback(machine.clean)
            self._session = Session(
                machine.prepare() + [
                    "-chardev", "socket,id=qmp,fd=%d" % theirs.fileno(),
                    "-mon", "chardev=qmp,mode=control"],
                self._name, BOOT_MAX, show=False, on_line=self.result.line,
                keep_fds=(theirs.fileno(),))
            stack.callback(self._session.end)
            self._session.start()
            theirs.close()
            self._monitor("qmp_capabilities")
            self._stack = stack.pop_all()

    def close(self):
        """End the machine."""
        self._stack.close()

    def tell(self, line):
        """Let it run until the program has answered to this line."""
        self._monitor("cont")
        self._session.limit(ANSWER_MAX)
        heard = self.result.answers
        self._session.send(line.encode() + b"\n")
        self.listen(heard)

    def listen(self, heard=0):
        """Wait until it has answered once more, then halt it."""
        final = self._session.wait(lambda: self.result.answers > heard)
        self.result.check(self._name, final)
        if not self.result.done:
            self._monitor("stop")

    def _monitor(self, command):
        """One command for QEMU itself."""
        try:
            self._qmp.write(json.dumps({"execute": command}) + "\n")
            self._qmp.flush()
            while True:
                answer = json.loads(self._qmp.readline())
                if "return" in answer:
                    return
        except (OSError, ValueError):
            # It has ended, or hangs.
            self._session.limit(1)
            self.result.check(self._name, self._session.wait())


def order(names, turn):
    """Each name comes first, last and between as often as the others, and
    the neighbours change sides."""
    first = turn // 2 % len(names)
    turned = names[first:] + names[:first]
    return turned[::-1] if turn % 2 else turned


def play(machines, turns):
    """{ground: {row: [samples of each turn]}} of one boot of each machine,
    where machines is {ground: Machine}, and turns(row) a number."""
    with interruptible(), contextlib.ExitStack() as stack:
        players = {}
        start = time.monotonic()
        for ground, machine in machines.items():
            players[ground] = Player(machine)
            stack.callback(players[ground].close)
        for player in players.values():
            player.listen()
        say("%d machines are up after %.0f s" % (len(players),
                                                 time.monotonic() - start))
        while not all(p.result.done for p in players.values()):
            row = next(iter(players.values())).result.row
            for turn in range(turns(row)):
                for ground in order(list(players), turn):
                    players[ground].tell("go")
            for player in players.values():
                player.tell("next")
    return {ground: player.result.took for ground, player in players.items()}
