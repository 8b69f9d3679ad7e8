# SPDX-License-Identifier: MIT
"""From what the user asked for to QEMU's command line."""
import os
import shutil
import socket
import tempfile

from . import build, images, xendomu
from .base import InputError, ROOT

DEFAULT_QEMU = "qemu-system-x86_64"
DEFAULT_CPU = "qemu64"
UEFI_MIB_MIN = 64           # OVMF crashes with half of it
VCPUS_MAX = 32              # of one PV guest
MIB_MAX = 1 << 20           # 1 TiB; beyond it is surely a slip of the finger


class Machine:
    """One machine to boot.  Plain fields; prepare() makes the command."""

    def __init__(self):
        self.hypervisor = "xenios"      # or "xen", "xen-domu", "bare"
        self.preset = "target-release"
        self.hypervisor_elf = None      # instead of the preset's own
        self.boot = "grub"              # or "uefi", "direct"
        self.d0 = None                  # path of a plain ELF; None: no module
        self.cmdline = ""
        self.ramdisks = []
        self.d0_memory = 128
        self.d0_vcpus = 1
        self.d0_as = "control"          # or "guest": no privileges
        self.cpus = 2
        self.memory = 512
        self.cpu = DEFAULT_CPU
        self.qemu = DEFAULT_QEMU
        self.hv_cmdline = ""
        self.icount = False
        self.gdb_port = None
        self.memory_fd = None           # of a file that is to be the RAM
        self._directory = None

    def check(self):
        """Raise InputError for numbers that make no sense together."""
        for name, value, most in (("--memory", self.memory, MIB_MAX),
                                  ("--d0-memory", self.d0_memory, MIB_MAX),
                                  ("--cpus", self.cpus, 255),
                                  ("--d0-vcpus", self.d0_vcpus, VCPUS_MAX)):
            if not 1 <= value <= most:
                raise InputError("%s %d makes no sense; give a number from 1 "
                                 "to %d" % (name, value, most))
        if self.hypervisor == "xen" and self.d0_as == "guest":
            raise InputError("--d0-as guest works on Xenios only: Xen gives "
                             "its first domain always all privileges; leave "
                             "out --d0-as guest, or try --on xen-domu")
        if (self.hypervisor == "xenios" and self.boot == "uefi" and
                self.memory < UEFI_MIB_MIN):
            raise InputError("--boot uefi needs --memory %d at least" %
                             UEFI_MIB_MIN)
        for name, text in (("--cmdline", self.cmdline),
                           ("--hv-cmdline", self.hv_cmdline)):
            if not text.isprintable():
                raise InputError("%s holds a line break or a control "
                                 "character; give plain text" % name)

    def machine_memory(self):
        """MiB of the machine: Xen's control domain comes on top."""
        if self.hypervisor == "xen-domu":
            return self.memory + xendomu.CONTROL_MIB
        return self.memory

    def hypervisor_line(self):
        """The hypervisor's own command line."""
        if self.hypervisor != "xenios":
            memory, vcpus = self.d0_memory, self.d0_vcpus
            if self.hypervisor == "xen-domu":
                memory, vcpus = xendomu.CONTROL_MIB, 1
            text = ("com1=115200,8n1 console=com1 dom0=pv noreboot "
                    "dom0_mem=%dM,max:%dM dom0_max_vcpus=%d" %
                    (memory, memory, vcpus))
        else:
            text = "d0_mem=%d d0_vcpus=%d" % (self.d0_memory, self.d0_vcpus)
            if self.d0_as == "guest":
                text += " d0=guest"
        return (text + " " + self.hv_cmdline).strip()

    def modules(self):
        """(path, text) of every boot module, d0's kernel first."""
        if self.d0 is None:
            return []
        if self.hypervisor == "xen-domu":
            return xendomu.modules(self, self._directory.name)
        return [(self.d0, self.cmdline)] + [(r, "") for r in self.ramdisks]

    def prepare(self):
        """Make what QEMU needs; returns its command line."""
        self._directory = tempfile.TemporaryDirectory(prefix="xenios-")
        command = [self.qemu, "-machine", "pc,accel=tcg", "-cpu", self.cpu,
                   "-smp", str(self.cpus), "-m", str(self.machine_memory()),
                   "-display", "none", "-nic", "none", "-no-reboot"]
        if self.icount:
            command += ["-icount", "shift=0,sleep=off",
                        "-rtc", "clock=vm,base=2026-01-01"]
        if self.memory_fd is not None:
            command += ["-machine", "memory-backend=ram", "-object",
                        "memory-backend-file,id=ram,share=on,size=%dM,"
                        "mem-path=/proc/self/fd/%d" % (self.memory,
                                                       self.memory_fd)]
        if self.gdb_port:
            command += ["-S", "-gdb", "tcp:127.0.0.1:%d" % self.gdb_port]
        if self.hypervisor == "bare":
            return command + self._bare()
        if self.hypervisor != "xenios" or self.boot == "direct":
            return command + self._direct()
        return command + self._grub()

    def clean(self):
        """Remove what prepare() made for this one run."""
        if self._directory:
            self._directory.cleanup()
            self._directory = None

    def _image(self, suffix):
        return self.hypervisor_elf or build.artifact(
            self.preset, "hypervisor", "xenios.elf" + suffix)

    def _direct(self):
        """QEMU as Multiboot 1 loader: words, commas doubled."""
        kernel = (self._image("32") if self.hypervisor == "xenios"
                  else images.xen_image())
        command = ["-kernel", kernel, "-append", self.hypervisor_line()]
        modules = [(self._plain_path(path) + " " + text).strip()
                   for path, text in self.modules()]
        if modules:
            command += ["-initrd", ",".join(m.replace(",", ",,")
                                            for m in modules)]
        return command

    def _bare(self):
        """QEMU as Linux's own loader."""
        command = ["-kernel", self.d0, "-append", self.cmdline]
        if self.ramdisks:
            command += ["-initrd", self.ramdisks[0]]
        return command

    def _plain_path(self, path):
        """QEMU ends a module's file name at the first blank."""
        if not any(c.isspace() or c == "," for c in path):
            return path
        link = os.path.join(self._directory.name,
                            "module%d" % len(os.listdir(self._directory.name)))
        os.symlink(os.path.abspath(path), link)
        return link

    def _grub(self):
        uefi = self.boot == "uefi"
        command = ["-cdrom", images.grub_iso(
            self._image(""), self.hypervisor_line(), self.modules(), uefi)]
        if uefi:
            code, pristine = images.ovmf()
            variables = os.path.join(self._directory.name, "vars.fd")
            shutil.copyfile(pristine, variables)
            drive = "if=pflash,format=raw,file="
            command += ["-drive", drive + code + ",readonly=on",
                        "-drive", drive + variables]
        return command


def free_port():
    """A TCP port that is free now on this host."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def gdb_command(machine):
    """What to type in another terminal."""
    words = ["gdb"]
    if machine.hypervisor == "xenios":
        words += [build.artifact(machine.preset, "hypervisor", "xenios.elf"),
                  "-x", os.path.join(ROOT, "tools", "gdb", "hv.py")]
    words += ["-ex", "'target remote 127.0.0.1:%d'" % machine.gdb_port]
    if machine.d0:
        words += ["-ex", "'add-symbol-file %s'" % machine.d0]
    return " ".join(words)
