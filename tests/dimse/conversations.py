"""Two sessions whose bytes reach each other, and one that is fed bytes by hand."""

from collections.abc import Sequence
from dataclasses import replace

from pacsd.dicom.registry import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    VERIFICATION,
)
from pacsd.dimse.command_codec import encode_command
from pacsd.dimse.commands import AnyCommand, CEchoRQ, CFindRQ, CGetRQ, CStoreRQ
from pacsd.dimse.events import DataSetFragment, Event
from pacsd.dimse.session import Patience, Session
from pacsd.ul import encode
from pacsd.ul.association import Association, Limits
from pacsd.ul.errors import RemoteProtocolError
from pacsd.ul.events import AssociateRequested
from pacsd.ul.items import OperationsWindow, UserInformation
from pacsd.ul.negotiation import AcceptorTerms, PresentationContext
from pacsd.ul.pdu import PDV, AssociateRQ, Buffer, PDataTF, ProposedContext

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
ECHO = PresentationContext(1, VERIFICATION, IMPLICIT_VR_LITTLE_ENDIAN)
STORE = PresentationContext(3, CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN)
FIND = PresentationContext(5, STUDY_ROOT_FIND, EXPLICIT_VR_LITTLE_ENDIAN)
GET = PresentationContext(9, STUDY_ROOT_GET, EXPLICIT_VR_LITTLE_ENDIAN)
CONTEXTS = (ECHO, STORE, FIND, GET)
LIMITS = Limits(max_length=1024, artim_s=30.0, pdu_timeout_s=10.0)
PATIENCE = Patience(message_s=60.0, idle_s=300.0)
TERMS = AcceptorTerms(
    supported={each.abstract_syntax: {each.transfer_syntax} for each in CONTEXTS},
    max_length=LIMITS.max_length,
    implementation_class_uid="2.25.1",
    implementation_version_name="PACSD",
    max_operations_window=16,
)
ABORT = bytes.fromhex("07 00 00000004 0000 0000")


def associate_rq(window: OperationsWindow | None = None) -> AssociateRQ:
    return AssociateRQ(
        called_ae="PACSD",
        calling_ae="MODALITY",
        contexts=tuple(
            ProposedContext(each.context_id, each.abstract_syntax, (each.transfer_syntax,))
            for each in CONTEXTS
        ),
        user_information=UserInformation(
            max_length=256, implementation_class_uid="1.2.3", operations_window=window
        ),
    )


def echo_rq(message_id: int = 1) -> CEchoRQ:
    return CEchoRQ(message_id=message_id, affected_sop_class_uid=VERIFICATION)


def store_rq(message_id: int = 1) -> CStoreRQ:
    return CStoreRQ(
        message_id=message_id,
        affected_sop_class_uid=CT_IMAGE_STORAGE,
        affected_sop_instance_uid="1.2.3.4",
        has_data_set=True,
    )


def find_rq(message_id: int = 1) -> CFindRQ:
    return CFindRQ(message_id=message_id, affected_sop_class_uid=STUDY_ROOT_FIND)


def get_rq(message_id: int = 1) -> CGetRQ:
    return CGetRQ(message_id=message_id, affected_sop_class_uid=STUDY_ROOT_GET)


def command_pdv(message: AnyCommand, context: PresentationContext) -> PDV:
    return PDV(context.context_id, True, True, encode_command(message))


def data_pdv(data: bytes, context: PresentationContext = STORE, *, is_last: bool = True) -> PDV:
    return PDV(context.context_id, False, is_last, data)


def p_data(*pdvs: PDV) -> bytes:
    """One P-DATA-TF."""
    return encode.encode_p_data(PDataTF(pdvs))


def kept(event: Event) -> Event:
    """The event with its bytes copied: they are lent for a moment only."""
    if isinstance(event, DataSetFragment):
        return replace(event, data=bytes(event.data))
    return event


def events_of(session: Session) -> list[Event | RemoteProtocolError]:
    """All events, and the error that ended them."""
    events: list[Event | RemoteProtocolError] = []
    try:
        while (event := session.next_event()) is not None:
            events.append(kept(event))
    except RemoteProtocolError as error:
        events.append(error)
    return events


def sent(session: Session) -> bytes:
    return b"".join(session.data_to_send())


class Conversation:
    """An SCU and an SCP with an association; `now` is the time of both."""

    def __init__(self, window: OperationsWindow | None = None, max_data_set_bytes: int = 0) -> None:
        self.now = 0.0
        self.scu = self.requesting(window)
        self.scp = Session(
            Association.acceptor(LIMITS, self.now), self.now, PATIENCE, max_data_set_bytes
        )
        (requested,) = self.to_scp()
        assert isinstance(requested, AssociateRequested)
        self.scp.association.accept(TERMS)
        self.to_scu()

    @staticmethod
    def requesting(window: OperationsWindow | None = None) -> Session:
        """An SCU that asks for an association."""
        requestor = Association.requestor(LIMITS, associate_rq(window), 0.0)
        requestor.transport_connected(0.0)
        return Session(requestor, 0.0, PATIENCE)

    def to_scp(self) -> list[Event | RemoteProtocolError]:
        """What the SCP makes of all that the SCU has to send."""
        return self.tell_scp(sent(self.scu))

    def to_scu(self) -> list[Event | RemoteProtocolError]:
        """What the SCU makes of all that the SCP has to send."""
        self.scu.receive_data(sent(self.scp), self.now)
        return events_of(self.scu)

    def tell_scp(self, data: Buffer) -> list[Event | RemoteProtocolError]:
        """What the SCP makes of some bytes."""
        self.scp.receive_data(data, self.now)
        return events_of(self.scp)


def data_set(events: Sequence[Event | RemoteProtocolError]) -> bytes:
    """The data set of these events, which must end with its last fragment."""
    fragments = [event for event in events if isinstance(event, DataSetFragment)]
    assert [event.is_last for event in fragments] == [False] * (len(fragments) - 1) + [True]
    return b"".join(event.data for event in fragments)
