"""Which DICOMweb service is meant: the root that all its resources are below."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit

from yarl import URL

from pacsd.dicom.text import printable

SCHEMES = ("http://", "https://")
MAX_LENGTH = 2_048

_CHARACTERS = re.compile(r"[!#-;=?-\[\]_a-z~%]+")
"""What a URI has (RFC 3986 section 2); programs do not agree on what anything else means."""
_EMPTY_SEGMENT = re.compile(r"//|/\.{1,2}(?=/|$)|%2[eEfF]|%5[cC]")


class ServiceRootError(ValueError):
    """A text is no root of a service; why does not repeat what may be a secret."""


@dataclass(frozen=True, slots=True)
class ServiceRoot:
    """The root of a service, as it is called: without a slash at its end."""

    url: URL

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the URL of a root.

        Raises:
            ServiceRootError: it is none, or has a password, a query or a fragment in it.
        """
        _check(text)
        return cls(URL(text.rstrip("/"), encoded=True))

    def __str__(self) -> str:
        return str(self.url)

    @property
    def is_secret(self) -> bool:
        """Whether what is said to it nobody else hears: over TLS, or on this machine."""
        return self.url.scheme == "https" or _is_loopback(self.url.host or "")

    @property
    def is_tls(self) -> bool:
        """Whether it is called over TLS."""
        return self.url.scheme == "https"

    def below(self, path: str) -> URL:
        """The URL of what has this path, and maybe a query, behind the root."""
        return URL(f"{self}{path}", encoded=True)

    def is_same_origin(self, url: URL) -> bool:
        """Whether a URL is of the same host, port and scheme (RFC 6454 section 4)."""
        return (url.scheme, url.host, url.port) == (self.url.scheme, self.url.host, self.url.port)


def _check(text: str) -> None:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ServiceRootError(f"is no URL: {error}") from None
    if parts.username is not None or parts.password is not None:
        raise ServiceRootError(
            "has a user name or password in it, which every user of this machine can see"
        )
    if not _CHARACTERS.fullmatch(text) or len(text) > MAX_LENGTH:
        raise ServiceRootError("has characters that no URL has, or too many (RFC 3986 section 2)")
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        raise ServiceRootError("is no http:// or https:// URL of a host")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise ServiceRootError("has a query or fragment behind the root of the service")
    if _EMPTY_SEGMENT.search(parts.path.rstrip("/")):
        raise ServiceRootError(f"has a path of odd segments: '{printable(parts.path)}'")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
