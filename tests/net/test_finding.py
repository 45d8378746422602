"""C-FIND as SCP, on a line that is not a socket."""

import threading
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest

from pacsd.archive.finding import IndexUnavailable, Match, TooCostly, TooManyMatches
from pacsd.archive.shown_results import NotTold
from pacsd.archive.sight import EVERYTHING, Sight
from pacsd.dicom.identifier import Asked, Manner, read_query
from pacsd.dicom.identifier_bounds import MAX_IDENTIFIER_BYTES
from pacsd.dicom.level import Level
from pacsd.dicom.query import Query, Values
from pacsd.dicom.status import Status
from pacsd.dicom.vr import VR
from pacsd.dimse.commands import CFindRQ
from pacsd.net.errors import ConnectionLost
from pacsd.net.finding import RESPONSES_AT_ONCE, Finds, begin_find, manner_of
from pacsd.net.query_retrieve_scu import QueryModel, find
from pacsd.net.scp import AcceptedAssociation
from pacsd.net.scu import Destination, open_association, propose
from pacsd.net.storage import Caller, DataSetSink, DimseAnswer
from pacsd.ul.negotiation import PresentationContext
from pacsd.ul.pdu import Buffer
from tests.dicom.by_pydicom import decoded, encoded, keys
from tests.dicom.written import EXPLICIT, IMPLICIT
from tests.net.harness import FakeFinder, Setup, serving
from tests.net.test_performer import FakeLine

STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY, NAME = 0x0020000D, 0x00100010
REQUEST = CFindRQ(message_id=7, affected_sop_class_uid=STUDY_ROOT_FIND)
CONTEXT = PresentationContext(1, STUDY_ROOT_FIND, EXPLICIT.uid)
IN_IMPLICIT = PresentationContext(1, STUDY_ROOT_FIND, IMPLICIT.uid)
ASKED = keys(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2", PatientName="")
FOUND: Match = {STUDY: "1.2", NAME: "Smith^John"}


class Failing(FakeFinder):
    """Fails after a first page."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def find(
        self, query: Query, zone_minutes: int | None = None, *, sight: Sight = EVERYTHING
    ) -> AsyncGenerator[Sequence[Match], None]:
        assert query.level is Level.STUDY
        assert zone_minutes is None
        assert not sight.is_restricted
        yield [FOUND]
        raise self._error


class Conversation:
    """One C-FIND over a fake line."""

    def __init__(
        self,
        finder: Finds,
        caller: Caller | None = None,
        context: PresentationContext = CONTEXT,
    ) -> None:
        self.line = FakeLine()
        caller = caller or Caller("T", "PACSD", "192.0.2.1")
        self.sink: DataSetSink = begin_find(finder, context, REQUEST, caller, self.line)

    async def ask(self, identifier: bytes) -> DimseAnswer:
        self.sink.write(identifier[:9])
        self.sink.write(identifier[9:])
        return await self.sink.finish()


async def test_each_match_is_a_pending_response_with_who_retrieves_it() -> None:
    finder = FakeFinder([FOUND], [FOUND, FOUND])
    talk = Conversation(finder)
    answer = await talk.ask(encoded(ASKED, EXPLICIT))
    assert answer == DimseAnswer(Status.SUCCESS)
    assert [each.status for each in talk.line.responses] == [Status.PENDING] * 3
    told = decoded(talk.line.data_sets[0] or b"", EXPLICIT)
    assert (told.StudyInstanceUID, told.PatientName) == ("1.2", "Smith^John")
    assert (told.QueryRetrieveLevel, told.RetrieveAETitle) == ("STUDY", "PACSD")
    assert [each.conditions for each in finder.asked] == [(Values(STUDY, VR.UI, ("1.2",)),)]


async def test_keys_that_are_not_supported_are_told_by_the_status() -> None:
    talk = Conversation(FakeFinder([FOUND]))
    await talk.ask(encoded(keys(QueryRetrieveLevel="STUDY", Rows=""), EXPLICIT))
    assert [each.status for each in talk.line.responses] == [Status.PENDING_WARNING]


async def test_what_says_how_and_where_is_no_unsupported_key() -> None:
    talk = Conversation(FakeFinder([FOUND]))
    asked = keys(
        QueryRetrieveLevel="STUDY",
        SpecificCharacterSet="ISO_IR 100",
        RetrieveAETitle="",
        InstanceAvailability="",
    )
    await talk.ask(encoded(asked, EXPLICIT))
    assert [each.status for each in talk.line.responses] == [Status.PENDING]
    told = decoded(talk.line.data_sets[0] or b"", EXPLICIT)
    assert (told.InstanceAvailability, told.SpecificCharacterSet) == ("ONLINE", "ISO_IR 100")


async def test_many_answers_are_written_a_few_at_a_time() -> None:
    talk = Conversation(FakeFinder([FOUND] * (3 * RESPONSES_AT_ONCE)))
    await talk.ask(encoded(ASKED, EXPLICIT))
    assert len(talk.line.responses) == 3 * RESPONSES_AT_ONCE
    assert talk.line.flushes == 3


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TooManyMatches("more than 1"), Status.OUT_OF_RESOURCES),
        (TooCostly("more than 1 s"), Status.OUT_OF_RESOURCES),
        (IndexUnavailable("index is locked"), Status.UNABLE_TO_PROCESS),
        (NotTold("try again"), Status.UNABLE_TO_PROCESS),
        (ConnectionLost("gone"), Status.CANCEL),
    ],
)
async def test_d40_what_ends_a_query_early(error: Exception, status: Status) -> None:
    talk = Conversation(Failing(error))
    answer = await talk.ask(encoded(ASKED, EXPLICIT))
    assert answer.status == status
    assert len(talk.line.responses) == 1


async def test_d41_an_identifier_that_asks_for_nothing_names_what_is_wrong() -> None:
    talk = Conversation(FakeFinder([FOUND]))
    answer = await talk.ask(encoded(keys(QueryRetrieveLevel="SERIES"), EXPLICIT))
    assert (answer.status, answer.offending) == (Status.DATA_SET_MISMATCH, (STUDY,))
    assert talk.line.responses == []


async def test_d40_a_long_identifier_is_not_read_on_the_event_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads: list[int] = []

    def noted(*args: Any) -> Asked:
        threads.append(threading.get_ident())
        return read_query(*args)

    monkeypatch.setattr("pacsd.net.finding.read_query", noted)
    finder = FakeFinder([FOUND])
    for count in (1, 9_000):
        uids = [f"1.2.{number}" for number in range(count)]
        identifier = encoded(keys(QueryRetrieveLevel="STUDY", StudyInstanceUID=uids), IMPLICIT)
        assert (await Conversation(finder, context=IN_IMPLICIT).ask(identifier)).status == 0
    assert threads[0] == threading.get_ident() != threads[1]


async def test_an_identifier_has_a_bound() -> None:
    talk = Conversation(FakeFinder([FOUND]))
    for _ in range(5):
        talk.sink.write(bytes(MAX_IDENTIFIER_BYTES // 4))
    assert not talk.sink.is_congested
    assert (await talk.sink.finish()).status == Status.DATA_SET_MISMATCH
    await talk.sink.abort("nothing was begun")


async def test_d43_a_cancelled_query_ends_with_cancel() -> None:
    talk = Conversation(FakeFinder([FOUND], [FOUND]))
    talk.sink.cancel()
    assert (await talk.ask(encoded(ASKED, EXPLICIT))).status == Status.CANCEL
    assert talk.line.responses == []


async def test_another_sop_class_than_the_contexts_is_refused() -> None:
    other = CFindRQ(message_id=7, affected_sop_class_uid="1.2.840.10008.5.1.4.31")
    sink = begin_find(FakeFinder(), CONTEXT, other, Caller("T", "P", ""), FakeLine())
    sink.write(b"")
    assert (await sink.finish()).status == Status.SOP_CLASS_NOT_SUPPORTED


def test_what_was_negotiated_says_how_keys_are_matched() -> None:
    assert manner_of(b"", names_are_exact=True) == Manner(names_are_exact=True)
    agreed = Manner(is_relational=True, is_fuzzy=True)
    assert manner_of(b"\1\0\1\0\1", names_are_exact=False) == agreed


async def test_a_match_and_the_final_response_are_one_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To wake the peer for each costs more than to find."""
    writes: list[int] = []
    write = AcceptedAssociation.wrote

    def wrote(self: AcceptedAssociation, out: Sequence[Buffer]) -> None:
        writes.append(sum(map(len, out)))
        write(self, out)

    setup = Setup(finder=FakeFinder([FOUND]))
    async with serving(setup) as served:
        destination = Destination(served.endpoint, "PACSD", "ASKING")
        association = await open_association(destination, propose((QueryModel.STUDY_ROOT.find,)))
        with monkeypatch.context() as patched:
            patched.setattr(AcceptedAssociation, "wrote", wrote)
            asked = encoded(ASKED, EXPLICIT)
            found = [each async for each in find(association, QueryModel.STUDY_ROOT, asked)]
        await association.release()
    assert len(found) == 1
    assert len(writes) == 1


@pytest.mark.parametrize(
    ("charset", "name", "declared"),
    [
        ("", "D^J", None),
        ("ISO_IR 100", "M\u00fcller", "ISO_IR 100"),
        ("", "\u5c71^\u592a", "ISO_IR 192"),
    ],
)
async def test_what_is_told_has_the_last_word(
    charset: str, name: str, declared: str | None
) -> None:
    async def tell(query: Query, matches: Sequence[Match]) -> Sequence[Match]:
        assert query.level is Level.STUDY
        return [{**each, NAME: name, 0x00280010: "512"} for each in matches]

    line = FakeLine()
    caller = Caller("T", "PACSD", "192.0.2.1")
    sink = begin_find(FakeFinder([FOUND]), CONTEXT, REQUEST, caller, line, tell)
    charset_keys = {"SpecificCharacterSet": charset} if charset else {}
    asked = keys(QueryRetrieveLevel="STUDY", StudyInstanceUID="", PatientName="", **charset_keys)
    sink.write(encoded(asked, EXPLICIT))
    assert (await sink.finish()).status == Status.SUCCESS
    told = decoded(line.data_sets[0] or b"", EXPLICIT)
    assert (str(told.PatientName), told.get("SpecificCharacterSet")) == (name, declared)
    assert "Rows" not in told  # nobody asked for it


async def test_p04_what_fails_later_ends_it_after_what_was_told() -> None:
    async def tell(_: Query, matches: Sequence[Match]) -> Sequence[Match]:
        if matches[0][STUDY] == "1.3":
            raise NotTold("what was found cannot be told now: try again")
        return matches

    line = FakeLine()
    finder = FakeFinder([FOUND], [{**FOUND, STUDY: "1.3"}])
    sink = begin_find(finder, CONTEXT, REQUEST, Caller("T", "PACSD", "192.0.2.1"), line, tell)
    sink.write(encoded(ASKED, EXPLICIT))
    answer = await sink.finish()
    assert (answer.status, answer.comment) == (
        Status.UNABLE_TO_PROCESS,
        "what was found cannot be told now: try again",
    )
    assert [each.status for each in line.responses] == [Status.PENDING]
