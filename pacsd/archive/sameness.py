"""Whether two stored files hold the same values, written in different uncompressed encodings.

A device that sends an object again may have negotiated another Transfer Syntax by then. Both data
sets are rewritten into one canonical form, which is digested and not kept.
"""

import hashlib
from contextlib import aclosing

import anyio.to_thread

from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore, ByteRange
from pacsd.dicom.errors import DicomError
from pacsd.dicom.explicit_vr import Surroundings
from pacsd.dicom.header_stream import known_syntax
from pacsd.dicom.headers import IMPLICIT_LITTLE, layout_of
from pacsd.dicom.inflate import Inflater
from pacsd.dicom.reencode import REENCODABLE
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.rewrite import Rewriter
from pacsd.index.records import Copy


async def have_same_values(store: BlobStore, first: Copy, second: Copy) -> bool:
    """Compare two data sets; False also where one of them cannot be read, or is compressed."""
    syntaxes = {first.transfer_syntax_uid, second.transfer_syntax_uid}
    if len(syntaxes) == 1 or not syntaxes <= {*REENCODABLE}:
        return False
    try:
        return await _canonical_digest(store, first) == await _canonical_digest(store, second)
    except (DicomError, StoreError):
        return False


async def _canonical_digest(store: BlobStore, copy: Copy) -> bytes:
    canonical = _Canonical(known_syntax(copy.transfer_syntax_uid))
    async with aclosing(store.read(copy.location, [_data_set(copy)])) as pieces:
        async for piece in pieces:
            await anyio.to_thread.run_sync(canonical.feed, piece)
    return canonical.finish()


def _data_set(copy: Copy) -> ByteRange:
    """The data set is what stands at a stored file's end."""
    start = copy.location.size_bytes - copy.data_set_bytes
    return ByteRange(start, copy.data_set_bytes)


class _Canonical:
    """Digests a data set as Implicit VR Little Endian, every length as `rewrite` makes it.

    Implicit, because an element that had no VR cannot be given the one it had.
    """

    def __init__(self, syntax: TransferSyntax) -> None:
        self._inflater = Inflater() if syntax.is_deflated else None
        self._rewriter = Rewriter(layout_of(syntax), IMPLICIT_LITTLE, Surroundings())
        self._digest = hashlib.sha256()

    def feed(self, data: bytes) -> None:
        """Take more of the data set. Blocks."""
        plain = data if self._inflater is None else self._inflater.inflate(data)
        for piece in self._rewriter.feed(plain):
            self._digest.update(piece)

    def finish(self) -> bytes:
        """The digest."""
        self._rewriter.finish()
        return self._digest.digest()
