"""The keys of [plugins.store_s3]."""

from typing import Literal

from pacsd_s3_client.settings import GIB, MIB, BucketSettings
from pydantic import Field


class StoreS3Settings(BucketSettings):
    """Where the far store is, how it is spoken to, and what is kept here."""

    identity: str = Field(default="", pattern=r"^([0-9a-f-]{36})?$")
    """Identity of an archive whose bucket is taken over by a new data directory; the refusal of
    such a bucket tells it."""

    spool: str = Field(default="store_fs", pattern=r"^[a-z][a-z0-9_]*$")
    """The store that objects come to first, and are cached in: a plugin's name."""

    acknowledge: Literal["spool", "far"] = "spool"
    """"spool": an object is acknowledged once the spool has it durably; it is uploaded behind.
    "far": once the far store has it, too."""

    acknowledge_timeout_s: float = Field(default=20.0, ge=0.1, le=600)
    """With acknowledge = "far": so long the far store is waited for; then the object is refused."""

    max_waiting_bytes: int = Field(default=100 * GIB, ge=MIB, le=2**60)
    """So many bytes may wait for the far store; beyond that nothing more is stored: A700."""

    max_waiting_objects: int = Field(default=1_000_000, ge=100, le=10_000_000)
    """So many objects may wait for the far store; each takes half a KiB of memory."""

    max_cache_bytes: int = Field(default=50 * GIB, ge=0, le=2**60)
    """So many bytes of uploaded objects stay in the spool; those not read for longest go first."""

    keep_free_bytes: int = Field(default=4 * GIB, ge=0, le=2**60)
    """While the spool has fewer free bytes, cached objects go. More than `store.min_free_bytes`."""

    max_whole_bytes: int = Field(default=16 * MIB, ge=0, le=256 * MIB)
    """An object of up to so many bytes is fetched, verified and cached as a whole before a byte of
    it is given out; of a larger one only blocks of 4 MiB that are asked for."""

    concurrency: int = Field(default=8, ge=1, le=64)
    """Uploads at once, and fetches at once."""
