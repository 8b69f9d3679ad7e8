# SPDX-License-Identifier: MIT
"""One QEMU run: copies the console both ways and knows how it ended.

QEMU's serial line is its own stdin and stdout, which are pipes to us: so we
see every byte, and QEMU never sees a terminal.  It is killed on every way
out, by the kernel if this process is killed itself.  How long it may live
after a final line is limited: a hypervisor that cannot power off the
machine must not hang the tool.

Whoever has several at once starts each and waits for one at a time, all
within one interruptible().
"""
import contextlib
import ctypes
import errno
import os
import selectors
import signal
import subprocess
import sys
import termios
import time

from .base import (INPUT_ERROR, INTERRUPTED, NO_END, OK, PANIC, TIMEOUT,
                   InputError)
from .console import Console, Final

LEAVE_HELP = "Ctrl-A X leaves, Ctrl-A C is QEMU's monitor"
CTRL_A = 0x01
CTRL_D = b"\x04"
DEBUG_SWITCH = b"\x01\x01\x01"     # who gets what is typed
QUIET_AFTER_FINAL = 1.0     # seconds without a byte, then QEMU is ended
QUIET_AFTER_FINAL_XEN = 0.4  # Xen halts the machine, QEMU stays for ever
LONGEST_AFTER_FINAL = 10.0
TERMINATE_MAX = 5           # a QEMU that hangs is killed
PROMPT_QUIET = 0.2          # a prompt has come when the line rests this long
SILENT_QUIET = 3.0          # and a guest without prompts gets its line then


def _die_with_parent():
    """In the child: SIGKILL when the tool dies, whatever way it dies."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(1, signal.SIGKILL, 0, 0, 0)


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, or somebody wants us gone."""


def _interrupt(_signal, _frame):
    raise Interrupted()


@contextlib.contextmanager
def interruptible():
    """Signals that want us gone raise Interrupted within the block."""
    handled = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {s: signal.signal(s, _interrupt) for s in handled}
    try:
        yield
    finally:
        for number, action in before.items():
            signal.signal(number, action)


class Terminal:
    """The user's terminal in raw mode for input; output stays as it was."""

    def __init__(self, fd):
        self.fd = fd
        self._saved = termios.tcgetattr(fd)
        mode = termios.tcgetattr(fd)
        mode[0] &= ~(termios.ICRNL | termios.IXON | termios.BRKINT)
        mode[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG |
                     termios.IEXTEN)
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        termios.tcsetattr(fd, termios.TCSANOW, mode)

    def restore(self):
        """Give the terminal back as we found it."""
        termios.tcsetattr(self.fd, termios.TCSADRAIN, self._saved)


class Session:
    """Runs one QEMU command to its end."""

    def __init__(self, command, hypervisor, timeout=None, log=None,
                 interactive=False, show=True, on_line=None, start=None,
                 keep_fds=()):
        self.command = command
        self._keep_fds = keep_fds   # open in QEMU as well
        self.hypervisor = hypervisor
        self.limit(timeout, start)
        self.log = log
        self.show = show
        self.interactive = interactive
        self.console = Console(hypervisor, on_line)
        self.stop_reason = None     # a Final set from outside by stop()
        self._terminal = None
        self._qemu = None
        self._waiting = None        # for what QEMU or the user writes
        self._errors = b""
        self._output_seen = False
        self._last_output = time.monotonic()
        self._held_return = b""
        self._shown_last = b""      # messages of the tool begin a new line
        self._final_at = None
        self._typed = b""           # piped input that is not yet sent
        self._input_ended = False
        self._after_ctrl_a = False
        self._answered = True       # the guest wrote since the last line

    def stop(self, status, text):
        """End the run at the next turn; for on_line callbacks."""
        self.stop_reason = Final(status, text)

    def limit(self, timeout, start=None):
        """It must have ended so many seconds from now, or from the start."""
        self.timeout = timeout
        self.deadline = None
        if timeout:
            self.deadline = (start or time.monotonic()) + timeout

    def send(self, data):
        """Type this; for on_line callbacks, and between two waits."""
        try:
            self._qemu.stdin.write(data)
        except OSError as error:
            if error.errno != errno.EPIPE:
                raise

    def debug_key(self, key):
        """Type a debug key of the hypervisor; for on_line callbacks."""
        self.send(DEBUG_SWITCH + key + DEBUG_SWITCH)

    def silent_for(self):
        """Seconds since the last byte came."""
        return time.monotonic() - self._last_output

    def run(self, on_tick=None):
        """Boot, copy, wait; returns a Final.  Never leaves a QEMU behind."""
        with interruptible():
            try:
                self.start()
                return self.wait(on_tick=on_tick)
            except Interrupted:
                return Final(INTERRUPTED, "interrupted")
            finally:
                self.end()

    def start(self):
        """Boot; end() must follow, whatever this raises."""
        tty = self.interactive and sys.stdin.isatty()
        serial = (["-serial", "mon:stdio"] if tty else
                  ["-serial", "stdio", "-monitor", "none"])
        # pylint: disable=subprocess-popen-preexec-fn,consider-using-with
        try:
            self._qemu = subprocess.Popen(
                self.command + serial, bufsize=0, start_new_session=True,
                pass_fds=self._keep_fds, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                preexec_fn=_die_with_parent)
        except OSError as error:
            raise InputError("cannot run %s (%s); install qemu-system-x86 or "
                             "give --qemu" % (self.command[0],
                                              error.strerror.lower())
                             ) from None
        os.set_blocking(self._qemu.stdout.fileno(), False)
        os.set_blocking(self._qemu.stderr.fileno(), False)
        if tty:
            self._terminal = Terminal(sys.stdin.fileno())
        self._waiting = selectors.DefaultSelector()
        self._waiting.register(self._qemu.stdout, selectors.EVENT_READ,
                               self._from_guest)
        self._waiting.register(self._qemu.stderr, selectors.EVENT_READ,
                               self._from_qemu)
        if self.interactive:
            self._watch_input()

    def wait(self, until=lambda: False, on_tick=None):
        """Copy until until() holds, which gives None, or the run is over."""
        while not until():
            for key, _ in self._waiting.select(0.1):
                if not key.data():
                    self._waiting.unregister(key.fileobj)
            self._send_typed()
            if on_tick:
                on_tick(self)
            end = self._time_to_end()
            if end or self._qemu.poll() is not None:
                return self._judge(end)
        return None

    def end(self):
        """End QEMU, if it runs, and give everything back."""
        self._kill()
        if self._waiting:
            self._waiting.close()
        if self._terminal:
            self._terminal.restore()
        if self.show and self._shown_last not in (b"", b"\n"):
            self._write_out(b"\n")

    def _watch_input(self):
        try:
            self._waiting.register(sys.stdin, selectors.EVENT_READ,
                                   self._from_user)
        except (PermissionError, ValueError):
            # A regular file cannot be waited for, but never blocks either.
            self._typed = sys.stdin.buffer.read().replace(b"\n", b"\r")
            self._end_input()

    def _from_guest(self):
        """Copy what the guest wrote; False at the end of the stream."""
        data = self._read(self._qemu.stdout)
        if data:
            self._output_seen = self._answered = True
            self._last_output = time.monotonic()
            self._put(self.console.feed(data))
            if self.console.final and self._final_at is None:
                self._final_at = self._last_output
        return data != b""

    def _from_qemu(self):
        data = self._read(self._qemu.stderr)
        self._errors = (self._errors + (data or b""))[-4096:]
        return data != b""

    @staticmethod
    def _read(stream):
        """Bytes, b"" at the end, None when there are none yet."""
        try:
            return os.read(stream.fileno(), 65536)
        except BlockingIOError:
            return None

    def _drain(self):
        """QEMU has ended: take what is still in the pipes."""
        while True:
            data = self._read(self._qemu.stdout)
            if not data:
                break
            self._output_seen = True
            self._put(self.console.feed(data))
        self._from_qemu()
        self._put(self.console.end(), last=True)

    def _put(self, data, last=False):
        """To the log and to stdout; a serial line ends its lines by CR LF,
        files by LF."""
        data = self._held_return + data
        self._held_return = b""
        if data.endswith(b"\r") and not last:
            data, self._held_return = data[:-1], b"\r"
        data = data.replace(b"\r\n", b"\n")
        if not data:
            return
        if self.log:
            self.log.write(data)
            self.log.flush()
        if self.show:
            self._write_out(data)

    def _write_out(self, data):
        try:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            self._shown_last = data[-1:]
        except BrokenPipeError:
            self.show = False
            self.stop(NO_END, "nobody reads the console any more")

    def _from_user(self):
        """Keys or piped text, on the way to the guest."""
        data = os.read(sys.stdin.fileno(), 1024)
        if not data:
            self._end_input()
            return False
        if self._terminal:
            self._keys(data)
        else:
            self._typed += data.replace(b"\n", b"\r")
        return True

    def _end_input(self):
        """The end of piped input is what Ctrl-D is on a terminal."""
        self._input_ended = True
        self._typed += CTRL_D

    def _keys(self, data):
        """Keys go to QEMU, which knows Ctrl-A; we only look for the X, so
        that leaving works even when QEMU hangs."""
        for key in data:
            if self._after_ctrl_a and key in b"xX":
                self.stop(OK, "left")
            self._after_ctrl_a = key == CTRL_A and not self._after_ctrl_a
        self.send(data)

    def _send_typed(self):
        """Piped input goes line by line, each when a prompt waits for it:
        sent at once it would be lost in the boot loader or overrun the
        UART."""
        if not self._typed or not self.console.input_ready:
            return
        prompted = self._answered and self.console.at_prompt()
        quiet = PROMPT_QUIET if prompted else SILENT_QUIET
        if self.silent_for() < quiet:
            return
        line, end, self._typed = self._typed.partition(b"\r")
        if not end and not self._input_ended:
            self._typed = line
            return
        self._last_output = time.monotonic()
        self._answered = False
        self.send(line + end)

    def _time_to_end(self):
        """A Final when QEMU must not go on, else None."""
        if self.stop_reason:
            return self.stop_reason
        now = time.monotonic()
        if self._final_at is not None:
            quiet = (QUIET_AFTER_FINAL_XEN if self.hypervisor == "xen"
                     else QUIET_AFTER_FINAL)
            if (self.silent_for() > quiet or
                    now - self._final_at > LONGEST_AFTER_FINAL):
                return self.console.final
        elif self.deadline is not None and now > self.deadline:
            return Final(TIMEOUT, "stopped after %g s (--timeout)" %
                         self.timeout)
        return None

    def _judge(self, end):
        """The Final of a run, however it ended."""
        if end:
            self._put(self.console.end(), last=True)
        else:
            self._drain()
        if end or self.console.final:
            return self.stop_reason or self.console.final or end
        if self._qemu.returncode != 0:
            status = NO_END if self._output_seen else INPUT_ERROR
            return Final(status, "QEMU ended with status %d: %s" % (
                self._qemu.returncode, self._complaint()))
        return Final(PANIC, "the machine stopped without a word from the "
                     "hypervisor (triple fault?)")

    def _complaint(self):
        """QEMU's last words, without its own name and its warnings."""
        lines = [line.partition(": ")[2] or line for line in
                 self._errors.decode("utf-8", "replace").splitlines()
                 if line.strip() and "warning: " not in line]
        return lines[-1] if lines else "it gave no reason"

    def _kill(self):
        if self._qemu is None:
            return
        self._qemu.terminate()          # its plugins have last words, too
        try:
            self._qemu.wait(TERMINATE_MAX)
        except subprocess.TimeoutExpired:
            self._qemu.kill()
            self._qemu.wait()
        for stream in (self._qemu.stdin, self._qemu.stdout,
                       self._qemu.stderr):
            if stream:
                try:
                    stream.close()
                except OSError:
                    pass
