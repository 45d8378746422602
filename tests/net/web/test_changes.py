"""The change feed over a real listener: pages, waited for, and as server-sent events."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import orjson
import pytest
from aiohttp import ClientResponse
from sqlalchemy import insert

from pacsd.api.access import (
    AccessRequest,
    Login,
    NotRecognized,
    Principal,
    Restriction,
    SightRequest,
)
from pacsd.api.vote import Deny
from pacsd.archive.sight import EVERYTHING, Sight, sight_of
from pacsd.index import schema_records
from pacsd.index.records import Scope
from pacsd.net.http_connection import Connection, HttpLimits
from pacsd.net.permissions import Logins, Permissions, Sights
from pacsd.net.web.changes import FeedPace
from pacsd.net.web.desk import Terms
from pacsd.net.web.guard import Guard
from pacsd.testing.objects import data_set
from tests.index.made import new
from tests.net.test_http import read_to_end
from tests.net.web.serving import (
    RELATED,
    SERIES,
    STUDY,
    UID,
    Answer,
    Made,
    Served,
    image,
    part10,
    payload,
    serving,
)

PATIENCE_S = 15
"""Only how long what is broken is waited for."""

EVENTS = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Told:
    """An event, or (without a name) a position or a comment."""

    id: str = ""
    event: str = ""
    data: bytes = b""

    @property
    def json(self) -> Any:
        return orjson.loads(self.data)


class Stream:
    """A stream of events as it comes."""

    def __init__(self, answer: ClientResponse) -> None:
        self.answer = answer

    async def blocks(self) -> AsyncIterator[Mapping[str, bytes]]:
        """The fields of each block, whatever it is."""
        block: dict[str, bytes] = {}
        async for line in self.answer.content:
            if line == b"\n":
                yield block
                block = {}
                continue
            name, _, value = line.rstrip(b"\n").partition(b":")
            block[name.decode()] = value.strip()

    async def next(self) -> Mapping[str, bytes]:
        """The next block."""
        with anyio.fail_after(PATIENCE_S):
            return await anext(self.blocks())

    async def event(self) -> Told:
        """The next event."""
        with anyio.fail_after(PATIENCE_S):
            async for block in self.blocks():
                if "data" in block:
                    return Told(block["id"].decode(), block["event"].decode(), block["data"])
        raise EOFError

    async def end(self) -> bytes:
        """What is left, to an end that was meant to be one."""
        with anyio.fail_after(PATIENCE_S):
            return await self.answer.content.read()


@asynccontextmanager
async def streaming(
    served: Served, query: str = "", last_event_id: str | None = None
) -> AsyncIterator[Stream]:
    headers = {"Accept": EVENTS}
    if last_event_id is not None:
        headers["Last-Event-ID"] = last_event_id
    async with served.client.get(f"{served.root}/changes{query}", headers=headers) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, EVENTS)
        yield Stream(answer)


async def store(served: Served, uid: str = UID) -> None:
    """STOW-RS, as a client does."""
    answer = await served.ask(
        "POST",
        "/studies",
        headers={"Content_Type": RELATED},
        data=payload(part10(image(uid=uid), uid)),
    )
    assert answer.status == 200, answer.body


async def readers(served: Served, count: int) -> None:
    """Return once so many wait."""
    with anyio.fail_after(PATIENCE_S):
        while served.feed.readers != count:
            await served.get("/changes?since=last")


async def forgotten(served: Served, number: int) -> None:
    put = insert(schema_records.meta).values(key=schema_records.FORGOTTEN, value=str(number))
    await served.index._threads.write(lambda session: session.connection.execute(put))


async def test_a_page_says_what_happened(served: Served) -> None:
    await store(served)
    await served.index.instances.delete(Scope(), [UID], "test")
    answer = await served.get("/changes")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    stored, deleted = answer.json["changes"]
    about = {
        "study_instance_uid": STUDY,
        "series_instance_uid": SERIES,
        "sop_instance_uid": UID,
        "instance": stored["instance"],
    }
    at = "1970-01-01T00:00:00.000000Z"
    assert stored == {"number": stored["number"], "kind": "stored", "at": at, **about}
    assert deleted == {"number": deleted["number"], "kind": "deleted", "at": at, **about}
    assert answer.json["last"] == deleted["number"] > stored["number"]
    assert answer.json["more"] is False
    assert set(answer.json) == {"epoch", "changes", "last", "more"}


async def test_who_goes_on_behind_the_last_misses_none(served: Served) -> None:
    uids = [f"1.2.3.{number}" for number in range(5)]
    for uid in uids:
        await served.add(image(uid=uid), uid)
    found: list[str] = []
    asked, more = "since=0", True
    while more:
        page = (await served.get(f"/changes?limit=2&{asked}")).json
        found += [each["sop_instance_uid"] for each in page["changes"]]
        asked, more = f"epoch={page['epoch']}&since={page['last']}", page["more"]
    assert found == uids
    assert (await served.get(f"/changes?{asked}")).json["changes"] == []


async def test_nothing_has_happened_yet(served: Served) -> None:
    for query in ("", "?since=0", "?since=last"):
        page = (await served.get(f"/changes{query}")).json
        assert (page["changes"], page["last"], page["more"]) == ([], 0, False)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("since=1", "since: '1' is beyond the last change, which is 0"),
        ("since=x", "since: 'x' is no whole number"),
        ("limit=0", "limit: '0'"),
        ("wait=61", "wait: '61'"),
        ("since=1&wait=60", "since: '1' is beyond"),
    ],
)
async def test_what_cannot_be_asked_for(served: Served, query: str, why: str) -> None:
    answer = await served.get(f"/changes?{query}")
    assert answer.status == 400
    assert answer.why.startswith(why)


@pytest.mark.parametrize("accept", [EVENTS, "application/json"])
async def test_another_epoch_is_gone(served: Served, accept: str) -> None:
    await served.add(image())
    page = (await served.get("/changes")).json
    answer = await served.get("/changes?epoch=f00&since=0&wait=60", accept)
    assert (answer.status, answer.headers["Content-Type"]) == (410, "application/json")
    assert answer.json == {
        "error": f"epoch: 'f00' is not the epoch of the change log, which is {page['epoch']}",
        "epoch": page["epoch"],
        "oldest": 0,
        "last": page["last"],
    }


@pytest.mark.parametrize("accept", [EVENTS, "application/json"])
async def test_what_is_not_kept_any_more_is_gone(served: Served, accept: str) -> None:
    await served.add(image())
    last = (await served.get("/changes")).json["last"]
    await forgotten(served, last)
    answer = await served.get("/changes", accept)
    assert (answer.status, answer.json["oldest"], answer.json["last"]) == (410, last, last)
    assert answer.why == f"since: '0' is before {last}: changes up to it are not kept"
    assert (await served.get(f"/changes?since={last}")).status == 200


async def waited_for(served: Served, query: str, then: Callable[[], Awaitable[None]]) -> Answer:
    """The answer to who waits, given what happens then."""
    answers: list[Answer] = []

    async def ask() -> None:
        answers.append(await served.get(f"/changes?{query}"))

    with anyio.fail_after(PATIENCE_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            await readers(served, 1)
            await then()
    assert served.feed.readers == 0
    return answers[0]


async def test_a_long_poll_is_answered_by_a_store(served: Served) -> None:
    answer = await waited_for(served, "since=last&wait=60", lambda: store(served))
    (change,) = answer.json["changes"]
    assert (change["kind"], change["sop_instance_uid"]) == ("stored", UID)
    assert answer.json["last"] == change["number"]


async def test_a_long_poll_is_answered_by_a_deletion(served: Served) -> None:
    await store(served)
    page = (await served.get("/changes")).json

    async def delete() -> None:
        await served.index.instances.delete(Scope(), [UID], "test")

    query = f"epoch={page['epoch']}&since={page['last']}&wait=60"
    (change,) = (await waited_for(served, query, delete)).json["changes"]
    assert (change["kind"], change["sop_instance_uid"]) == ("deleted", UID)


async def test_what_there_is_is_not_waited_for(served: Served) -> None:
    await served.add(image())
    with anyio.fail_after(PATIENCE_S):
        answer = await served.get("/changes?wait=60")
    assert len(answer.json["changes"]) == 1


async def test_a_long_poll_ends_when_its_time_has_passed(served: Served) -> None:
    with anyio.fail_after(PATIENCE_S):
        answer = await served.get("/changes?since=last&wait=1")
    assert (answer.status, answer.json["changes"], answer.json["last"]) == (200, [], 0)


async def test_a_long_poll_ends_with_the_feed(served: Served) -> None:
    async def end() -> None:
        served.feed.end()

    answer = await waited_for(served, "wait=60", end)
    assert (answer.status, answer.json["changes"]) == (200, [])
    with anyio.fail_after(PATIENCE_S):
        assert (await served.get("/changes?wait=60")).status == 200


@pytest.mark.parametrize("accept", [EVENTS, "*/*"])
async def test_a_connection_is_kept_while_one_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accept: str
) -> None:
    enough = anyio.Event()
    signs: list[Connection] = []
    alive = Connection.alive

    def counted(connection: Connection) -> None:
        alive(connection)
        signs.append(connection)
        if len(signs) == 50:
            enough.set()

    async with serving(tmp_path, made=Made(pace=FeedPace(heartbeat_s=0.001))) as served:
        monkeypatch.setattr(Connection, "alive", counted)
        with anyio.fail_after(PATIENCE_S):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(served.get, "/changes?wait=60", accept)
                await enough.wait()
                served.feed.end()
    assert len(set(signs)) == 1


async def test_head_does_not_wait(served: Served) -> None:
    with anyio.fail_after(PATIENCE_S):
        for accept, content_type in ((EVENTS, EVENTS), ("*/*", "application/json")):
            answer = await served.ask("HEAD", "/changes?wait=60", accept)
            assert (answer.status, answer.body) == (200, b"")
            assert answer.headers["Content-Type"] == content_type


async def test_events_come_as_it_happens(tmp_path: Path) -> None:
    async with serving(tmp_path, made=Made(pace=FeedPace(rest_s=0.0))) as served:
        await store(served)
        async with streaming(served) as stream:
            assert await stream.next() == {"retry": b"1000"}
            first = await stream.event()
            await store(served, "1.2.3.5")
            second = await stream.event()
            await served.index.instances.delete(Scope(), [UID], "test")
            third = await stream.event()
        page = (await served.get("/changes")).json
        assert [each.json for each in (first, second, third)] == page["changes"]
        assert [each.event for each in (first, second, third)] == ["stored", "stored", "deleted"]
        numbers = [each["number"] for each in page["changes"]]
        ids = [each.id for each in (first, second, third)]
        assert ids == [f"{page['epoch']}:{number}" for number in numbers]
        await readers(served, 0)


async def test_a_reader_that_comes_back_goes_on_where_it_was(served: Served) -> None:
    await store(served)
    async with streaming(served) as stream:
        first = await stream.event()
    await store(served, "1.2.3.5")
    await store(served, "1.2.3.6")
    # As a browser does: the same URL, whatever it says, and what it has seen.
    async with streaming(served, "?since=0", first.id) as stream:
        found = [(await stream.event()).json["sop_instance_uid"] for _ in range(2)]
    assert found == ["1.2.3.5", "1.2.3.6"]


async def test_who_has_seen_no_event_yet_can_come_back_as_well(served: Served) -> None:
    await store(served)
    async with streaming(served, "?since=last") as stream:
        assert await stream.next() == {"retry": b"1000"}
        position = (await stream.next())["id"].decode()
    await store(served, "1.2.3.5")
    async with streaming(served, "?since=last", position) as stream:
        assert (await stream.event()).json["sop_instance_uid"] == "1.2.3.5"


async def test_many_events_are_read_in_pages(served: Served) -> None:
    uids = [f"1.2.3.{number}" for number in range(7)]
    for uid in uids:
        await served.add(image(uid=uid), uid)
    async with streaming(served, "?limit=2") as stream:
        assert [(await stream.event()).json["sop_instance_uid"] for _ in uids] == uids


@pytest.mark.parametrize(
    ("last_event_id", "status", "why"),
    [
        ("f00:0", 410, "Last-Event-ID: 'f00:0' is not the epoch of the change log"),
        ("17", 400, "Last-Event-ID: '17' is not EPOCH:NUMBER"),
        ("{epoch}:99", 400, "Last-Event-ID: '{epoch}:99' is beyond the last change"),
    ],
)
async def test_who_cannot_go_on_is_told(
    served: Served, last_event_id: str, status: int, why: str
) -> None:
    epoch = (await served.get("/changes")).json["epoch"]
    given = last_event_id.format(epoch=epoch)
    answer = await served.get("/changes", EVENTS, Last_Event_ID=given)
    assert answer.status == status
    assert answer.why.startswith(why.format(epoch=epoch))
    # It is a matter of streams alone.
    assert (await served.get("/changes", None, Last_Event_ID=given)).status == 200


async def test_silence_is_broken_by_comments(tmp_path: Path) -> None:
    made = Made(pace=FeedPace(heartbeat_s=0.01, rest_s=0.0))
    async with serving(tmp_path, made=made) as served, streaming(served) as stream:
        with anyio.fail_after(PATIENCE_S):
            blocks = [await stream.next() for _ in range(52)]
        assert blocks[2:] == [{"": b""}] * 50
        await store(served)
        assert (await stream.event()).event == "stored"


async def test_a_stream_ends_by_itself_and_is_whole(tmp_path: Path) -> None:
    made = Made(pace=FeedPace(heartbeat_s=0.01, stream_s=0.0))
    async with serving(tmp_path, made=made) as served:
        await store(served)
        async with streaming(served) as stream:
            assert b"event: stored" in await stream.end()
        await readers(served, 0)


async def test_a_stream_ends_with_the_feed(served: Served) -> None:
    await store(served)
    async with streaming(served) as stream:
        await stream.event()
        served.feed.end()
        assert await stream.end() == b""
    await readers(served, 0)


async def test_a_reader_that_is_overtaken_comes_back_to_be_told(tmp_path: Path) -> None:
    async with serving(tmp_path, made=Made(pace=FeedPace(rest_s=0.0))) as served:
        await store(served)
        async with streaming(served) as stream:
            seen = await stream.event()
            await forgotten(served, 1_000_000)
            await store(served, "1.2.3.5")
            assert await stream.end() == b""
        answer = await served.get("/changes", EVENTS, Last_Event_ID=seen.id)
        assert answer.status == 410


async def test_w25_too_many_wait(tmp_path: Path) -> None:
    async with serving(tmp_path, Terms(max_requests=1), max_change_readers=1) as served:
        async with streaming(served) as stream:
            await stream.next()
            for query, accept in (("", EVENTS), ("?wait=60", None)):
                answer = await served.get(f"/changes{query}", accept)
                assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
                assert "dicomweb.max_change_readers" in answer.why
            # Who does not wait is answered, and all other requests are.
            assert (await served.get("/changes")).status == 200
            assert (await served.get("/studies")).status == 200
        await readers(served, 0)
        async with streaming(served) as stream:
            await stream.next()


@pytest.mark.parametrize("head", ["", f"Accept: {EVENTS}\r\n"])
async def test_w25_who_goes_away_frees_his_place(served: Served, head: str) -> None:
    _, writer = await asyncio.open_connection(served.address.host, served.address.port)
    asked = f"GET /dicomweb/changes?wait=60 HTTP/1.1\r\nHost: localhost\r\n{head}\r\n"
    writer.write(asked.encode())
    await readers(served, 1)
    writer.transport.abort()
    await readers(served, 0)


@pytest.mark.timeout(60)
async def test_w25_who_reads_nothing_is_cut_off(tmp_path: Path) -> None:
    """Nothing is read for it beyond what the sockets hold, which is less than there is."""
    async with serving(tmp_path, http=HttpLimits(next_request_timeout_s=1.0)) as served:
        for group in range(12):
            names = (f"2.25.{group}.{number}".ljust(64, "7") for number in range(1_000))
            await served.index.add([new(name, study="1" * 64, series="2" * 64) for name in names])
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(
            client, (served.address.host, served.address.port)
        )
        reader, writer = await asyncio.open_connection(sock=client)
        asked = (
            "GET /dicomweb/changes?limit=1000 HTTP/1.1\r\nHost: localhost\r\n"
            f"Accept: {EVENTS}\r\n\r\n"
        )
        writer.write(asked.encode())
        assert b" 200 " in await reader.readline()
        await readers(served, 0)
        with anyio.fail_after(PATIENCE_S):
            received = await read_to_end(reader)
        assert 0 < received.count(b"event: stored") < 12_000
        writer.close()


async def test_pages_of_others_read_it_if_they_may(tmp_path: Path) -> None:
    origin = "https://viewer.example"
    async with serving(tmp_path, Terms(cors_origins=(origin,))) as served:
        for query in ("", "?since=9", "?epoch=f00"):
            answer = await served.get(f"/changes{query}", Origin=origin)
            assert answer.headers["Access-Control-Allow-Origin"] == origin
        preflight = await served.ask("OPTIONS", "/changes", headers={"Origin": origin})
        assert "Last-Event-ID" in preflight.headers["Access-Control-Allow-Headers"]
        async with served.client.get(
            f"{served.root}/changes", headers={"Accept": EVENTS, "Origin": origin}
        ) as stream:
            assert stream.headers["Access-Control-Allow-Origin"] == origin
            assert stream.headers["Cache-Control"] == "no-store"


async def test_other_representations_there_are_none(served: Served) -> None:
    answer = await served.get("/changes", "application/dicom+json")
    assert answer.status == 406
    assert (await served.get("/changes?accept=application/json", EVENTS)).status == 200


async def test_without_an_index_nothing_is_told(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        await served.index._threads.close()
        for accept in (EVENTS, "*/*"):
            assert (await served.get("/changes?wait=60", accept)).status == 503


class House:
    """Lets follow and see until it is told otherwise; remembers as the daemon does."""

    def __init__(self) -> None:
        self.knows = self.allows = True
        self.sight = EVERYTHING
        self.guard = Guard(
            Logins(lambda: self.authenticate, lambda: 0.0),
            Permissions(lambda: self.authorize, lambda: 0.0),
            Sights(lambda: self.restrict, lambda: 0.0),
        )
        self.terms = Terms(guard=self.guard)

    async def authenticate(self, _: Login) -> Principal | NotRecognized:
        return Principal("doe") if self.knows else NotRecognized("over")

    async def authorize(self, request: AccessRequest) -> Deny | None:
        is_allowed = self.allows or request.action != "follow changes"
        return None if is_allowed else Deny("over")

    async def restrict(self, _: SightRequest) -> Sight | None:
        return self.sight

    def changes(self, what: str) -> None:
        """From now on it knows nobody, allows nothing, or shows patient 2."""
        self.knows, self.allows = what != "login", what != "permission"
        if what == "sight":
            self.sight = sight_of([Restriction({"PatientID": ("2",)})])
        self.guard.forget()


DOE = {"Authorization": "Bearer doe"}


@pytest.mark.parametrize("what", ["login", "permission"])
@pytest.mark.parametrize("happens", [True, False], ids=["a change", "nothing"])
async def test_a_stream_ends_when_it_is_not_allowed_any_more(
    tmp_path: Path, what: str, *, happens: bool
) -> None:
    house, made = House(), Made(pace=FeedPace(heartbeat_s=0.01, rest_s=0.0))
    async with serving(tmp_path, house.terms, made=made) as served:
        await served.add(image())
        headers = {"Accept": EVENTS, **DOE}
        async with served.client.get(f"{served.root}/changes", headers=headers) as answer:
            stream = Stream(answer)
            assert (await stream.event()).event == "stored"
            house.changes(what)
            if happens:
                await served.add(image(uid="1.2.3.5"), "1.2.3.5")
            assert b"event:" not in await stream.end()


async def test_a_stream_tells_nothing_that_is_not_seen_any_more(tmp_path: Path) -> None:
    house, made = House(), Made(pace=FeedPace(heartbeat_s=60.0, rest_s=0.0))
    async with serving(tmp_path, house.terms, made=made) as served:
        await served.add(image())
        headers = {"Accept": EVENTS, **DOE}
        async with served.client.get(f"{served.root}/changes", headers=headers) as answer:
            stream = Stream(answer)
            assert (await stream.event()).json["sop_instance_uid"] == UID
            house.changes("sight")
            await served.add(image(uid="1.2.3.5"), "1.2.3.5")
            other = {"PatientID": "2", "StudyInstanceUID": "1.2.4", "SeriesInstanceUID": "1.2.4.1"}
            await served.add(data_set({**other, "SOPInstanceUID": "1.2.4.5"}), "1.2.4.5")
            assert (await stream.event()).json["sop_instance_uid"] == "1.2.4.5"


@pytest.mark.parametrize(("what", "status"), [("login", 401), ("permission", 403), ("sight", 200)])
async def test_who_waits_is_asked_about_before_it_is_answered(
    tmp_path: Path, what: str, status: int
) -> None:
    house, answers = House(), []
    async with serving(tmp_path, house.terms) as served:

        async def ask() -> None:
            answers.append(await served.get("/changes?wait=2", **DOE))

        with anyio.fail_after(PATIENCE_S):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ask)
                while served.feed.readers != 1:
                    await served.get("/changes", **DOE)
                house.changes(what)
                await served.add(image())
    [answer] = answers
    assert answer.status == status
    assert UID.encode() not in answer.body
