"""Whether two stored files hold the same values, however their data sets were written.

Who sends an object again may have written it anew: in another uncompressed Transfer Syntax, with
other lengths, without padding. Both data sets are read side by side in their canonical form, of
which nothing is kept: as long as they are the same, one piece of each.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio.to_thread

from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore, ByteRange
from pacsd.dicom.canonical import CanonicalForm, canonical_forms
from pacsd.dicom.errors import DicomError
from pacsd.index.records import Copy, CopyState


async def have_same_values(store: BlobStore, first: Copy, second: Copy) -> bool:
    """Compare two data sets, up to the first difference; False also where one cannot be read.

    In doubt they are not the same, as with a copy that is known to be bad, or Transfer Syntaxes
    between which only a codec could tell.
    """
    forms = canonical_forms(first.transfer_syntax_uid, second.transfer_syntax_uid)
    if forms is None or not first.state is second.state is CopyState.OK:
        return False
    one, another = _canonical(store, first, forms[0]), _canonical(store, second, forms[1])
    try:
        async with aclosing(one), aclosing(another):
            return await _are_equal(one, another)
    except (DicomError, StoreError):
        return False


async def _canonical(
    store: BlobStore, copy: Copy, form: CanonicalForm
) -> AsyncGenerator[bytes, None]:
    """The canonical form of a data set, in pieces; none is empty."""
    async with aclosing(store.read(copy.location, [_data_set(copy)])) as pieces:
        async for piece in pieces:
            written = form.feed(piece)
            while part := await anyio.to_thread.run_sync(next, written, b""):
                yield part
    form.finish()


def _data_set(copy: Copy) -> ByteRange:
    """The data set is what stands at a stored file's end."""
    start = copy.location.size_bytes - copy.data_set_bytes
    return ByteRange(start, copy.data_set_bytes)


async def _are_equal(
    one: AsyncGenerator[bytes, None], another: AsyncGenerator[bytes, None]
) -> bool:
    """Whether both give the same bytes; each is asked for more when what it gave is compared."""
    left = right = b""
    while True:
        left = left or await anext(one, b"")
        right = right or await anext(another, b"")
        shared = min(len(left), len(right))
        if not shared:
            return left == right
        if left[:shared] != right[:shared]:
            return False
        left, right = left[shared:], right[shared:]
