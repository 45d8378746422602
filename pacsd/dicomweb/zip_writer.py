"""A ZIP, written around the bytes of its files (APPNOTE.TXT of PKWARE, ISO/IEC 21320-1).

It makes what stands before, between and behind the files; whoever sends them writes them in
between, so that nothing of them is copied or held:

    begin(...)  data  end()   begin(...)  data  end()   closing()

Files are stored, not compressed: pixels hardly become less, and so the length of the whole is known
beforehand. What is known of a file only when it has passed stands behind it (APPNOTE 4.3.9).
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from struct import Struct

from pacsd.dicom.headers import Buffer

MAX_32 = 0xFFFFFFFF
MAX_16 = 0xFFFF
"""What is longer, further behind or more than these takes the records of ZIP64 (APPNOTE 4.5.3)."""

_ELSEWHERE_32 = 0xFFFFFFFF
_ELSEWHERE_16 = 0xFFFF
_LOCAL = Struct("<IHHHIIIIHH")
_DESCRIPTOR = Struct("<IIII")
_DESCRIPTOR_64 = Struct("<IIQQ")
_CENTRAL = Struct("<IHHHHIIIIHHHHHII")
_END = Struct("<IHHHHIIH")
_END_64 = Struct("<IQHHIIQQQQ")
_LOCATOR_64 = Struct("<IIQI")
_EXTRA = Struct("<HH")
_EXTRA_64 = 0x0001
_IS_DESCRIBED_BEHIND = 0x0008
_STORED = 0
# APPNOTE 4.4.3: folders, and what stands behind a file, need 2.0; ZIP64 needs 4.5.
_NEEDS, _NEEDS_64 = 20, 45
# Nobody knows when instances were made into files: the first day that can be said (APPNOTE 4.4.6).
_MOMENT = (0 << 9 | 1 << 5 | 1) << 16


@dataclass(slots=True)
class _Entry:
    """A file: where it begins in the ZIP, how long it was, and its CRC."""

    name: bytes
    offset: int
    is_64: bool
    size_bytes: int = 0
    crc: int = 0

    def local(self) -> bytes:
        """What stands before it (APPNOTE 4.3.7)."""
        size = _ELSEWHERE_32 if self.is_64 else 0
        extra = _extra(0, 0) if self.is_64 else b""
        lengths = len(self.name), len(extra)
        facts = self._needs, _IS_DESCRIBED_BEHIND, _STORED, _MOMENT, 0, size, size
        return _LOCAL.pack(0x04034B50, *facts, *lengths) + self.name + extra

    def descriptor(self) -> bytes:
        """What stands behind it (APPNOTE 4.3.9)."""
        form = _DESCRIPTOR_64 if self.is_64 else _DESCRIPTOR
        return form.pack(0x08074B50, self.crc, self.size_bytes, self.size_bytes)

    def central(self) -> bytes:
        """What the directory says of it (APPNOTE 4.3.12).

        It was made on no system in particular, so that its rights are the reader's to decide.
        """
        sizes = (self.size_bytes, self.size_bytes) if self.size_bytes > MAX_32 else ()
        offsets = (self.offset,) if self.offset > MAX_32 else ()
        size = _ELSEWHERE_32 if sizes else self.size_bytes
        offset = _ELSEWHERE_32 if offsets else self.offset
        extra = _extra(*sizes, *offsets) if sizes or offsets else b""
        needs = _NEEDS_64 if extra else self._needs
        facts = needs, needs, _IS_DESCRIBED_BEHIND, _STORED, _MOMENT, self.crc, size, size
        lengths = len(self.name), len(extra), 0
        return _CENTRAL.pack(0x02014B50, *facts, *lengths, 0, 0, 0, offset) + self.name + extra

    @property
    def _needs(self) -> int:
        return _NEEDS_64 if self.is_64 else _NEEDS


class ZipWriter:
    """Writes one ZIP. `offset` is how much of it there is, the data of files included."""

    def __init__(self) -> None:
        self.offset = 0
        self._entries: list[_Entry] = []

    def begin(self, name: str, most_bytes: int) -> bytes:
        """What stands before a file, which will not have more than `most_bytes`.

        Its name is in ASCII, with / between folders.
        """
        entry = _Entry(name.encode("ascii"), self.offset, is_64=most_bytes > MAX_32)
        self._entries.append(entry)
        return self._passed(entry.local())

    def data(self, piece: Buffer) -> None:
        """Some of the file passes. Takes half a millisecond for 1 MiB."""
        entry = self._entries[-1]
        entry.crc = zlib.crc32(piece, entry.crc)
        self._count(entry, len(piece))

    def end(self) -> bytes:
        """What stands behind a file.

        Raises:
            ValueError: it was longer than was said.
        """
        entry = self._entries[-1]
        if entry.size_bytes > MAX_32 and not entry.is_64:
            raise ValueError(f"{entry.name!r}: {entry.size_bytes} bytes are more than was said")
        return self._passed(entry.descriptor())

    def closing(self) -> bytes:
        """The directory, which is read first."""
        start = self.offset
        entries = b"".join([each.central() for each in self._entries])
        count, end = len(self._entries), start + len(entries)
        is_64 = count > MAX_16 or start > MAX_32 or len(entries) > MAX_32
        records = b""
        if is_64:
            facts = _NEEDS_64, _NEEDS_64, 0, 0, count, count, len(entries), start
            length = _END_64.size - 12  # without the signature and itself (APPNOTE 4.3.14.1)
            records = _END_64.pack(0x06064B50, length, *facts)
            records += _LOCATOR_64.pack(0x07064B50, 0, end, 1)
        few = _ELSEWHERE_16 if count > MAX_16 else count
        size = _ELSEWHERE_32 if len(entries) > MAX_32 else len(entries)
        offset = _ELSEWHERE_32 if start > MAX_32 else start
        records += _END.pack(0x06054B50, 0, 0, few, few, size, offset, 0)
        return self._passed(entries + records)

    def _pass_over(self, size_bytes: int) -> None:
        """A file of this length would pass."""
        self._count(self._entries[-1], size_bytes)

    def _count(self, entry: _Entry, size_bytes: int) -> None:
        entry.size_bytes += size_bytes
        self.offset += size_bytes

    def _passed(self, written: bytes) -> bytes:
        self.offset += len(written)
        return written


def zip_length(files: Iterable[tuple[str, int]]) -> int:
    """The length of the ZIP of files with these names and lengths."""
    writer = ZipWriter()
    for name, size_bytes in files:
        writer.begin(name, size_bytes)
        writer._pass_over(size_bytes)  # noqa: SLF001 - it is not for those who have data
        writer.end()
    writer.closing()
    return writer.offset


def _extra(*values: int) -> bytes:
    """The field that has what is too long for its own (APPNOTE 4.5.3)."""
    form = Struct(f"<{len(values)}Q")
    return _EXTRA.pack(_EXTRA_64, form.size) + form.pack(*values)
