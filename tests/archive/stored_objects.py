"""Objects of the corpus, as a store has them."""

import hashlib

from pacsd.archive.retrievable import Retrievable
from pacsd.index.records import Copy, CopyState
from pacsd.testing.memory_store import MemoryStore
from tests.archive.test_stored_file import stored

PREFACE = b"preface"


async def copy_of(store: MemoryStore, data_set: bytes, transfer_syntax_uid: str) -> Copy:
    """A copy of that data set."""
    location = await stored(store, PREFACE + data_set)
    digest = hashlib.sha256(data_set).digest()
    return Copy(1, location, len(data_set), digest, transfer_syntax_uid, CopyState.OK, 0)


async def retrievable(store: MemoryStore, data_set: bytes, transfer_syntax_uid: str) -> Retrievable:
    """An instance with one copy."""
    copy = await copy_of(store, data_set, transfer_syntax_uid)
    return Retrievable("1.2", "1.2.3.4", "1.2.3", (copy,))
