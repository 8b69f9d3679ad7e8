# SPDX-License-Identifier: MIT
"""Empties the hypervisor's trace rings while its machine runs.

The machine's memory is a file without a name that QEMU and we share, so the
rings (struct t_buf, xen/trace.h) can be read and their `cons` moved without a
word to QEMU or to the guest: the machine runs at its own pace, and what is in
a ring when it panics or stops is still there.  Where the rings are, the
hypervisor says on the console, once.
"""
import mmap
import os
import re
import threading

from .base import ToolError
from .trace_events import window

POLL = 0.01                 # seconds; a ring holds much more than that fills
MIB = 1 << 20
HEAD_BYTES = 8              # struct t_buf
PLACE = re.compile(r"\(xenios\) trace: (\d+) pages a CPU for (\d+) CPUs, "
                   r"listed at ([0-9a-f]+)")
CLOCK = re.compile(r"\(xenios\) clock: tsc ([\d.]+) MHz")
# QEMU's `pc` moves what does not fit below its devices to 4 GiB.
LOW_MAX, LOW_MIB_OF_LARGE = 0xe0000000, 0xc0000000


class Rings:
    """The memory of one machine, and a thread that reads it."""

    def __init__(self, memory_mib, constants, out, limit_bytes):
        self.fd = os.memfd_create("xenios-ram")
        os.ftruncate(self.fd, memory_mib * MIB)
        self._memory = mmap.mmap(self.fd, memory_mib * MIB)
        self._words = memoryview(self._memory).cast("I")
        self._low = (memory_mib * MIB if memory_mib * MIB < LOW_MAX
                     else LOW_MIB_OF_LARGE)
        self._constants = constants
        self._out = out             # a file that gets the windows
        self._limit = limit_bytes
        self._rings = []            # (word of the head, bytes of the ring)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)
        self.tsc_hz = 10 ** 9
        self.windows = []           # (cpu, offset in the file, bytes)
        self.is_full = False
        self.error = None
        self._thread.start()

    def line(self, text):
        """A line of the console."""
        match = CLOCK.match(text)
        if match:
            self.tsc_hz = int(float(match.group(1)) * 1e6)
        match = PLACE.match(text)
        if match and not self._rings:
            self._find(*(int(match.group(1)), int(match.group(2)),
                         int(match.group(3), 16)))

    def finish(self):
        """The machine has stopped: take what is left."""
        self._done.set()
        self._thread.join()
        if not self.error:
            self._try_empty()
        if self.error:
            raise ToolError("cannot write the trace (%s)" %
                            self.error.strerror.lower())

    def close(self):
        """Give the memory back."""
        self._done.set()
        self._thread.join()
        self._words.release()
        self._memory.close()
        os.close(self.fd)

    def _offset(self, address):
        """Where a physical address is in the file."""
        return address if address < self._low else (
            address - (4 << 30) + self._low)

    def _find(self, pages, cpus, address):
        """Read t_info; the pages of a ring follow each other."""
        info = self._offset(address)
        rings = []
        for cpu in range(cpus):
            at = info + 2 + 2 * cpu
            start = int.from_bytes(self._memory[at:at + 2], "little")
            mfn = self._words[info // 4 + start]
            rings.append((self._offset(mfn << 12) // 4 if start else None,
                          pages * 4096 - HEAD_BYTES))
        self._rings = rings

    def _poll(self):
        while not self.error and not self._done.wait(POLL):
            self._try_empty()

    def _try_empty(self):
        try:
            self._empty()
        except OSError as error:
            self.error = error

    def _empty(self):
        for cpu, (head, size) in enumerate(self._rings):
            if head is not None and not self.is_full:
                self._empty_one(cpu, head, size)

    def _empty_one(self, cpu, head, size):
        """Copy what lies between cons and prod, then give the room back."""
        cons, prod = self._words[head], self._words[head + 1]
        count = (prod - cons) % (2 * size)
        if count == 0 or count > size:
            return
        start = head * 4 + HEAD_BYTES
        at = cons % size
        first = min(count, size - at)
        data = (self._memory[start + at:start + at + first] +
                self._memory[start:start + count - first])
        self._out.write(window(self._constants, cpu, count))
        self.windows.append((cpu, self._out.tell(), count))
        self._out.write(data)
        self._words[head] = prod
        self.is_full = self._out.tell() > self._limit
