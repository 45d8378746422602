import pytest

from pacsd.api.access import Restriction
from pacsd.api.vote import Deny
from pacsd.archive.sight import Sight, sight_of
from pacsd.dicom.status import Status
from pacsd.net.finding import IdentifierSink
from pacsd.net.guarded_sink import GuardedSink
from pacsd.net.storage import DimseAnswer
from pacsd.ul.pdu import Buffer


class Sink:
    is_congested = True

    def __init__(self) -> None:
        self.calls: list[object] = []

    def write(self, data: Buffer) -> None:
        self.calls.append(bytes(data))

    async def finish(self) -> DimseAnswer:
        self.calls.append("finish")
        return DimseAnswer(Status.SUCCESS)

    async def abort(self, reason: str) -> None:
        self.calls.append(reason)

    def cancel(self) -> None:
        self.calls.append("cancel")


async def allowed() -> None:
    """Nobody objects."""


async def denied() -> Deny:
    return Deny("secret reason")


async def test_what_is_allowed_is_performed() -> None:
    sink = Sink()
    guarded = GuardedSink(sink, allowed)
    guarded.write(b"ab")
    assert guarded.is_congested
    guarded.cancel()
    assert (await guarded.finish()).status == Status.SUCCESS
    assert sink.calls == [b"ab", "cancel", "finish"]


async def test_what_is_not_allowed_is_not_begun() -> None:
    sink = Sink()
    guarded = GuardedSink(sink, denied)
    guarded.write(b"ab")
    answer = await guarded.finish()
    assert answer.status == Status.NOT_AUTHORIZED
    assert "secret" not in answer.comment
    assert sink.calls == [b"ab", "it is not allowed"]


@pytest.mark.parametrize("denial", [allowed, denied])
async def test_given_up_it_is_not_asked_about(denial: object) -> None:
    sink = Sink()
    await GuardedSink(sink, denial).abort("gone")  # type: ignore[arg-type] # either will do
    assert sink.calls == ["gone"]


class Looks(IdentifierSink):
    async def finish(self) -> DimseAnswer:
        assert self.sight == HALF
        return DimseAnswer(Status.SUCCESS)


HALF = sight_of([Restriction({"PatientID": ("1",)})])


async def half() -> Sight:
    return HALF


async def nobody_knows() -> None:
    """What it sees cannot be told."""


async def test_who_looks_sees_what_it_may_see() -> None:
    assert (await GuardedSink(Looks(), None, half).finish()).status == Status.SUCCESS
    assert (await GuardedSink(Looks(), allowed, half).finish()).status == Status.SUCCESS
    for guarded in (GuardedSink(Looks(), None, nobody_knows), GuardedSink(Looks(), denied, half)):
        assert (await guarded.finish()).status == Status.NOT_AUTHORIZED


async def test_who_stores_needs_to_see_nothing() -> None:
    assert (await GuardedSink(Sink(), None, nobody_knows).finish()).status == Status.SUCCESS
