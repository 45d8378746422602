"""The far store as the rest sees it: puts, gets, lists and deletes names, with errors in words.

The only module that knows the client. It tries once, but for whoever opens it with `Retries`.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from pacsd_s3_client.credentials import CredentialsError, credentials_in
from pacsd_s3_client.faults import FarError, FarFault, far_error
from pacsd_s3_client.in_parts import GivenUpError, InParts, no_pieces
from pacsd_s3_client.settings import BucketSettings, is_loopback

if TYPE_CHECKING:
    from obstore import Attributes, ObjectMeta
    from obstore.store import ClientConfig, ObjectStore, S3Config

DIGEST = "pacsd-sha256"
"""The attribute that keeps an object's digest."""

LIST_NAMES = 1000
MAX_PARTS = 10_000
"""Of one upload; a larger object has larger parts."""

MIN_PART_BYTES = 5 * 1024 * 1024

_NO_ATTRIBUTES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class FarObject:
    """What the far store says of an object; `sha256` is what it was put with, '' without."""

    name: str
    size_bytes: int
    modified_at_us: int
    sha256: str
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a request is made again that failed for no fault of its own, and after how long.

    Not one that carries what may be there already (`put_new`).
    """

    times: int = 0
    first_s: float = 0.5
    most_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Encryption:
    """How objects are encrypted by the server: `AES256`, `aws:kms`; '' as the bucket has it."""

    algorithm: str = ""
    kms_key_id: str = ""


NO_RETRIES = Retries()
AS_THE_BUCKET_HAS_IT = Encryption()


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

    async def put(
        self, name: str, data: bytes, sha256: str, attributes: Mapping[str, str] = _NO_ATTRIBUTES
    ) -> str:
        """Put an object in one request, in place of what is there; its ETag.

        Raises:
            FarError: it may be there or not.
        """
        with _in_words():
            done = await obstore.put_async(
                self._store,
                name,
                data,
                attributes={DIGEST: sha256, **attributes},
                use_multipart=False,
            )
        return done["e_tag"] or ""

    async def put_in_parts(
        self,
        name: str,
        pieces: AsyncIterator[bytes],
        sha256: str,
        *,
        part_bytes: int,
        attributes: Mapping[str, str] = _NO_ATTRIBUTES,
    ) -> str:
        """Put a large object in place of what is there; its ETag. Parts of one that fails go.

        Takes the memory of three parts. `part_bytes` is what parts have at least: no object has
        more than 10,000 of them, whoever asks sees to that.

        Raises:
            FarError: it is not there, or it is and that was not heard.
            Exception: what `pieces` raises; it is not there.
        """
        upload = InParts(self._store, name, pieces, part_bytes)
        return await upload.put({DIGEST: sha256, **attributes})

    async def check_put(self, name: str) -> None:
        """Whether objects can be put now: begin one, and give it up.

        Raises:
            FarError: why not.
        """
        upload = InParts(self._store, name, no_pieces(), MIN_PART_BYTES)
        with suppress(GivenUpError):
            await upload.put({})

    async def check_get(self, name: str) -> None:
        """Whether objects can be got now, by asking for one that need not be there; it is not read.

        Raises:
            FarError: why not. Unlike `facts` it knows: the answer to a HEAD has no words.
        """
        try:
            with _in_words():
                await obstore.get_async(self._store, name)
        except FarError as error:
            if error.fault is not FarFault.MISSING:
                raise

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


def open_far(
    settings: BucketSettings,
    *,
    retries: Retries = NO_RETRIES,
    encryption: Encryption = AS_THE_BUCKET_HAS_IT,
) -> Far:
    """The bucket of the settings; nothing is asked yet. Blocks for the files they name.

    Raises:
        FarError: the settings cannot be used.
        OSError: the file of certificates cannot be read.
    """
    # One by one, as every server knows how to.
    config: S3Config = {"region": settings.region, "disable_bulk_delete": True}
    if settings.endpoint:
        config["endpoint"] = settings.endpoint
    _add_keys(config, settings)
    if settings.checksum == "sha256":
        config["checksum_algorithm"] = "SHA256"
    if encryption.algorithm:
        config["server_side_encryption"] = encryption.algorithm
    if encryption.kms_key_id:
        config["sse_kms_key_id"] = encryption.kms_key_id
    client_options = _client_options(settings)
    with _in_words():
        return Far(
            S3Store(
                settings.bucket,
                config=config,
                client_options=client_options,
                retry_config={
                    "max_retries": retries.times,
                    "backoff": {
                        "base": 2,
                        "init_backoff": timedelta(seconds=retries.first_s),
                        "max_backoff": timedelta(seconds=retries.most_s),
                    },
                },
            )
        )


def _add_keys(config: "S3Config", settings: BucketSettings) -> None:
    if settings.credentials_file is not None:
        try:
            found = credentials_in(settings.credentials_file)
        except CredentialsError as error:
            raise FarError(FarFault.DOWN, f"credentials_file: {error}") from None
        config["access_key_id"] = found.access_key_id
        config["secret_access_key"] = found.secret_access_key
        if found.session_token:
            config["session_token"] = found.session_token
        return
    if settings.access_key_id is not None and settings.secret_access_key is not None:
        config["access_key_id"] = settings.access_key_id.get_secret_value()
        config["secret_access_key"] = settings.secret_access_key.get_secret_value()
    if settings.session_token is not None:
        config["session_token"] = settings.session_token.get_secret_value()


def _client_options(settings: BucketSettings) -> "ClientConfig":
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
        meta["e_tag"] or "",
    )
