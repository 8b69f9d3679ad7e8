# SPDX-License-Identifier: MIT
"""The parts of tools/xenios: one module for each subcommand and each concern.

    cli          the subcommands and how their errors reach the user
    base         paths, the cache, statuses, one-line messages
    packages     Debian packages that are needed, and their installation
    build        CMake presets
    bzimage      the ELF inside a Linux bzImage
    elf images   what is booted: checks of guests, Xen's package, GRUB ISOs
    machine      QEMU's command line
    console      what the console's text means
    session      one QEMU run: copies the console, knows how it ended
    debs         Debian packages, unpacked into the cache
    cpio ramdisk initial ramdisks for Linux
    fetch        `tools/xenios fetch`, and what its names stand for
    run          `tools/xenios run`
    conformance  runs the conformance kernel, compares with expectations
    test         `tools/xenios test`
"""
