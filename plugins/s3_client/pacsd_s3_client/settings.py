"""Where a bucket is, and how it is spoken to: the keys that all plugins with a bucket have."""

from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from pacsd.api.settings import Settings

MIB = 1024 * 1024
GIB = 1024 * MIB


class BucketSettings(Settings):
    """A bucket of an S3-compatible server."""

    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", examples=["pacsd"])
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

    credentials_file: Path | None = None
    """A file with the keys in place of the three above, as Amazon's tools have it: a section
    [default] with aws_access_key_id, aws_secret_access_key and perhaps aws_session_token. Nobody
    but its owner may read it."""

    allow_http: bool = False
    """Speak plain http also to a server that is not on this machine: everybody on the way can read
    and alter what is stored."""

    ca_file: Path | None = None
    """Certificates (PEM) of an authority of your own, trusted beside the system's."""

    connect_timeout_s: float = Field(default=5.0, ge=0.1, le=60)
    """So long a connection may take."""

    request_timeout_s: float = Field(default=60.0, ge=0.1, le=600)
    """So long one request may take, with all that it carries."""

    part_bytes: int = Field(default=8 * MIB, ge=5 * MIB, le=256 * MIB)
    """Larger objects are uploaded in parts of this size; an upload takes three of them of
    memory."""

    checksum: Literal["sha256", "none"] = "sha256"
    """Checksum sent with each upload for the server to check; "none" for one that takes none."""


def problems(settings: BucketSettings) -> list[str]:
    """What of the settings does not go together, or is not safe.

    No validators: what those refuse is shown with its value, and here that may hold a secret.
    """
    found = []
    if (settings.access_key_id is None) != (settings.secret_access_key is None):
        found.append("access_key_id and secret_access_key are set both or neither")
    if settings.credentials_file is not None:
        given = (settings.access_key_id, settings.secret_access_key, settings.session_token)
        if any(each is not None for each in given):
            found.append("credentials_file: stands in place of keys in the configuration")
        if not settings.credentials_file.is_absolute():
            found.append(f"credentials_file: {settings.credentials_file} does not begin with /")
    if settings.ca_file is not None and not settings.ca_file.is_file():
        found.append(f"ca_file: {settings.ca_file} is no file")
    if settings.endpoint:
        found += _problems_of_endpoint(settings.endpoint, allow_http=settings.allow_http)
    return found


def missing_client() -> list[str]:
    """That the client library is not there, if it is not."""
    if find_spec("obstore") is None:
        return ["obstore is not installed: pip install 'pacsd[s3]'"]
    return []


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
