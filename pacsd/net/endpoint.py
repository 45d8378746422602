"""A listening or destination address, written `HOST:PORT`."""

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Self

MAX_PORT = 65_535
MAX_HOST_NAME_LENGTH = 253
REMEMBERED_ADDRESSES = 1_024
"""Each association asks about its peer's address several times, and most peers call again."""

_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host (name or IP address) and a TCP port.

    `str()` and `parse` are each other's inverse; an IPv6 address is bracketed: `[::1]:11112`.
    """

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `HOST:PORT`.

        Raises:
            ValueError: what is wrong with it, without the text itself.
        """
        host, colon, port = text.strip().rpartition(":")
        if not colon or not host:
            raise ValueError('must be "HOST:PORT", such as "127.0.0.1:11112" or "[::1]:11112"')
        if not (port.isascii() and port.isdigit() and int(port) <= MAX_PORT):
            raise ValueError(f"port must be a number from 0 to {MAX_PORT}")
        return cls(check_host(_without_brackets(host)), int(port))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only processes on this machine can reach it."""
        if self.host.lower().rstrip(".") == "localhost":
            return True
        address = literal_address(self.host)
        return address is not None and address.is_loopback


def check_host(host: str) -> str:
    """Return `host` if it is an IP address or a possible host name.

    Raises:
        ValueError: it is neither.
    """
    if literal_address(host) is not None:
        return host
    is_dotted_number = not host.strip("0123456789.")
    is_name = len(host) <= MAX_HOST_NAME_LENGTH and _HOST_NAME.fullmatch(host)
    if is_dotted_number or not is_name:
        raise ValueError("host must be a host name, an IPv4 address or an IPv6 address")
    return host


@lru_cache(maxsize=REMEMBERED_ADDRESSES)
def literal_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address that `text` spells, None when it is a name.

    An IPv4 address that came through an IPv6 socket (`::ffff:10.0.0.1`) is the IPv4 address; a
    link-local address loses its interface (`%eth0`).
    """
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _without_brackets(host: str) -> str:
    if host.startswith("[") and host.endswith("]"):
        return host[1:-1]
    if ":" in host:
        raise ValueError("an IPv6 address stands in brackets: [::1]:11112")
    return host
