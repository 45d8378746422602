"""C-STORE sub-operations, on a line that is not a socket."""

from collections.abc import Coroutine

import pytest

from pacsd.dimse.commands import CStoreRQ, Response
from pacsd.dimse.events import DataSetFragment
from pacsd.net.responses import Work
from pacsd.net.storage import DimseAnswer
from pacsd.net.sub_operations import SubOperations
from pacsd.ul.negotiation import PresentationContext
from tests.net.receiving import Received

CT = "1.2.840.10008.5.1.4.1.1.2"
STORE = CStoreRQ(message_id=2, affected_sop_class_uid=CT, affected_sop_instance_uid="1.2.3")
CONTEXT = PresentationContext(1, CT, "1.2.840.10008.1.2.1", False, True)
WITHOUT_ROLE = PresentationContext(1, CT, "1.2.840.10008.1.2.1")


class FakeLine:
    """Keeps what is said; runs spawned work when it is told to."""

    def __init__(self) -> None:
        self.responses: list[Response] = []
        self.waiting: list[Coroutine[object, object, None]] = []
        self.congestion: list[bool] = []

    def spawn(self, work: Work, name: str) -> None:
        assert name
        self.waiting.append(work())

    def respond(self, response: Response) -> bool:
        self.responses.append(response)
        return True

    def is_congested(self, *, is_so: bool) -> None:
        self.congestion.append(is_so)

    async def run(self) -> None:
        waiting, self.waiting = self.waiting, []
        for work in waiting:
            await work


def fragment(data: bytes, *, is_last: bool = True) -> DataSetFragment:
    return DataSetFragment(2, is_response=False, data=data, is_last=is_last)


@pytest.mark.parametrize("context", [CONTEXT, WITHOUT_ROLE], ids=["role agreed", "unanswered"])
async def test_an_object_is_answered_as_its_sink_says(context: PresentationContext) -> None:
    received, line = Received(DimseAnswer(0xB000, "coerced", (0x00100010,))), FakeLine()
    operations = SubOperations(line, received.begin, {CT})
    operations.requested(context, STORE)
    operations.fragment(fragment(b"ab", is_last=False))
    operations.fragment(fragment(b"cd"))
    assert not line.responses
    await line.run()
    (response,) = line.responses
    assert (response.status, response.error_comment) == (0xB000, "coerced")
    assert response.message_id_being_responded_to == 2
    assert response.offending_elements == (0x00100010,)
    assert received.objects == {"1.2.3": b"abcd"}


async def test_a_class_of_which_we_are_no_scp_is_refused_behind_its_data_set() -> None:
    received, line = Received(), FakeLine()
    operations = SubOperations(line, received.begin, {"1.2.3"})
    operations.requested(CONTEXT, STORE)
    operations.fragment(fragment(b"ab"))
    await line.run()
    assert [each.status for each in line.responses] == [0x0122]
    assert received.objects == {}


def test_a_congested_sink_pauses_the_socket_until_it_is_drained() -> None:
    received, line = Received(is_congested=True), FakeLine()
    operations = SubOperations(line, received.begin, {CT})
    operations.requested(CONTEXT, STORE)
    operations.fragment(fragment(b"ab", is_last=False))
    assert line.congestion == [True]
    received.drained()
    assert line.congestion == [True, False]


async def test_giving_up_keeps_nothing_and_answers_nothing() -> None:
    received, line = Received(), FakeLine()
    operations = SubOperations(line, received.begin, {CT})
    operations.requested(CONTEXT, STORE)
    operations.fragment(fragment(b"ab", is_last=False))
    operations.give_up("the connection is gone")
    operations.give_up("the connection is gone")
    await line.run()
    operations.fragment(fragment(b"cd"))
    assert received.aborted == ["the connection is gone"]
    assert (line.responses, line.waiting, received.objects) == ([], [], {})
