"""How an instance came to us: reception facts, kept in the stored file's meta header."""

from dataclasses import dataclass

DEFAULT_PARTITION = 1


@dataclass(frozen=True, slots=True)
class Reception:
    """Facts about the arrival of one instance; they never leave the house.

    `partition` is our own number of the partition, `received_at_us` UTC microseconds since 1970,
    `origin` the way in ("dimse"), `peer_address` the peer's network address without its port.
    """

    partition: int
    calling_ae: str
    called_ae: str
    peer_address: str
    received_at_us: int
    origin: str
