import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from pacsd.net.sending import Outcome
from pacsd.net.web_client import delivery
from pacsd.net.web_client.delivery import WebDelivery
from pacsd.net.web_client.errors import Broken, NoAnswerInTime, NotReached, Refused, WebError
from pacsd.net.web_client.storing import FileToStore
from tests.net.web_client.answering import Answer, Answering, answer, answering, asking, silent
from tests.net.web_client.test_storing import file_to_store, gone

WRONG = answer(b"", "", status=400)


def reference(uid: str) -> dict[str, object]:
    return {"00081155": {"vr": "UI", "Value": [uid]}}


def response(*uids: str, failed: Sequence[str] = (), status: int = 200, warning: str = "") -> bytes:
    sequences = {"00081199": uids, "00081198": failed}
    said = {
        tag: {"vr": "SQ", "Value": list(map(reference, named))}
        for tag, named in sequences.items()
        if named
    }
    return answer(json.dumps(said).encode(), status=status, Warning=warning)


class Run:
    """What is reported of a run."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self.groups = 0

    def report(self, file: FileToStore, outcome: Outcome) -> None:
        assert file.sop_instance_uid not in self.outcomes
        self.outcomes[file.sop_instance_uid] = outcome

    async def come(self, *groups: Sequence[FileToStore]) -> AsyncIterator[Sequence[FileToStore]]:
        for group in groups:
            self.groups += 1
            yield group

    @property
    def statuses(self) -> dict[str, int | None]:
        return {uid: outcome.status for uid, outcome in self.outcomes.items()}


async def deliver(
    served: Answering, run: Run, *groups: Sequence[FileToStore], at_once: int = 1
) -> None:
    async with asking(served) as session:
        await WebDelivery(session, run.report, at_once).run(run.come(*groups))


def files(*uids: str) -> list[FileToStore]:
    return [file_to_store(uid) for uid in uids]


async def test_several_in_a_request() -> None:
    run = Run()
    async with answering(response("1", "2", "3"), response("4")) as served:
        await deliver(served, run, files("1", "2", "3"), [], files("4"))
    assert run.statuses == dict.fromkeys("1234", 0)
    assert len(served.asked) == 2
    assert run.outcomes["1"].data_set_bytes == file_to_store("1").size_bytes
    assert run.outcomes["1"].transfer_syntax_uid == file_to_store("1").transfer_syntax_uid


@pytest.mark.parametrize(("name", "value"), [("MAX_FILES", 2), ("MAX_BYTES", 2 * 400)])
async def test_no_more_than_a_bound(monkeypatch: pytest.MonkeyPatch, name: str, value: int) -> None:
    monkeypatch.setattr(delivery, name, value)
    run, given = Run(), [file_to_store(uid, b"x" * 400) for uid in "12345"]
    async with answering(response("1", "2"), response("3", "4"), response("5")) as served:
        await deliver(served, run, given)
    assert run.statuses == dict.fromkeys("12345", 0)
    assert len(served.asked) == 3


async def test_the_same_uid_twice_is_asked_for_in_two_requests() -> None:
    reported: list[int | None] = []
    run = Run()
    async with (
        answering(response("1"), response(failed=["1"], status=409)) as served,
        asking(served) as session,
    ):
        sending = WebDelivery[FileToStore](
            session, lambda _, outcome: reported.append(outcome.status)
        )
        await sending.run(run.come(files("1", "1")))
    assert reported == [0, 0x0110]


async def test_what_a_server_cannot_take_fails_alone() -> None:
    run = Run()
    async with answering(WRONG, response("1"), WRONG, response("3")) as served:
        await deliver(served, run, files("1", "2", "3"))
    assert run.statuses == {"1": 0, "2": None, "3": 0}
    assert run.outcomes["2"].comment.startswith("HTTP 400 Bad Request")


async def test_what_the_server_says_of_failures_is_told_beside_their_status() -> None:
    """Statuses are by instance, the words of Warning headers of a request."""
    run = Run()
    some = response("1", failed=["2"], status=202, warning='299 a "no room", 299 a "too long"')
    alone = response(
        failed=["3"], status=409, warning='299 a "no\u202e room"'.encode().decode("latin-1")
    )
    async with answering(some, alone) as served:
        await deliver(served, run, files("1", "2"), files("3"))
    assert run.statuses == {"1": 0, "2": 0x0110, "3": 0x0110}
    comments = {uid: outcome.comment for uid, outcome in run.outcomes.items()}
    assert comments.pop("1") == ""
    assert comments.pop("2") == "of this request the server says: no room; too long"
    assert comments["3"].isascii()
    assert comments["3"].startswith("no\\")


async def test_what_the_server_says_where_all_is_stored_is_told() -> None:
    run = Run()
    some, alone = response("1", "2", warning='299 a "held"'), response("3", warning='299 a "held"')
    async with answering(some, alone, response("4")) as served:
        await deliver(served, run, files("1", "2"), files("3"), files("4"))
    assert run.statuses == dict.fromkeys("1234", 0)
    assert {uid: outcome.comment for uid, outcome in run.outcomes.items()} == {
        "1": "of this request the server says: held",
        "2": "of this request the server says: held",
        "3": "held",
        "4": "",
    }


async def test_what_cannot_be_read_fails_alone() -> None:
    run = Run()
    async with answering(response("1", "3")) as served:
        await deliver(served, run, [*files("1"), gone("2"), *files("3")])
        await deliver(served, run, [gone("4")])
    assert run.statuses == {"1": 0, "2": None, "3": 0, "4": None}
    assert run.outcomes["4"].comment == "No such file or directory"


async def test_what_an_answer_does_not_name_is_sent_again_by_itself() -> None:
    run = Run()
    async with answering(response("1"), response("9"), answer(b"{}")) as served:
        await deliver(served, run, files("1", "2", "3"))
    assert run.statuses == {"1": 0, "2": 0, "3": None}
    assert "does not say" in run.outcomes["3"].comment


async def test_what_is_too_large_together_goes_one_by_one_from_then_on() -> None:
    run = Run()
    too_large = answer(b"", "", status=413)
    async with answering(too_large, *map(response, "12345"[:2]), *map(response, "34")) as served:
        await deliver(served, run, files("1", "2"), files("3", "4"))
    assert run.statuses == dict.fromkeys("1234", 0)
    assert len(served.asked) == 5


@pytest.mark.parametrize("status", [301, 401, 403, 404, 406, 415])
async def test_w41_who_refuses_all_is_given_up(status: int) -> None:
    run = Run()
    refusing = answer(b"", "", status=status, Location="http://elsewhere.invalid/")
    async with answering(refusing) as served:
        with pytest.raises(Refused, match=f"HTTP {status}"):
            await deliver(served, run, files("1", "2"), files("3"))
    assert (run.statuses, run.groups, len(served.asked)) == ({}, 1, 1)


async def test_nobody_there() -> None:
    run = Run()
    async with answering() as served:
        pass
    with pytest.raises(NotReached):
        await deliver(served, run, files("1", "2"), files("3"), at_once=3)
    assert run.statuses == {}


@pytest.mark.parametrize(("said", "error"), [(b"", Broken), (WRONG, Refused)])
async def test_w41_who_never_answers_to_the_point_is_given_up(
    said: Answer, error: type[WebError]
) -> None:
    run, many = Run(), files(*map(str, range(30)))
    async with answering(said) as served:
        with pytest.raises(error):
            await deliver(served, run, many)
    assert set(run.statuses.values()) == {None}
    assert len(run.outcomes) == delivery.MAX_FRUITLESS


async def test_w41_who_says_nothing_is_not_asked_for_ever() -> None:
    run = Run()
    async with answering(silent) as served, asking(served, patience_s=0.2) as session:
        with pytest.raises(NoAnswerInTime):
            await WebDelivery(session, run.report, 1).run(run.come(files(*map(str, range(9)))))
    assert len(served.asked) <= delivery.MAX_SILENT + 1


async def test_a_connection_that_breaks_is_tried_again() -> None:
    run = Run()
    async with answering(b"", response("1")) as served:
        await deliver(served, run, files("1"))
    assert run.statuses == {"1": 0}


async def test_several_requests_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is answered when all are there."""
    monkeypatch.setattr(delivery, "MAX_FILES", 1)
    together = asyncio.Barrier(3)

    def act(uid: str) -> Callable[..., object]:
        async def answer_it(_: object, writer: asyncio.StreamWriter) -> None:
            await together.wait()
            writer.write(response(uid))

        return answer_it

    run = Run()
    async with answering(*map(act, "999")) as served:  # type: ignore[arg-type]
        await deliver(served, run, files("1", "2", "3"), at_once=3)
    assert run.statuses == dict.fromkeys("123", 0)
