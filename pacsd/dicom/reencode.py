"""Data sets from one uncompressed Transfer Syntax into another (PS3.5 sections 7, A.1 to A.5).

Between Implicit VR Little Endian, Explicit VR Little Endian, its deflated form, and Explicit VR Big
Endian; never from or to an encapsulated one. Values stay what they are, character sets too. What
may differ in the result: sequences and items have undefined length, group lengths are gone, values
of odd length are padded. Between Explicit VR Little Endian and its deflated form every byte stays.
From one Transfer Syntax into the same one a data set becomes what it should have been.

Streaming: see `rewrite`. A data set of any length takes less than 2 MiB.
"""

import zlib
from collections.abc import Iterator

from pacsd.dicom.errors import ReencodeError
from pacsd.dicom.explicit_vr import PIXEL_REPRESENTATION, Surroundings
from pacsd.dicom.headers import Buffer, layout_of
from pacsd.dicom.inflate import Inflater
from pacsd.dicom.registry import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    TransferSyntax,
)
from pacsd.dicom.rewrite import Rewriter
from pacsd.dicom.scan import Scan, scan

REENCODABLE = (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
)
"""The Transfer Syntaxes between which data sets can be re-encoded, the best to have first."""

MAX_BEGINNING_BYTES = 1 << 20
"""How much of a data set may be held back until Pixel Representation has come."""

# Deflate cannot do better than 1032:1. Nothing that is inflated here is kept.
_ANY_RATIO = 1_100
_ANY_LENGTH = 1 << 62


class Reencoder:
    """Re-encodes one data set as its bytes arrive.

    Raises:
        ReencodeError: there is no way from `source` to `target`.
    """

    def __init__(self, source: TransferSyntax, target: TransferSyntax) -> None:
        for syntax in (source, target):
            _check(syntax)
        self._inflater = Inflater(_ANY_LENGTH, _ANY_RATIO) if source.is_deflated else None
        self._deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS) if target.is_deflated else None
        self._deflated_bytes = 0
        surroundings = Surroundings()
        layouts = layout_of(source), layout_of(target)
        is_rewritten = layouts[0] is not layouts[1] or source is target
        self._rewriter = Rewriter(*layouts, surroundings) if is_rewritten else None
        gains_vr = source.is_implicit_vr and not target.is_implicit_vr
        self._beginning = _Beginning(source, surroundings) if gains_vr else None

    def feed(self, data: Buffer) -> Iterator[Buffer]:
        """Take the next bytes, give what they become.

        All must be taken, and used, before more is fed: it is made while it is taken, and may be
        views of `data`.

        Raises:
            ScanError: the structure cannot be read, or nests deeper than MAX_DEPTH.
            InflateError: the deflated stream is broken.
            ReencodeError: Pixel Data is encapsulated after all.
        """
        for piece in (data,) if self._inflater is None else self._inflater.pieces(data):
            if self._beginning is None:
                yield from self._rewritten(piece)
            elif self._beginning.feed(piece):
                yield from self._begin(self._beginning)

    def finish(self) -> Iterator[Buffer]:
        """Nothing more comes: what is left.

        Raises:
            ReencodeError: the data set is cut short.
        """
        if self._inflater is not None and not self._inflater.is_complete:
            raise ReencodeError("the deflated data set is cut short (PS3.5 section A.5)")
        if self._beginning is not None:
            yield from self._begin(self._beginning)
        if self._rewriter is not None:
            self._rewriter.finish()
        if self._deflater is not None:
            yield from self._end_deflated(self._deflater.flush())

    def _begin(self, beginning: "_Beginning") -> Iterator[Buffer]:
        self._beginning = None
        yield from self._rewritten(beginning.held)

    def _rewritten(self, data: Buffer) -> Iterator[Buffer]:
        pieces = (data,) if self._rewriter is None else self._rewriter.feed(data)
        if self._deflater is None:
            yield from pieces
            return
        for piece in pieces:
            deflated = self._deflater.compress(piece)
            self._deflated_bytes += len(deflated)
            if deflated:
                yield deflated

    def _end_deflated(self, last: bytes) -> Iterator[Buffer]:
        """The end of the stream, padded to even length (PS3.5 section A.5)."""
        yield last + b"\0" * ((self._deflated_bytes + len(last)) % 2)


class _Beginning:
    """Holds back a data set in Implicit VR until Pixel Representation has come, or cannot come.

    Three attributes before it, and any in a sequence before it, are US or SS by it.
    """

    def __init__(self, source: TransferSyntax, surroundings: Surroundings) -> None:
        self._source = source
        self._surroundings = surroundings
        self._scan: Scan | None = None
        self.held = bytearray()

    def feed(self, data: Buffer) -> bool:
        """Take more; True as soon as `held` may go on."""
        self.held += data
        self._scan = found = scan(
            self.held,
            self._source,
            stop_before=PIXEL_REPRESENTATION + 1,
            wanted={PIXEL_REPRESENTATION},
            is_whole=False,
            after=self._scan,
        )
        value = found.value(self.held, PIXEL_REPRESENTATION)
        if value:
            self._surroundings.learn(PIXEL_REPRESENTATION, int.from_bytes(value[:2], "little"))
        return found.is_complete or found.needed_bytes > MAX_BEGINNING_BYTES


def is_reencodable(source_uid: str, target_uid: str) -> bool:
    """Whether a data set in one Transfer Syntax can be had in the other, or is in it already."""
    return source_uid == target_uid or {source_uid, target_uid} <= set(REENCODABLE)


def _check(syntax: TransferSyntax) -> None:
    if syntax.is_encapsulated:
        raise ReencodeError(
            f"{syntax.name}: encapsulated, so only a codec could change its Transfer Syntax "
            "(PS3.5 section A.4)"
        )
    if syntax.uid not in REENCODABLE:
        raise ReencodeError(f"{syntax.name}: not a native encoding (PS3.5 annex A)")
