import anyio
import pytest

from pacsd.dimse.commands import Request
from pacsd.net.associated import associated
from pacsd.net.endpoint import Endpoint
from pacsd.net.errors import NotConnected
from pacsd.net.query_retrieve_scu import QueryModel, find
from pacsd.net.scu import Destination, Timeouts, propose
from tests.net.answering_peer import (
    CANCEL,
    AnsweringConnection,
    AnsweringPeer,
    answering_peer,
    answers,
)

ROOT = QueryModel.STUDY_ROOT
CONTEXTS = propose((ROOT.find,))


async def test_it_is_released_in_the_end() -> None:
    peer = AnsweringPeer(answers(b"one"))
    async with answering_peer(peer) as destination:
        async with associated(
            destination, CONTEXTS, Timeouts(), extended={ROOT.find: b"\1"}
        ) as association:
            assert [each async for each in find(association, ROOT, b"keys")] == [b"one"]
        assert not association.is_usable
    assert peer.released == 1
    (proposed,) = peer.requests[0].user_information.extended_negotiations
    assert proposed.application_information == b"\1"


async def test_a_failure_inside_releases_it_as_well() -> None:
    peer = AnsweringPeer(answers())
    async with answering_peer(peer) as destination:
        with pytest.raises(KeyError):
            async with associated(destination, CONTEXTS, Timeouts()):
                raise KeyError
    assert peer.released == 1


async def test_cancellation_tells_the_peer() -> None:
    asked = anyio.Event()

    def cancel(connection: AnsweringConnection, request: Request) -> None:
        connection.respond(request, CANCEL)

    peer = AnsweringPeer(lambda *_: asked.set(), cancel)
    async with answering_peer(peer) as destination, anyio.create_task_group() as tasks:

        async def ask() -> None:
            async with associated(destination, CONTEXTS, Timeouts()) as association:
                async for _ in find(association, ROOT, b"keys"):
                    pass

        tasks.start_soon(ask)
        await asked.wait()
        tasks.cancel_scope.cancel()
    assert (len(peer.cancelled), peer.released, peer.aborted) == (1, 1, 0)


async def test_nobody_there() -> None:
    nobody = Destination(Endpoint("127.0.0.1", 1), "X", "Y")
    with pytest.raises(NotConnected):
        async with associated(nobody, CONTEXTS, Timeouts()):
            pass
