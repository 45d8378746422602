"""The canonical form of a data set: one way of writing it where the standard leaves several.

Two data sets hold the same values where their canonical forms are the same bytes: whatever
encoders are free to choose is decided (lengths of sequences and items, and the Transfer Syntax
where no codec is needed), what means nothing is left out (group lengths, Data Set Trailing
Padding), and everything else stays byte for byte, a value's own padding, private elements and
those of unknown VR, fragments of Pixel Data and their offset table included.

Streaming, as `rewrite` is; of a deflated data set no more comes out than `inflate` lets.
"""

from collections.abc import Iterator

from pacsd.dicom.errors import ReencodeError, ScanError
from pacsd.dicom.explicit_vr import Surroundings
from pacsd.dicom.headers import (
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    Buffer,
    Header,
    Layout,
    layout_of,
)
from pacsd.dicom.inflate import Inflater
from pacsd.dicom.reencode import is_reencodable
from pacsd.dicom.registry import TransferSyntax, transfer_syntax
from pacsd.dicom.rewrite import Rewriter
from pacsd.dicom.vr import VR

DATA_SET_TRAILING_PADDING = 0xFFFCFFFC

_UL_BYTES = 4
_UL_VRS = frozenset({None, VR.UL, VR.UN})
_LAST_OTHER_GROUP = 0x0007
"""Groups up to it are of commands and file meta information (PS3.5 sections 7.1 and 7.2)."""


class CanonicalForm:
    """Writes one data set canonically, as its bytes arrive."""

    __slots__ = ("_inflater", "_rewriter")

    def __init__(self, syntax: TransferSyntax, target: Layout) -> None:
        self._inflater = Inflater() if syntax.is_deflated else None
        self._rewriter = _Canonicalizer(
            layout_of(syntax), target, Surroundings(), keeps_fragments=syntax.is_encapsulated
        )

    def feed(self, data: Buffer) -> Iterator[bytes]:
        """Take the next bytes, give what is canonical of them: pieces, each made when asked for.

        All must be taken before more is fed. What stands before a fault comes before it is raised.

        Raises:
            ScanError: the structure cannot be read, or nests deeper than MAX_DEPTH.
            InflateError: the deflated stream is broken, or more comes out of it than may.
            ReencodeError: Pixel Data is encapsulated where the Transfer Syntax is not.
        """
        for plain in (data,) if self._inflater is None else self._inflater.pieces(data):
            try:
                written = b"".join(self._rewriter.feed(plain))
            except (ScanError, ReencodeError):
                yield from filter(None, [b"".join(self._rewriter.written_before_fault())])
                raise
            if written:
                yield written

    def finish(self) -> None:
        """Nothing more comes.

        Raises:
            ReencodeError: the data set is cut short.
        """
        # What stands behind a deflated stream is no part of it: dicom3tools leaves gzip's CRC.
        if self._inflater is not None and not self._inflater.is_complete:
            raise ReencodeError("the deflated data set is cut short (PS3.5 section A.5)")
        self._rewriter.finish()


def canonical_forms(first_uid: str, second_uid: str) -> tuple[CanonicalForm, CanonicalForm] | None:
    """To write two data sets alike, by their Transfer Syntaxes; None: they cannot be compared.

    Not without a codec, where only one is encapsulated or both are otherwise; and of a syntax that
    is not registered nobody knows how it is written. VRs are told apart where both have them.
    """
    first, second = transfer_syntax(first_uid), transfer_syntax(second_uid)
    if first is None or second is None or not is_reencodable(first_uid, second_uid):
        return None
    if not first.is_storable:
        return None
    has_no_vr = first.is_implicit_vr or second.is_implicit_vr
    target = IMPLICIT_LITTLE if has_no_vr else EXPLICIT_LITTLE
    return CanonicalForm(first, target), CanonicalForm(second, target)


class _Canonicalizer(Rewriter):
    """Writes what holds nothing as what holds something, and pads nothing."""

    __slots__ = ()

    # What an item holds may be left out, and its header is written before.
    _delimits_empty = True

    def _is_left_out(self, header: Header) -> bool:
        """What has no significance, in items too: trailing padding, group lengths.

        PS3.10 section 7.2; PS3.5 section 7.2: UL, and none of the groups that no data set has.
        """
        if header.tag == DATA_SET_TRAILING_PADDING:
            return True
        is_number = header.length == _UL_BYTES and header.vr in _UL_VRS
        is_of_data_set = header.tag >> 16 > _LAST_OTHER_GROUP
        return is_number and is_of_data_set and super()._is_left_out(header)

    def _padding(self, _: str | None) -> bytes:
        """Whether an odd length was made even shows: only the same bytes are the same value."""
        return b""
