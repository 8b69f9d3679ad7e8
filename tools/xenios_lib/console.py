# SPDX-License-Identifier: MIT
"""What the bytes on the serial line mean.

Guest and hypervisor share one UART.  The hypervisor begins its own lines
with "(xenios) " and lets no guest begin a line so; therefore a final line
counts only when it stands at the start of a line, and a guest cannot fake
its own end.  (Xen gives no such promise; there its lines are searched for
anywhere, because Xen does not begin a new line after a guest's half one.)

A guest that is an ordinary domain of Xen has its end told by the control
domain's first process, and Linux on the bare machine tells its own.

Before the hypervisor's first line, firmware and boot loader own the line.
Their cursor movements are removed: they would wipe the user's terminal.
"""
import re

from .base import CRASHED, OK, PANIC, REFUSED

XENIOS_FINALS = (
    (rb"\(xenios\) PANIC: (?P<why>.*)", PANIC, "hypervisor panic: "),
    (rb"\(xenios\) cannot start: (?P<why>.*)", REFUSED,
     "the hypervisor refused to start: "),
    (rb"\(xenios\) d0 crashed(: (?P<why>.*))?", CRASHED, "d0 crashed: "),
    (rb"\(xenios\) d0 rebooted", OK, "d0 rebooted"),
    (rb"\(xenios\) d0 powered off", OK, "d0 powered off"),
)
XEN_FINALS = (
    (rb".*\(XEN\) (?P<why>Could not (construct|set up).*)", REFUSED,
     "the hypervisor refused to start: "),
    (rb".*\(XEN\) (?P<why>Panic on CPU.*)", PANIC, "hypervisor panic: "),
    (rb".*\(XEN\) Domain 0 (?P<why>\(vcpu#\d+\)) crashed.*", CRASHED,
     "d0 crashed: "),
    (rb".*\(XEN\) Hardware Dom0 crashed.*", CRASHED, "d0 crashed"),
    (rb".*\(XEN\) Hardware Dom0 shutdown: .*rebooting.*", OK, "d0 rebooted"),
    (rb".*\(XEN\) Hardware Dom0 halted.*", OK, "d0 powered off"),
    # Linux as a control domain switches the machine off by ACPI.
    (rb".*\(XEN\) Entering ACPI S5 state.*", OK, "d0 powered off"),
)
XEN_DOMU_FINALS = XEN_FINALS[:2] + (
    (rb"\(dom0\) cannot start the guest: (?P<why>.*)", REFUSED,
     "cannot start the guest: "),
    (rb"\(dom0\) the guest crashed: (?P<why>.*)", CRASHED,
     "the guest crashed: "),
    (rb"\(dom0\) the guest rebooted", OK, "d0 rebooted"),
    (rb"\(dom0\) the guest powered off", OK, "the guest powered off"),
    (rb".*Kernel panic - not syncing: (?P<why>.*)", CRASHED,
     "a kernel panicked: "),
)
BARE_FINALS = (
    (rb".*Kernel panic - not syncing: (?P<why>.*)", CRASHED,
     "the kernel panicked: "),
    (rb".*reboot: (System halted|Power down).*", OK,
     "the kernel powered off"),
    (rb".*reboot: Restarting system.*", OK, "d0 rebooted"),
)
FINALS = {"xenios": XENIOS_FINALS, "xen": XEN_FINALS,
          "xen-domu": XEN_DOMU_FINALS, "bare": BARE_FINALS}
# On Xen a refusal is the text of a panic, so it overrides the panic's line;
# a panic overrides whatever came before.  Otherwise the first line counts.
RANK = {OK: 0, CRASHED: 0, PANIC: 1, REFUSED: 2}

ESCAPES = re.compile(rb"\x1b(\[[0-9;?=]*[@-~]|[@-Z\\^_=>c])|[\x00\x07\x0e\x0f]")
LINE_MAX = 4096             # of a longer line only the beginning is read
FIRST_LINE = {"xenios": b"(xenios) ", "xen": b"Xen ", "xen-domu": b"Xen ",
              "bare": b""}
# From here on what is typed reaches the guest, not a boot loader.
INPUT_READY = {"xenios": b"(xenios) ", "xen": b"Serial input to DOM0",
               "xen-domu": b"(dom0) starting the guest", "bare": b""}


class Final:
    """How a run ended: exit status and one sentence."""

    def __init__(self, status, text):
        self.status = status
        self.text = text
        self.rebooted = text == "d0 rebooted"


class Console:
    """Reads the console as it comes; knows no process and no file."""

    def __init__(self, hypervisor, on_line=None):
        self._finals = [(re.compile(p), s, t) for p, s, t in FINALS[hypervisor]]
        self._first = FIRST_LINE[hypervisor]
        self._ready = INPUT_READY[hypervisor]
        self._pending = b""         # the line that is not complete yet
        self._on_line = on_line
        self.started = not self._first      # the hypervisor has spoken
        self.input_ready = False
        self.final = None

    def feed(self, data):
        """Take bytes from the line; returns the bytes to show."""
        if self.started:
            self._take(data)
            return data
        before, marker, after = (self._pending + data).partition(self._first)
        self._pending = b""
        lines = before.splitlines(keepends=True)
        if not marker and lines and not lines[-1].endswith(b"\n"):
            self._pending = lines.pop()[-LINE_MAX:]
        shown = b"".join(map(self._firmware_line, lines))
        if marker:
            if shown and not shown.endswith(b"\n"):
                shown += b"\n"
            self.started = True
            self._take(marker + after)
            shown += marker + after
        return shown

    def end(self):
        """No more bytes will come; returns what is still to be shown."""
        rest, self._pending = self._pending, b""
        self._line(rest.rstrip(b"\r"))
        return b"" if self.started else ESCAPES.sub(b"", rest)

    def at_prompt(self):
        """Does the cursor stand behind text, as behind a prompt?"""
        return bool(self._pending.strip())

    def _firmware_line(self, line):
        """What to show of a line from before the hypervisor's first."""
        clean = ESCAPES.sub(b"", line)
        self._line(clean.strip(b"\r\n"))
        return clean if clean.strip() else b""

    def _take(self, data):
        lines = (self._pending + data).split(b"\n")
        self._pending = lines.pop()[:LINE_MAX]
        for line in lines:
            self._line(line.rstrip(b"\r"))

    def _line(self, line):
        if self._ready in line:
            self.input_ready = True
        for pattern, status, text in self._finals:
            match = pattern.fullmatch(line)
            if match:
                self._finish(status, text, match.groupdict().get("why"))
                break
        if self._on_line:
            self._on_line(line.decode("utf-8", "replace"))

    def _finish(self, status, text, why):
        if self.final and RANK[status] <= RANK[self.final.status]:
            return
        reason = why.decode("utf-8", "replace").strip() if why else ""
        if text.endswith(": "):
            text = text + reason if reason else text[:-2]
        self.final = Final(status, text)
