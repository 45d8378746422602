"""Framing: a stream of bytes -> whole PDUs, each checked by type and length before it is kept."""

import struct

from pacsd.ul.errors import AbortReason, PDUError
from pacsd.ul.pdu import HEADER_LENGTH, MAX_ASSOCIATE_LENGTH, Buffer, PDUType

_HEADER = struct.Struct(">BxI")
_P_DATA_TF = int(PDUType.P_DATA_TF)
_SHORT_PDU_LENGTH = 4
_NOTHING = memoryview(b"")


class PDUReader:
    """Cuts a stream into PDUs without copying, as long as the bytes fed end with a whole one.

    What is left of an incomplete PDU is kept, and nothing else: memory is bounded by the longest
    PDU allowed plus what is fed at once.
    """

    __slots__ = (
        "_is_strict",
        "_kept",
        "_max_length",
        "_offset",
        "_unread",
        "incomplete_since",
        "oversized_pdus",
    )

    def __init__(self, max_length: int, *, is_strict: bool) -> None:
        self._max_length = max_length
        self._is_strict = is_strict
        self._kept = bytearray()
        self._unread = _NOTHING
        self._offset = 0
        self.incomplete_since: float | None = None
        self.oversized_pdus = 0

    def limit(self, max_length: int, *, is_strict: bool) -> None:
        """What P-DATA-TF may be from now on."""
        self._max_length, self._is_strict = max_length, is_strict

    def feed(self, data: Buffer) -> None:
        """Take bytes; a view of them is kept until `next_pdu` answers None."""
        if self._offset < len(self._unread):
            self._keep_rest()
        elif self._offset:
            self._kept = bytearray()
        self._unread = _NOTHING  # a bytearray that is looked into cannot grow
        if self._kept:
            self._kept += data
            self._unread = memoryview(self._kept)
        else:
            self._unread = memoryview(data)
        self._offset = 0

    def clear(self) -> None:
        """Forget everything fed, after an abort or the end of the connection."""
        self._unread, self._offset, self._kept = _NOTHING, 0, bytearray()
        self.incomplete_since = None

    def hold(self) -> None:
        """Keep a copy of what is unread, so that the bytes fed may change from now on."""
        if self._offset < len(self._unread):
            self._keep_rest()
            self._unread, self._offset = memoryview(self._kept), 0
        elif self._offset:
            self._unread, self._offset, self._kept = _NOTHING, 0, bytearray()

    def resumed(self, now: float) -> None:
        """Reading stood still by our own choice: the rest of a PDU is due from now on."""
        if self.incomplete_since is not None:
            self.incomplete_since = now

    def next_pdu(self, now: float) -> tuple[int, memoryview] | None:
        """The type and the variable field of the next whole PDU; None when more is needed.

        Raises:
            PDUError: a type that does not exist or a length that is not allowed; judged as soon
                as the header is there, so a false length never makes anything wait or grow.
        """
        start = self._offset
        available = len(self._unread) - start
        if available < HEADER_LENGTH:
            self._wait(now)
            return None
        pdu_type, length = _HEADER.unpack_from(self._unread, start)
        is_whole = available >= HEADER_LENGTH + length
        if pdu_type != _P_DATA_TF:
            _check_association_pdu(pdu_type, length)
        elif length > self._max_length:
            self._check_oversized(length, is_whole=is_whole)
        if not is_whole:
            self._wait(now)
            return None
        self._offset = start + HEADER_LENGTH + length
        self.incomplete_since = None
        return pdu_type, self._unread[start + HEADER_LENGTH : self._offset]

    def _check_oversized(self, length: int, *, is_whole: bool) -> None:
        """Some devices ignore the announced maximum; twice as much still has a bound."""
        if self._is_strict or length > 2 * self._max_length:
            raise PDUError(
                f"P-DATA-TF: length {length}, announced were {self._max_length} (PS3.8 Annex D.1)"
            )
        self.oversized_pdus += is_whole

    def _wait(self, now: float) -> None:
        """Keep what is incomplete, and since when it is."""
        if self._offset < len(self._unread):
            self._keep_rest()
            if self.incomplete_since is None:
                self.incomplete_since = now
        elif self._offset:
            self._kept = bytearray()
        self._unread, self._offset = _NOTHING, 0

    def _keep_rest(self) -> None:
        if self._kept and not self._offset:
            return  # all of it is kept already
        # A new bytearray: views of the old one may still be lent out, which forbids resizing it.
        self._kept = bytearray(self._unread[self._offset :])


def _check_association_pdu(pdu_type: int, length: int) -> None:
    if pdu_type in (PDUType.ASSOCIATE_RQ, PDUType.ASSOCIATE_AC):
        if length > MAX_ASSOCIATE_LENGTH:
            raise PDUError(f"PDU {pdu_type:02X}H: length {length} > {MAX_ASSOCIATE_LENGTH}")
    elif not PDUType.ASSOCIATE_RJ <= pdu_type <= PDUType.ABORT:
        raise PDUError(
            f"PDU type {pdu_type:02X}H does not exist (PS3.8 section 9.3.1)",
            AbortReason.UNRECOGNIZED_PDU,
        )
    elif length != _SHORT_PDU_LENGTH:
        raise PDUError(f"PDU {pdu_type:02X}H: length {length}, it is {_SHORT_PDU_LENGTH}")
