#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write docs/lock-order.md from enum lock_rank and the sources.

    lockorder.py            write docs/lock-order.md
    lockorder.py --check    exit 1 if it is not what would be written

The ranks and what each protects come from hypervisor/include/hv/lock.h; which
locks have a rank, from the places that initialise them. A rank without a
comment, and a rank that panic.c cannot name, are errors.
"""
import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
PAGE = "docs/lock-order.md"
LOCK_H = "hypervisor/include/hv/lock.h"
PANIC_C = "hypervisor/core/panic.c"
SOURCES = ("hypervisor/core/*.c", "hypervisor/pv/*.c", "hypervisor/arch/x86/*.c")

BANNER = ("<!-- Written by tools/lint/lockorder.py from " + LOCK_H +
          ". Change that, then run it. -->\n")
BEFORE = """
# Lock order

A CPU may take a lock only if its rank is higher than the ranks of all locks
that the CPU holds. So no two CPUs can each hold what the other waits for: in
any circle of waiting, somebody would have to go down in rank.

| rank | name | protects | locks | defined in |
|---|---|---|---|---|
"""
AFTER = """
Further rules:

- **Two locks of one rank** are taken by `spin_lock()` and then
  `spin_lock_second()`, the lower address first. Only the ports of two domains
  need it (an event channel has two ends).
- **Interrupts are off** wherever a lock is taken, so there is no variant that
  saves a flag, and no lock is ever taken twice by an interrupt that came in
  between ([design 0001](design/0001-interrupts-off.md)).
- **Who waits, answers.** A CPU that waits for a lock serves TLB flush
  requests in every turn of its loop (`arch_relax()`); so a lock may be held
  while its holder waits for another CPU to flush.
- **No guest memory under a lock.** Arguments are copied before the first lock
  and results after the last (`hypervisor/include/hv/subop.h`); in between,
  code works on C values. One exception: CONSOLEIO_read stores to the guest
  under the console's lock, so that a character leaves the buffer only when
  the guest has it. A fault there goes on by the exception table and takes no
  lock.
- **No lock is held when the vcpu changes.** `schedule()` runs on the way out
  to the guest, where the last lock has been released.
- **Frames have no locks.** Counts and type of a frame are one word that is
  changed by compare-and-exchange; a CPU that meets a frame in the hands of
  another waits for that frame, and only for frames of a lower table level
  ([design 0003](design/0003-one-word-for-two-counts.md)).
- A **panic** breaks the console's lock, and takes no other.

Debug and host builds keep the list of locks that each CPU holds and panic
before they wait in the wrong order (`hypervisor/core/lock.c`). Unit tests run
with that check, so a wrong order is found when it is first executed, even if
nobody waits at that moment.
"""


def read(path):
    """A file of the tree as text."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as handle:
        return handle.read()


def fail(text):
    """Say what is wrong with the sources; no page can be made."""
    print("lockorder.py: " + text, file=sys.stderr)
    sys.exit(2)


def ranks():
    """[(name, what it protects)] in their order."""
    body = re.search(r"enum lock_rank \{(.*?)\n\};", read(LOCK_H), re.S)
    rows = []
    for line in body.group(1).strip().splitlines():
        name = line.split(",")[0].split("=")[0].strip()
        comment = re.search(r"/\* (.*) \*/", line)
        if name == "LOCK_RANKS":
            return rows
        if not comment:
            fail("%s: %s has no comment" % (LOCK_H, name))
        rows.append((name, comment.group(1)))
    return fail(LOCK_H + ": enum lock_rank does not end with LOCK_RANKS")


def locks(texts):
    """{rank: [(expression as the page shows it, file)]}"""
    found = {}
    for path, text in texts.items():
        for expression, rank in re.findall(
                r"spin_lock_init\(&([\w>.-]+), (LOCK_\w+)\)", text):
            found.setdefault(rank, []).append((expression, path))
        for name, rank in re.findall(
                r"^(?:static )?struct spinlock (\w+) = SPINLOCK\((LOCK_\w+)\)",
                text, re.M):
            found.setdefault(rank, []).append((name, path))
        for name, field, rank in re.findall(
                r"^\} (\w+) = \{ \.(\w+) = SPINLOCK\((LOCK_\w+)\)", text, re.M):
            found.setdefault(rank, []).append((name + "." + field, path))
    return found


def short(path):
    """A file's name as the prose has it: hypervisor/ is left out."""
    return "`%s`" % path.split("/", 1)[1]


def page():
    """The page's text."""
    texts = {path: read(path) for pattern in SOURCES
             for path in sorted(glob.glob(pattern, root_dir=ROOT))}
    del texts["hypervisor/core/lock.c"]
    by_rank = locks(texts)
    named = read(PANIC_C)
    rows = []
    for number, (name, protects) in enumerate(ranks(), 1):
        if "[%s]" % name not in named:
            fail("%s: rank_name() does not know %s" % (PANIC_C, name))
        of_rank = by_rank.get(name, [])
        files = sorted({path for _, path in of_rank})
        rows.append("| %d | `%s` | %s | %s | %s |" % (
            number, name, protects,
            ", ".join("`%s`" % l[0] for l in of_rank) or "none yet",
            ", ".join(map(short, files)) or "-"))
    return BANNER + BEFORE + "\n".join(rows) + "\n" + AFTER


def main(arguments):
    """Returns the exit status."""
    text = page()
    path = os.path.join(ROOT, PAGE)
    if arguments == ["--check"]:
        if not os.path.exists(path) or read(PAGE) != text:
            print(PAGE + " is not current; run tools/lint/lockorder.py")
            return 1
        return 0
    if arguments:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    with open(path, "w", encoding="utf-8") as handle:
        handle.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
