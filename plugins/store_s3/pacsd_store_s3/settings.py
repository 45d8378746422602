"""The keys of [plugins.store_s3]."""

from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from pacsd.api.settings import Settings

MIB = 1024 * 1024
GIB = 1024 * MIB


class StoreS3Settings(Settings):
    """Where the far store is, how it is spoken to, and what is kept here."""

    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    """Name of the bucket; it has to exist."""

    prefix: str = Field(default="", pattern=r"^([A-Za-z0-9_-][A-Za-z0-9_.-]*/)*$", max_length=200)
    """What all names in the bucket begin with: '' or folders that end with '/'."""

    endpoint: str = Field(default="", max_length=500)
    """URL of the server; '' = Amazon's of the region."""

    region: str = Field(default="us-east-1", pattern=r"^[A-Za-z0-9-]{1,64}$")
    """The bucket's region; servers that have none take the default."""

    access_key_id: SecretStr | None = None
    """Access key. Default: the environment variable AWS_ACCESS_KEY_ID, or what the machine's role
    gives."""

    secret_access_key: SecretStr | None = None
    """Secret of the access key. Default: the environment variable AWS_SECRET_ACCESS_KEY."""

    session_token: SecretStr | None = None
    """Token of temporary credentials. Default: the environment variable AWS_SESSION_TOKEN."""

    allow_http: bool = False
    """Speak plain http also to a server that is not on this machine: everybody on the way can read
    and alter what is stored."""

    ca_file: Path | None = None
    """Certificates (PEM) of an authority of your own, trusted beside the system's."""

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

    part_bytes: int = Field(default=8 * MIB, ge=5 * MIB, le=256 * MIB)
    """Larger objects are uploaded in parts of this size; an upload takes three of them of
    memory."""

    connect_timeout_s: float = Field(default=5.0, ge=0.1, le=60)
    """So long a connection may take."""

    request_timeout_s: float = Field(default=60.0, ge=0.1, le=600)
    """So long one request may take, with all that it carries."""

    checksum: Literal["sha256", "none"] = "sha256"
    """Checksum sent with each upload for the server to check; "none" for one that takes none."""


def problems(settings: StoreS3Settings) -> list[str]:
    """What of the settings does not go together, or is not safe.

    No validators: what those refuse is shown with its value, and here that may hold a secret.
    """
    found = []
    if (settings.access_key_id is None) != (settings.secret_access_key is None):
        found.append("access_key_id and secret_access_key are set both or neither")
    if settings.endpoint:
        found += _problems_of_endpoint(settings.endpoint, allow_http=settings.allow_http)
    return found


def _problems_of_endpoint(endpoint: str, *, allow_http: bool) -> list[str]:
    try:
        parts = urlsplit(endpoint)
    except ValueError:
        return ["endpoint: no URL"]
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return ["endpoint: no URL with http or https and a host"]
    if parts.username or parts.password or parts.query or parts.fragment:
        return ["endpoint: has more than scheme, host, port and path"]
    if parts.scheme == "http" and not (allow_http or is_loopback(parts.hostname)):
        return [f"endpoint: plain http to {parts.hostname} needs allow_http = true"]
    return []


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
