# SPDX-License-Identifier: MIT
"""The bench's table in README.md, between two marks, and the chart of the same
run, docs/bench.svg."""
import os
import re

from . import base
from .base import InputError, ROOT

CHART = os.path.join(ROOT, "docs", "bench.svg")
README = os.path.join(ROOT, "README.md")
BEGIN = "<!-- written by tools/xenios bench --readme -->\n"
END = "<!-- end of the bench's table -->\n"
FOLDER = os.path.join(ROOT, "tests", "bench")


def _parts():
    """README.md around and within the marks."""
    with open(README, encoding="utf-8") as handle:
        before, begin, rest = handle.read().partition(BEGIN)
    inside, end, after = rest.partition(END)
    if not begin or not end:
        raise InputError("README.md lacks the marks between which the table "
                         "belongs: %s and %s" % (BEGIN.strip(), END.strip()))
    return before, inside, after


def write(table, chart):
    """Put the printed table there, and the chart beside docs/bench.md."""
    before, _, after = _parts()
    text = before + BEGIN + "```\n" + table.rstrip("\n") + "\n```\n" + END
    base.write_atomically(README, (text + after).encode())
    base.write_atomically(CHART, chart.encode())


def counts():
    """(title, Xenios' count) of each row that README.md shows."""
    for line in _parts()[1].splitlines():
        match = re.match(r"(\S.*?)  +(\d[\d ]*?)  +\d", line)
        if match:
            yield match.group(1), int(match.group(2).replace(" ", ""))


def name_of(title):
    """The row that has this title, from the guest's sources."""
    for name in sorted(os.listdir(FOLDER)):
        if not name.startswith("rows_"):
            continue
        with open(os.path.join(FOLDER, name), encoding="ascii") as handle:
            rows = re.findall(r'\{ "(\w+/[\w-]+)",\s*"([^"]*)"', handle.read())
        for row, text in rows:
            if text == title:
                return row
    raise KeyError(title)
