"""Fuzz entry of a whole session as acceptor: only RemoteProtocolError may come out of it."""

import pytest

from pacsd.dimse.command_codec import encode_command
from pacsd.dimse.commands import CCancelRQ, Request, response_to
from pacsd.dimse.events import Event, RequestReceived
from pacsd.dimse.session import Session
from pacsd.ul.association import Association
from pacsd.ul.encode import encode_associate_rq
from pacsd.ul.errors import RemoteProtocolError
from pacsd.ul.events import AssociateRequested, ReleaseRequested
from pacsd.ul.items import OperationsWindow
from pacsd.ul.pdu import PDV
from tests.dimse.conversations import (
    ECHO,
    FIND,
    LIMITS,
    STORE,
    TERMS,
    associate_rq,
    command_pdv,
    data_pdv,
    echo_rq,
    find_rq,
    p_data,
    store_rq,
)
from tests.fuzz.campaign import long_iterations, run

RELEASE_RQ = bytes.fromhex("05 00 00000004 00000000")
ASSOCIATE_RQ = encode_associate_rq(associate_rq(OperationsWindow(3, 2)))
ECHO_COMMAND = encode_command(echo_rq(2))
CORPUS = [
    ASSOCIATE_RQ + pdus + RELEASE_RQ
    for pdus in (
        p_data(command_pdv(echo_rq(), ECHO)),
        p_data(command_pdv(store_rq(), STORE), data_pdv(b"data", is_last=False))
        + p_data(data_pdv(b"rest")),
        p_data(command_pdv(find_rq(), FIND))
        + p_data(data_pdv(b"keys", FIND))
        + p_data(command_pdv(CCancelRQ(message_id_being_responded_to=1), FIND)),
        p_data(PDV(1, is_command=True, is_last=False, data=ECHO_COMMAND[:9]))
        + p_data(PDV(1, is_command=True, is_last=True, data=ECHO_COMMAND[9:])),
        p_data(*[command_pdv(echo_rq(number), ECHO) for number in (1, 2, 3)]),
    )
]


def serve(data: bytes) -> Session:
    """What an SCP does with bytes, in two reads: echo is answered at once, the rest pends."""
    session = Session(Association.acceptor(LIMITS, 0.0), 0.0, max_data_set_bytes=1_000)
    try:
        for part in (data[: len(data) // 2], data[len(data) // 2 :]):
            session.receive_data(part, 0.0)
            while (event := session.next_event()) is not None:
                act(session, event)
    except RemoteProtocolError as error:
        if session.data_to_send()[-1][:1] != b"\7" or not str(error).isprintable():
            raise TypeError(f"no A-ABORT went out for {error}") from error
        raise
    return session


def act(session: Session, event: Event) -> None:
    """The least an SCP does; the operations it leaves open fill the window."""
    if isinstance(event, AssociateRequested):
        session.association.accept(TERMS)
    elif isinstance(event, ReleaseRequested):
        session.association.respond_release(0.0)
    elif isinstance(event, RequestReceived) and answers_at_once(event.request):
        session.respond(response_to(event.request, 0), 0.0)


def answers_at_once(request: Request) -> bool:
    return not request.has_data_set


def test_a_slice() -> None:
    report = run(serve, CORPUS, (RemoteProtocolError,), iterations=2_000, seed=1)
    assert report.parsed > len(CORPUS)


@pytest.mark.fuzz
@pytest.mark.timeout(0)
def test_a_campaign() -> None:
    run(serve, CORPUS, (RemoteProtocolError,), iterations=long_iterations(), seed=2)
