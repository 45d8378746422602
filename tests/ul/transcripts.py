"""Transcripts of associations: `>>` what comes in, `<<` what must come out; a `Pair` of ends."""

from typing import Self

from pacsd.dicom.registry import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    VERIFICATION,
)
from pacsd.ul import encode
from pacsd.ul.association import Association, Limits
from pacsd.ul.errors import RemoteProtocolError
from pacsd.ul.events import Event
from pacsd.ul.items import UserInformation
from pacsd.ul.negotiation import AcceptorTerms, Negotiated, answer
from pacsd.ul.pdu import PDV, AssociateRQ, Buffer, PDataTF, ProposedContext

LIMITS = Limits(max_length=1024, artim_s=30.0, pdu_timeout_s=10.0)
REQUEST = AssociateRQ(
    called_ae="PACSD",
    calling_ae="MODALITY",
    contexts=(
        ProposedContext(1, VERIFICATION, (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN)),
        ProposedContext(3, "1.2.3.4", (IMPLICIT_VR_LITTLE_ENDIAN,)),
    ),
    user_information=UserInformation(max_length=512, implementation_class_uid="1.2.3"),
)
TERMS = AcceptorTerms(
    supported={VERIFICATION: {IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN}},
    max_length=1024,
    implementation_class_uid="2.25.1",
    implementation_version_name="PACSD",
)
PDVS = (PDV(1, is_command=True, is_last=True, data=b"command"),)

ASSOCIATE_RQ = encode.encode_associate_rq(REQUEST)
ASSOCIATE_AC = encode.encode_associate_ac(answer(REQUEST, TERMS))
ASSOCIATE_RJ = bytes.fromhex("03 00 00000004 00 01 01 07")
P_DATA_TF = encode.encode_p_data(PDataTF(PDVS))
RELEASE_RQ = bytes.fromhex("05 00 00000004 00000000")
RELEASE_RP = bytes.fromhex("06 00 00000004 00000000")
UNKNOWN_PDU = bytes.fromhex("08 00 00000004 00000000")


def abort_pdu(source: int, reason: int) -> bytes:
    return bytes((7, 0, 0, 0, 0, 4, 0, 0, source, reason))


def p_data_field(*items: bytes) -> bytes:
    """A P-DATA-TF of these PDV items, whatever they are."""
    field = b"".join(items)
    return bytes((4, 0)) + len(field).to_bytes(4, "big") + field


def drain(association: Association) -> list[Event | RemoteProtocolError]:
    """All events, and the error that ended them."""
    events: list[Event | RemoteProtocolError] = []
    try:
        while (event := association.next_event()) is not None:
            events.append(event)
    except RemoteProtocolError as error:
        events.append(error)
    return events


def sent(association: Association) -> bytes:
    return b"".join(association.data_to_send())


class Playbook:
    """Plays one end against its association.

    `book >> b"..."` feeds bytes of the peer; `book << b"..."` says what was written since;
    `book << SomeEvent(...)` says which event came next; `book << (source, reason)` that the peer
    was found to break the protocol.
    """

    def __init__(self, association: Association, now: float = 0.0) -> None:
        self.association = association
        self.now = now
        self._events: list[Event | RemoteProtocolError] = []

    def __rshift__(self, data: Buffer) -> Self:
        self.association.receive_data(data, self.now)
        self._events += drain(self.association)
        return self

    def __lshift__(self, expected: Event | bytes | tuple[int, int]) -> Self:
        if isinstance(expected, bytes):
            assert sent(self.association) == expected
            return self
        assert self._events, f"no event, {expected} is due"
        event = self._events.pop(0)
        if isinstance(event, RemoteProtocolError):
            assert (event.source, event.reason) == expected, event
        else:
            assert event == expected
        return self

    def is_quiet(self) -> bool:
        """Whether there is nothing more to tell or to write."""
        return not self._events and not sent(self.association)


class Pair:
    """A requestor and an acceptor whose bytes reach each other."""

    def __init__(
        self, request: AssociateRQ = REQUEST, limits: Limits = LIMITS, now: float = 0.0
    ) -> None:
        self.now = now
        self.requestor = Association.requestor(limits, request, now)
        self.acceptor = Association.acceptor(limits, now)
        self.requestor.transport_connected(now)

    @classmethod
    def established(
        cls,
        request: AssociateRQ = REQUEST,
        terms: AcceptorTerms = TERMS,
        limits: Limits = LIMITS,
    ) -> Self:
        pair = cls(request, limits)
        pair.to_acceptor()
        pair.acceptor.accept(terms)
        pair.to_requestor()
        return pair

    def to_acceptor(self) -> list[Event | RemoteProtocolError]:
        """What the acceptor makes of all that the requestor has to send."""
        self.acceptor.receive_data(sent(self.requestor), self.now)
        return drain(self.acceptor)

    def to_requestor(self) -> list[Event | RemoteProtocolError]:
        """What the requestor makes of all that the acceptor has to send."""
        self.requestor.receive_data(sent(self.acceptor), self.now)
        return drain(self.requestor)


def agreed(association: Association) -> Negotiated:
    assert association.negotiated is not None
    return association.negotiated
