import pytest

from pacsd.api.vote import Deny
from pacsd.dicom.status import Status
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
