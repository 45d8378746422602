"""The far store as the rest sees it: puts, gets, lists and deletes names, with errors in words.

The only module that knows the client. Nothing here tries twice: whoever asks decides that.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from pacsd_store_s3.faults import FarError, FarFault, far_error
from pacsd_store_s3.settings import StoreS3Settings, is_loopback

if TYPE_CHECKING:
    from obstore import Attributes, ObjectMeta
    from obstore.store import ClientConfig, ObjectStore, S3Config

DIGEST = "pacsd-sha256"
"""The attribute that keeps an object's digest."""

PARTS_AT_ONCE = 2
LIST_NAMES = 1000


@dataclass(frozen=True, slots=True)
class FarObject:
    """What the far store says of an object; `sha256` is what it was put with, '' without."""

    name: str
    size_bytes: int
    modified_at_us: int
    sha256: str


class Far:
    """A bucket."""

    def __init__(self, store: "ObjectStore") -> None:
        self._store = store

    async def put_new(self, name: str, data: bytes, sha256: str = "") -> None:
        """Put an object in one request, never over another.

        Raises:
            FarError: EXISTS when there is one; it may be there in spite of any other fault.
        """
        attributes = {DIGEST: sha256} if sha256 else None
        with _in_words():
            await obstore.put_async(
                self._store,
                name,
                data,
                attributes=attributes,
                mode="create",
                use_multipart=False,
            )

    async def put_in_parts(
        self, name: str, pieces: AsyncIterator[bytes], sha256: str, *, part_bytes: int
    ) -> None:
        """Put a large object; whatever ends this early leaves parts the bucket's rules remove.

        Takes the memory of three parts. It would write over another: who asks has looked.
        """
        with _in_words():
            writer = obstore.open_writer_async(
                self._store,
                name,
                attributes={DIGEST: sha256},
                buffer_size=part_bytes,
                max_concurrency=PARTS_AT_ONCE,
            )
        # Not as a context: that completes an upload that something has broken off.
        async for piece in pieces:
            with _in_words():
                await writer.write(piece)
        with _in_words():
            await writer.close()

    async def facts(self, name: str) -> FarObject | None:
        """What there is under a name."""
        try:
            with _in_words():
                found = await obstore.get_async(self._store, name, options={"head": True})
        except FarError as error:
            if error.fault is FarFault.MISSING:
                return None
            raise
        return _far_object(found.meta, found.attributes)

    async def get(self, name: str, *, most_bytes: int) -> tuple[bytes, FarObject]:
        """A whole object, of no more bytes than that."""
        with _in_words():
            found = await obstore.get_async(self._store, name)
            facts = _far_object(found.meta, found.attributes)
            if facts.size_bytes > most_bytes:
                text = f"the object has {facts.size_bytes} bytes, more than {most_bytes}"
                raise FarError(FarFault.REFUSED, text)
            data = bytes(await found.bytes_async())
        if len(data) != facts.size_bytes:
            text = f"it gave {len(data)} of {facts.size_bytes} bytes"
            raise FarError(FarFault.DOWN, text)
        return data, facts

    async def get_range(self, name: str, start: int, length: int) -> bytes:
        """Bytes of an object that lie inside of it."""
        with _in_words():
            data = bytes(
                await obstore.get_range_async(self._store, name, start=start, length=length)
            )
        if len(data) != length:
            raise FarError(FarFault.DOWN, f"it gave {len(data)} of {length} bytes")
        return data

    async def names(self, folder: str, after: str = "") -> list[FarObject]:
        """Up to 1,000 objects of a folder by rising name, those after a name; none at its end."""
        with _in_words():
            found = obstore.list(self._store, folder, offset=after or None, chunk_size=LIST_NAMES)
            try:
                page = await anext(aiter(found))
            except StopAsyncIteration:
                return []
        return [_far_object(meta, {}) for meta in page]

    async def delete(self, name: str) -> None:
        """Remove an object; nothing happens when there is none."""
        try:
            with _in_words():
                await obstore.delete_async(self._store, name)
        except FarError as error:
            if error.fault is not FarFault.MISSING:
                raise


def open_far(settings: StoreS3Settings) -> Far:
    """The bucket of the settings; nothing is asked yet.

    Raises:
        FarError: the settings cannot be used.
        OSError: the file of certificates cannot be read.
    """
    # One by one, as every server knows how to.
    config: S3Config = {"region": settings.region, "disable_bulk_delete": True}
    if settings.endpoint:
        config["endpoint"] = settings.endpoint
    if settings.access_key_id is not None and settings.secret_access_key is not None:
        config["access_key_id"] = settings.access_key_id.get_secret_value()
        config["secret_access_key"] = settings.secret_access_key.get_secret_value()
    if settings.session_token is not None:
        config["session_token"] = settings.session_token.get_secret_value()
    if settings.checksum == "sha256":
        config["checksum_algorithm"] = "SHA256"
    client_options = _client_options(settings)
    with _in_words():
        return Far(
            S3Store(
                settings.bucket,
                config=config,
                client_options=client_options,
                retry_config={"max_retries": 0},
            )
        )


def _client_options(settings: StoreS3Settings) -> "ClientConfig":
    host = urlsplit(settings.endpoint).hostname or ""
    options: ClientConfig = {
        "allow_http": settings.allow_http or is_loopback(host),
        "connect_timeout": f"{int(settings.connect_timeout_s * 1000)}ms",
        "timeout": f"{int(settings.request_timeout_s * 1000)}ms",
        "default_content_type": "application/dicom",
    }
    if settings.ca_file is not None:
        options["root_certificate"] = settings.ca_file.read_bytes()
    return options


@contextmanager
def _in_words() -> Iterator[None]:
    """Raise what the client raises as FarError, without what it says."""
    try:
        yield
    except (BaseError, OSError, ValueError) as error:
        raise far_error(error) from None


def _far_object(meta: "ObjectMeta", attributes: "Attributes") -> FarObject:
    return FarObject(
        meta["path"],
        meta["size"],
        int(meta["last_modified"].timestamp() * 1_000_000),
        str(attributes.get(DIGEST, "")),
    )
