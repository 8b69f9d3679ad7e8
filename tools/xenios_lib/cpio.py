# SPDX-License-Identifier: MIT
"""cpio archives of the `newc` kind, the one that Linux takes as initramfs.

Every entry is a header of 110 ASCII characters, the name and the content,
each padded to a multiple of four bytes.  The same entries always give the
same bytes: owners are root, times are zero, inodes count from one.
"""
import stat

MAGIC = b"070701"
END = "TRAILER!!!"


def _padded(data):
    return data + bytes(-len(data) % 4)


class Archive:
    """Collects entries; data() is the archive so far, ended."""

    def __init__(self):
        self._parts = []
        self._names = set()

    def _entry(self, name, mode, content=b"", device=(0, 0), links=1):
        number = len(self._parts) + 1
        encoded = name.encode() + b"\0"
        fields = (number, mode, 0, 0, links, 0, len(content), 0, 0,
                  device[0], device[1], len(encoded), 0)
        header = MAGIC + b"".join(b"%08X" % field for field in fields)
        return _padded(header + encoded) + _padded(content)

    def _add(self, name, *rest, **more):
        name = name.strip("/")
        if name in self._names:
            raise ValueError("%s is in the archive already" % name)
        parent = name.rpartition("/")[0]
        if parent and parent not in self._names:
            self.directory(parent)
        self._names.add(name)
        self._parts.append(self._entry(name, *rest, **more))

    def directory(self, name):
        """A directory; those above it come by themselves."""
        self._add(name, stat.S_IFDIR | 0o755, links=2)

    def file(self, name, content, mode=0o644):
        """A regular file."""
        self._add(name, stat.S_IFREG | mode, content)

    def symlink(self, name, target):
        """A symbolic link."""
        self._add(name, stat.S_IFLNK | 0o777, target.encode())

    def character_device(self, name, major, minor):
        """A device node."""
        self._add(name, stat.S_IFCHR | 0o600, device=(major, minor))

    def holds(self, name):
        """Is there an entry of this name?"""
        return name.strip("/") in self._names

    def data(self):
        """The whole archive."""
        return b"".join(self._parts) + self._entry(END, 0)
