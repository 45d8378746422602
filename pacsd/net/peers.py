"""The peers we know: who may call from where, and where we may call."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from pacsd.api.settings import Settings
from pacsd.archive.instance import SenderPolicy
from pacsd.net.endpoint import MAX_PORT, Endpoint, check_host, literal_address
from pacsd.net.settings import (
    MAX_PDU_LENGTH_BYTES,
    MIN_PDU_LENGTH_BYTES,
    AETitle,
    AETitleList,
    split_text,
)

Network = IPv4Network | IPv6Network

_IPV4_MAPPED = IPv6Network("::ffff:0:0/96")


def _check_network(value: str) -> str:
    try:
        ip_network(value)
    except ValueError as error:
        raise ValueError(f"must be an IP address or range such as 10.1.0.0/16: {error}") from None
    return value


NetworkList = Annotated[
    tuple[Annotated[str, AfterValidator(_check_network)], ...], BeforeValidator(split_text)
]


class Peer(Settings):
    """One DICOM peer, a device or server known by its AE title; repeat the table for more."""

    ae_title: AETitle = Field(examples=["CT1"])
    """Its AE title, as it calls and as we call it. Upper and lower case differ."""

    host: str = ""
    """Host name or IP address we call it at. Empty = it may only call us."""

    port: int = Field(default=104, ge=0, le=MAX_PORT)
    """TCP port we call it at. 0 = it may only call us."""

    addresses: NetworkList = ()
    """IP addresses and ranges it may call from. Empty = those of its host; with an empty host
    too, any address that reaches us."""

    description: str = Field(default="", max_length=1_000)
    """For people."""

    called_ae_titles: AETitleList = ()
    """Our AE titles it may call. Empty = all."""

    move_destination: bool = False
    """Others may have objects sent to it by C-MOVE. Needs host and port."""

    connections: int = Field(default=4, ge=1, le=100)
    """Most associations we open to it at once."""

    max_associations: int | None = Field(default=None, ge=1, le=100_000, examples=[10])
    """Most associations it may have open to us at once. Unset = max_associations_per_peer of
    [dimse]."""

    max_pdu_length_bytes: int | None = Field(
        default=None, ge=MIN_PDU_LENGTH_BYTES, le=MAX_PDU_LENGTH_BYTES, examples=[32_768]
    )
    """Maximum length of the P-DATA-TF PDUs we announce to it. Unset = that of the AE title."""

    strict: bool | None = Field(default=None, examples=[True])
    """As in [dimse], for this peer."""

    resend_deleted: Literal["refuse", "restore"] = "refuse"
    """What happens when it sends an instance that was deleted here: it is refused (C011), or
    restored if it is the same data set, byte for byte; any other is refused either way."""

    conflict_answer: Literal["failure", "warning"] = "failure"
    """How it is told that another object is known by the SOP Instance UID it sent: C010, or B000
    for devices that stop at a failure. Its version is kept in quarantine either way; when that is
    full it is not, and the answer is C010."""

    quirk_answer: Literal["success", "warning"] = "success"
    """How it is answered when an object breaks the standard but can be kept: 0000, or B007."""

    @field_validator("host")
    @classmethod
    def _check_host(cls, value: str) -> str:
        return check_host(value) if value else value

    @field_validator("move_destination")
    @classmethod
    def _need_host(cls, value: bool, info: ValidationInfo) -> bool:
        if value and not (info.data.get("host", "?") and info.data.get("port", 1)):
            raise ValueError("needs host and port: where would we send?")
        return value

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `AET=HOST:PORT`.

        Raises:
            ValueError: what is wrong with it (a pydantic ValidationError for the AE title).
        """
        title, equals, address = text.rpartition("=")
        if not equals:
            raise ValueError('must be "AET=HOST:PORT", such as "CT1=10.1.2.3:104"')
        endpoint = Endpoint.parse(address)
        return cls(ae_title=title, host=endpoint.host, port=endpoint.port)

    @property
    def endpoint(self) -> Endpoint | None:
        """Where we call it, None when it may only call us."""
        return Endpoint(self.host, self.port) if self.host and self.port else None

    @property
    def policy(self) -> SenderPolicy:
        """What it may do with instances that are here already."""
        return SenderPolicy(
            restores_deleted=self.resend_deleted == "restore",
            warns_of_conflict=self.conflict_answer == "warning",
            warns_of_quirks=self.quirk_answer == "warning",
        )

    @property
    def has_address_range(self) -> bool:
        """Whether its name alone is not enough to call us: its addresses are narrowed down."""
        if self.addresses:
            return all(_network(text).prefixlen for text in self.addresses)
        return bool(self.host)


class Guest(Peer):
    """A peer that is in no file, for a short time: no list of callers can name it."""


class Admission(StrEnum):
    """What the peer book says of a caller."""

    KNOWN = "known"
    UNKNOWN_AE_TITLE = "unknown AE title"
    WRONG_ADDRESS = "known AE title from an address it may not call from"
    UNRESOLVED = "known AE title of a host whose name has no known address"


class PeerBook:
    """All known peers, by AE title. It never changes; a reload makes a new one.

    Args:
        peers: each AE title once.
        resolved: addresses of the host names among the peers' hosts, of both IP versions. A name
            without any admits no caller.

    Raises:
        ValueError: an AE title is given twice.
    """

    def __init__(
        self, peers: Iterable[Peer] = (), resolved: Mapping[str, Iterable[str]] | None = None
    ) -> None:
        self._resolved = {name: tuple(found) for name, found in (resolved or {}).items()}
        self._peers: dict[str, Peer] = {}
        self._networks: dict[str, tuple[Network, ...] | None] = {}
        for peer in peers:
            if peer.ae_title in self._peers:
                raise ValueError(f"peer.ae_title = {peer.ae_title!r}: given twice")
            self._peers[peer.ae_title] = peer
            self._networks[peer.ae_title] = _networks(peer, self._resolved)

    @property
    def unresolved(self) -> tuple[str, ...]:
        """Host names without an address: their peers may not call."""
        hosts = (
            self._peers[title].host for title, networks in self._networks.items() if networks == ()
        )
        return tuple(dict.fromkeys(hosts))

    def with_known(self, previous: Self) -> Self:
        """Return this book with the addresses that `previous` has of names without any now.

        So an outage of the name service during a reload locks no peer out.
        """
        found = {name: previous._resolved.get(name) for name in self.unresolved}
        known = {name: addresses for name, addresses in found.items() if addresses}
        return type(self)(self, {**self._resolved, **known}) if known else self

    def with_guest(self, guest: Guest) -> Self:
        """Return this book with one peer more.

        Raises:
            ValueError: there is one of its AE title.
        """
        return type(self)((*self, guest), self._resolved)

    def without(self, ae_title: str) -> Self:
        """Return this book without the peer of this AE title."""
        return type(self)((peer for peer in self if peer.ae_title != ae_title), self._resolved)

    def __len__(self) -> int:
        return len(self._peers)

    def __iter__(self) -> Iterator[Peer]:
        return iter(self._peers.values())

    def find(self, ae_title: str) -> Peer | None:
        """Return the peer of this AE title."""
        return self._peers.get(ae_title)

    def destination(self, ae_title: str) -> Peer | None:
        """Return the peer if C-MOVE may send to it (PS3.4 annex C.4.2)."""
        peer = self._peers.get(ae_title)
        return peer if peer is not None and peer.move_destination else None

    def admits(self, ae_title: str, address: str) -> Admission:
        """Say whether this calling AE title is known and may call from this IP address."""
        if ae_title not in self._peers:
            return Admission.UNKNOWN_AE_TITLE
        networks = self._networks[ae_title]
        if networks is None:
            return Admission.KNOWN
        if not networks:
            return Admission.UNRESOLVED
        caller = literal_address(address)
        if caller is not None and any(caller in network for network in networks):
            return Admission.KNOWN
        return Admission.WRONG_ADDRESS


def _networks(peer: Peer, resolved: Mapping[str, tuple[str, ...]]) -> tuple[Network, ...] | None:
    """Return where the peer may call from, None for anywhere."""
    if peer.addresses:
        return tuple(map(_network, peer.addresses))
    if not peer.host:
        return None
    literal = literal_address(peer.host)
    hosts = (
        [literal] if literal else [literal_address(text) for text in resolved.get(peer.host, ())]
    )
    return tuple(ip_network(host) for host in hosts if host is not None)


def _network(text: str) -> Network:
    """Return the network that `text` spells; one of IPv4 addresses written as IPv6 is theirs."""
    network = ip_network(text)
    if isinstance(network, IPv6Network) and network.subnet_of(_IPV4_MAPPED):
        prefix_length = network.prefixlen - _IPV4_MAPPED.prefixlen
        return IPv4Network((network.network_address.packed[-4:], prefix_length))
    return network
