# SPDX-License-Identifier: MIT
"""What the bench has found, as a table, as data and as a chart."""
from . import bench_guest, images

EVENTS = (("syscall", "sc"), ("sysret", "sr"), ("iret", "ir"), ("int", "int"),
          ("lock", "lk"), ("cr3", "cr3"), ("cr4", "cr4"),
          ("invlpg", "ilpg"), ("wrmsr", "wrm"), ("port", "io"))

# What is trapped and emulated, and what a guest can ask for instead.
PAIRS = (("emulate/cli", "emulate/mask-store"),
         ("emulate/cpuid", "emulate/cpuid-native"),
         ("emulate/wrmsr", "call/segment-base"),
         ("emulate/clts", "call/fpu-taskswitch"),
         ("emulate/mov-to-cr3", "tree/base-same"),
         ("emulate/mov-from-dr7", "call/get-debugreg"),
         ("mmu/store", "mmu/va"))


class Report:
    """The rows of one or three columns, with their figures."""

    def __init__(self, figures, found, wall, floors):
        self.floors = floors
        self.found = found
        self.wall = wall
        self.figures = [f for f in figures if f.name in found["xenios"].rows]

    def title(self, name):
        """The operation in words."""
        return self.found["xenios"].rows[name].title

    def median(self, column, name):
        """A count, or None where there is none."""
        result = self.found.get(column)
        row = result.rows.get(name) if result else None
        return row.median if row else None

    def ratio(self, name):
        """Xenios to the fastest Xen."""
        ours, theirs = self.median("xenios", name), self.median("xen_b", name)
        return ours / theirs if theirs else None

    def limit(self, figure):
        """What the row may cost at most, or None."""
        if figure.ratio is not None:
            theirs = self.median("xen_b", figure.name)
            return int(figure.ratio * theirs) if theirs else None
        return figure.limit

    def floor(self, figure):
        """The least that the row needs, or None."""
        if figure.measured:
            return self.floors.get(figure.name)
        return figure.floor

    def floor_text(self, figure):
        """The same with M or E behind it."""
        floor = self.floor(figure)
        return "-" if floor is None else "%s %s" % (
            number(floor), "M" if figure.measured else "E")

    def reached(self, figure):
        """Is the figure reached?  None: there is none."""
        limit = self.limit(figure)
        if limit is None:
            return None
        return self.median("xenios", figure.name) <= limit

    def rows(self):
        """The cells of the table."""
        for figure in self.figures:
            name = figure.name
            ratio = self.ratio(name)
            reached = self.reached(figure)
            limit = self.limit(figure)
            yield (self.title(name), *(number(self.median(c, name)) for c in
                                       ("xenios", "xen", "xen_b")),
                   "%.2f" % ratio if ratio else "-", self.floor_text(figure),
                   number(limit) + ("" if reached is not False else " *"))

    def text(self, events=True):
        """The tables, and what is not reached."""
        lines = table(("operation", "Xenios", "Xen", "Xen B", "ratio",
                       "floor", "at most"), list(self.rows()))
        lines += ["", "Instructions, median of 101. Xen B: without its "
                  "mitigations (%s)." % bench_guest.FASTEST_XEN,
                  "ratio: Xenios to Xen B. floor: the least the hardware "
                  "path needs, M measured, E estimated. *: not reached."]
        lines.append("; ".join(self.versions()) + ".")
        verdicts = [self.reached(f) for f in self.figures]
        if any(v is not None for v in verdicts):
            lines.append("Figures reached: %d of %d." % (
                verdicts.count(True), len(verdicts) - verdicts.count(None)))
        if events and any(self.events("xenios", f.name) for f in self.figures):
            lines += [""] + self.events_table()
        if events:
            lines += self.pairs_table()
        return "\n".join(lines) + "\n"

    def versions(self):
        """What the counts depend on."""
        return [bench_guest.qemu_version(),
                bench_guest.first_line("gcc", "--version")] + (
                    [images.xen_version()] if "xen" in self.found else [])

    def events(self, column, name):
        """{event: count} or None."""
        result = self.found.get(column)
        row = result.rows.get(name) if result else None
        return row.events if row else None

    def events_table(self):
        """The second table: what an instruction count does not tell."""
        cells = []
        for figure in self.figures:
            name = figure.name
            events = self.events("xenios", name)
            cells.append((self.title(name),
                          number(events["guest"] if events else None),
                          short(events), short(self.events("xen_b", name)),
                          self.wall_text(name)))
        return table(("operation", "guest", "Xenios", "Xen B", "wall"),
                     cells, left=(0, 2, 3)) + [
            "", "guest: instructions of the guest itself. sc SYSCALL, sr "
            "SYSRET, ir IRET, int INT, lk locked, cr3 and cr4",
            "writes, ilpg INVLPG, wrm WRMSR, io ports. wall: time on Xenios "
            "to time on Xen B, and how far rounds differ."]

    def pairs_table(self):
        """The third table: trap and emulate, beside asking."""
        known = [f.name for f in self.figures]
        cells = [tuple(cell for name in pair for cell in (
                     self.title(name), number(self.median("xenios", name)),
                     number(self.median("xen_b", name))))
                 for pair in PAIRS if set(pair) <= set(known)]
        if not cells:
            return []
        return [""] + table(("trap and emulate", "Xenios", "Xen B", "ask",
                             "Xenios", "Xen B"), cells, left=(0, 3))

    def wall_ratio(self, name):
        """(ratio of medians, spread of the rounds), or None."""
        times = {}
        for column, results in self.wall.items():
            times[column] = [r.rows[name].median for r in results
                             if name in r.rows]
        if not times.get("xenios") or not times.get("xen_b") or not min(
                times["xen_b"] + times["xenios"]):
            return None
        spread = max(max(t) / min(t) - 1 for t in times.values())
        mean = {c: sum(t) / len(t) for c, t in times.items()}
        return mean["xenios"] / mean["xen_b"], spread

    def wall_text(self, name):
        """The check by wall time as a cell."""
        found = self.wall_ratio(name)
        return "%.2f +-%d%%" % (found[0], found[1] * 100) if found else "-"

    def data(self):
        """Everything, for --json."""
        rows = []
        for figure in self.figures:
            name = figure.name
            entry = {"name": name, "title": self.title(name),
                     "floor": self.floor(figure),
                     "floor_is_measured": figure.measured, "at_most": self.limit(figure),
                     "reached": self.reached(figure)}
            for column, result in self.found.items():
                row = result.rows.get(name)
                if row:
                    entry[column] = {
                        "median": row.median, "least": row.least,
                        "ninth_decile": row.decile, "most": row.most,
                        "events": row.events}
            for column, results in self.wall.items():
                entry.setdefault("wall_ticks", {})[column] = [
                    r.rows[name].median for r in results if name in r.rows]
            rows.append(entry)
        return {"versions": self.versions(),
                "xen_b": bench_guest.FASTEST_XEN,
                "skipped": {c: r.skipped for c, r in self.found.items()},
                "rows": rows}

    def svg(self):
        """A bar for each row: Xenios beside Xen B, as long as its share."""
        rows = [(f, self.ratio(f.name)) for f in self.figures
                if self.ratio(f.name)]
        return chart([(self.title(f.name), self.median("xenios", f.name),
                       self.median("xen_b", f.name), self.floor(f))
                      for f, _ in rows])


def number(value):
    """A count with a blank between thousands, or a dash."""
    return "-" if value is None else "{:,}".format(value).replace(",", " ")


def short(events):
    """Events as in `sc:1 sr:1 lk:3`."""
    if events is None:
        return "-"
    return " ".join("%s:%d" % (word, events[key]) for key, word in EVENTS
                    if events.get(key)) or "none"


def table(head, rows, left=(0,)):
    """Lines with columns as wide as need be."""
    widths = [max(len(str(row[i])) for row in [head] + rows)
              for i in range(len(head))]
    lines = []
    for row in [head] + rows:
        cells = [str(cell).ljust(width) if i in left else
                 str(cell).rjust(width)
                 for i, (cell, width) in enumerate(zip(row, widths))]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "-" * max(len(line) for line in lines))
    return lines


STEP, LABEL, BAR, TOP = 18, 300, 420, 54
LONGEST = 1.15              # a bar that would be longer is cut here


def chart(rows):
    """SVG: grey is Xen B, always of full length; blue is Xenios' share of
    it; a tick is the floor."""
    height = TOP + STEP * len(rows) + 20
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
           'font-family="sans-serif" font-size="11">' % (
               LABEL + BAR + 220, height),
           '<rect width="100%" height="100%" fill="#ffffff"/>',
           '<text x="10" y="18" font-size="14">Instructions of an operation: '
           'Xenios as a part of Xen without mitigations</text>',
           '<text x="10" y="36" fill="#555555">grey: Xen; blue: Xenios; '
           'red: the floor; numbers: Xenios / Xen</text>']
    for index, (title, ours, theirs, floor) in enumerate(rows):
        y = TOP + STEP * index
        share = min(ours / theirs, LONGEST)
        out.append('<text x="%d" y="%d" text-anchor="end">%s</text>' % (
            LABEL - 8, y + 11, escape(title)))
        out.append('<rect x="%d" y="%d" width="%d" height="13" '
                   'fill="#d8d8d8"/>' % (LABEL, y, BAR))
        out.append('<rect x="%d" y="%d" width="%d" height="9" '
                   'fill="#2f6fb4"/>' % (LABEL, y + 2, round(BAR * share)))
        if floor is not None:
            x = LABEL + round(BAR * min(floor / theirs, LONGEST))
            out.append('<rect x="%d" y="%d" width="2" height="13" '
                       'fill="#c02020"/>' % (x, y))
        out.append('<text x="%d" y="%d">%s / %s</text>' % (
            LABEL + max(BAR, round(BAR * share)) + 8, y + 11, number(ours),
            number(theirs)))
    return "\n".join(out + ["</svg>"]) + "\n"


def escape(text):
    """Text inside of XML."""
    return text.replace("&", "&amp;").replace("<", "&lt;")
