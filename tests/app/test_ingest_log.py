from typing import Any

import anyio
import pytest
from structlog.testing import capture_logs

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.reception import Reception
from pacsd.api.store import Location
from pacsd.app import ingest_log
from pacsd.app.ingest_log import IngestLog, tell_repair_not_logged
from pacsd.archive.instance import IngestOutcome
from pacsd.archive.observer import Concern
from pacsd.archive.retrievable import Retrievable
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.records import Outcome

RECEPTION = Reception(1, "CT1", "PACSD", "192.0.2.7", 1, "dimse")
EIO = StoreError(StoreFault.INPUT_OUTPUT, "fsync of a file: EIO")
ENOSPC = StoreError(StoreFault.NO_SPACE, "write: ENOSPC")
LOW = Concern("near the mark", "store has 199 bytes free, less than 200", is_refusal=False)
FULL = Concern("below the mark", "store has 99 bytes free, less than 100", is_refusal=True)


class Clock:
    now_s = 5.0

    def __call__(self) -> float:
        return self.now_s


def test_a_fault_is_logged_with_its_explanation_and_who_called_whom() -> None:
    with capture_logs() as captured:
        IngestLog().not_stored(RECEPTION, EIO)
    assert captured == [
        {
            "event": "an object was not stored",
            "log_level": "error",
            "fault": "input/output error",
            "explanation": "fsync of a file: EIO",
            "calling_ae": "CT1",
            "called_ae": "PACSD",
            "more_like_this_not_logged": 0,
        }
    ]


def test_each_fault_has_one_line_a_second_and_counts_the_others() -> None:
    clock = Clock()
    log = IngestLog(now_s=clock)
    with capture_logs() as captured:
        for error in (EIO, EIO, ENOSPC, EIO):
            log.not_stored(RECEPTION, error)
        clock.now_s += 1
        log.not_stored(RECEPTION, EIO)
    told = [(line["fault"], line["more_like_this_not_logged"]) for line in captured]
    assert told == [("input/output error", 0), ("no space left", 0), ("input/output error", 2)]


def test_a_fault_of_the_index_is_logged_as_one_of_the_store() -> None:
    with capture_logs() as captured:
        IngestLog().not_stored(RECEPTION, IndexFault(IndexFaultKind.NO_SPACE, "SQLITE_FULL"))
    [line] = captured
    assert line["fault"] == "no space left for the index"
    assert line["explanation"] == "SQLITE_FULL"


def aside(became: Outcome) -> IngestOutcome:
    return IngestOutcome(0x0000, "", 7, became=became, number=868)


def set_aside(became: Outcome) -> Any:
    """The line about an object that the index knows by number 868."""
    with capture_logs() as captured:
        IngestLog().set_aside(RECEPTION, "1.2.3", aside(became))
    [line] = captured
    return line


def test_what_is_held_is_logged_and_no_patient_with_it() -> None:
    assert set_aside(Outcome.HELD) == {
        "event": (
            "an object is kept, but not shown: held, it names another patient than its study has"
        ),
        "log_level": "warning",
        "became": "held",
        "instance": 868,
        "sop_instance_uid": "1.2.3",
        "origin": "dimse",
        "calling_ae": "CT1",
        "called_ae": "PACSD",
        "more_like_this_not_logged": 0,
    }


def test_what_is_in_quarantine_reads_otherwise() -> None:
    line = set_aside(Outcome.CONFLICT)
    assert line["event"].startswith("an object is kept, but not shown: in quarantine, ")
    assert (line["became"], line["version"]) == ("conflict", 868)
    assert line["sop_instance_uid"] == "1.2.3"


def test_what_quarantine_has_no_room_for_is_not_kept() -> None:
    line = set_aside(Outcome.CONFLICT_FULL)
    assert (line["log_level"], line["sop_instance_uid"]) == ("error", "1.2.3")
    assert line["event"].startswith("an object is not kept: quarantine is full")


def test_what_is_cut_short_is_named_and_each_second_once() -> None:
    clock = Clock()
    log = IngestLog(now_s=clock)
    with capture_logs() as captured:
        for uid in ("1.2.3", "1.2.4"):
            log.cut_short(RECEPTION, uid)
        clock.now_s += 1
        log.cut_short(RECEPTION, "1.2.5")
    assert captured[0] == {
        "event": "an object is kept as it came, but cut short: send it again, whole",
        "log_level": "warning",
        "sop_instance_uid": "1.2.3",
        "origin": "dimse",
        "calling_ae": "CT1",
        "called_ae": "PACSD",
        "more_like_this_not_logged": 0,
    }
    told = [(line["sop_instance_uid"], line["more_like_this_not_logged"]) for line in captured]
    assert told == [("1.2.3", 0), ("1.2.5", 1)]


def test_what_is_refused_is_logged_as_its_sender_was_told() -> None:
    log = IngestLog()
    with capture_logs() as captured:
        log.refused(RECEPTION, IngestOutcome(0xC000, "No StudyInstanceUID (0020,000D)", 7))
        log.refused(RECEPTION, IngestOutcome(0xA900, "another one", 7))
        log.refused(RECEPTION, IngestOutcome(0xA900, "another one", 7))
    first, second = captured
    assert first == {
        "event": "an object was refused: the fault lies in the object",
        "log_level": "warning",
        "status": "C000",
        "error_comment": "No StudyInstanceUID (0020,000D)",
        "origin": "dimse",
        "calling_ae": "CT1",
        "called_ae": "PACSD",
        "more_like_this_not_logged": 0,
    }
    assert second["status"] == "A900"


def test_the_rest_of_a_burst_is_told_in_the_end() -> None:
    log = IngestLog(now_s=Clock())
    with capture_logs() as captured:
        for _ in range(5):
            log.not_stored(RECEPTION, EIO)
        log.tell_rest()
        log.tell_rest()
    _, rest = captured
    assert rest == {
        "event": "no more of a kind has come: the rest was not logged one by one",
        "log_level": "warning",
        "kind": "not stored, input/output error",
        "more_like_this_not_logged": 4,
    }


def test_kinds_of_bursts_say_what_they_are() -> None:
    log = IngestLog(now_s=Clock())
    refused = IngestOutcome(0xA900, "another one", 7)
    with capture_logs() as captured:
        for _ in range(2):
            log.set_aside(RECEPTION, "1.2.3", aside(Outcome.HELD))
            log.refused(RECEPTION, refused)
            log.preamble_zeroed(RECEPTION)
        log.tell_rest()
    assert [line["kind"] for line in captured if "kind" in line] == [
        "set aside, held",
        "refused, A900",
        "preamble replaced by zeros",
    ]


async def test_the_rest_of_a_burst_is_told_while_nothing_follows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ingest_log, "LOOK_S", 0)
    clock = Clock()
    log = IngestLog(now_s=clock)
    with capture_logs() as captured:
        for _ in range(3):
            log.not_removed(Location("store_fs", "1", 5), EIO)
        clock.now_s += 1
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(log.run)
            while len(captured) < 2:
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
    assert captured[1]["more_like_this_not_logged"] == 2


def test_an_object_that_left_without_a_correction_is_named_once_a_second() -> None:
    log = IngestLog(now_s=Clock())
    with capture_logs() as captured:
        for uid in ("1.1", "1.2", "1.3"):
            log.not_corrected(Retrievable("1.2", uid, "1.2.3", ()), [0x00100010, 0x00091001])
        log.tell_rest()
    line, rest = captured
    assert (line["sop_instance_uid"], line["log_level"]) == ("1.1", "warning")
    assert line["attributes"] == ["PatientName", "(0009,1001)"]
    assert (rest["kind"], rest["more_like_this_not_logged"]) == ("left without a correction", 2)


def test_a_file_left_over_is_logged() -> None:
    with capture_logs() as captured:
        IngestLog().not_removed(Location("store_fs", "1/000/000/000/001.dcm", 5), EIO)
    [line] = captured
    assert (line["log_level"], line["key"]) == ("warning", "1/000/000/000/001.dcm")


@pytest.mark.parametrize(
    ("before", "now", "lines"),
    [
        (None, FULL, [("error", "nothing is stored any more")]),
        (LOW, FULL, [("error", "nothing is stored any more")]),
        (FULL, None, [("warning", "objects are stored again")]),
        (
            FULL,
            LOW,
            [("warning", "objects are stored again"), ("warning", "the store needs attention")],
        ),
        (None, LOW, [("warning", "the store needs attention")]),
        (LOW, None, [("info", "the store is well again")]),
    ],
)
def test_a_change_of_the_store_is_logged(
    before: Concern | None, now: Concern | None, lines: list[tuple[str, str]]
) -> None:
    with capture_logs() as captured:
        IngestLog().concern_changed(before, now)
    assert [(line["log_level"], line["event"]) for line in captured] == lines
    if now is not None:
        assert captured[-1]["why"] == now.why


def test_d35_a_preamble_that_is_not_stored_is_told_without_saying_it() -> None:
    with capture_logs() as captured:
        IngestLog().preamble_zeroed(RECEPTION)
    [line] = captured
    assert (line["log_level"], line["origin"], line["calling_ae"]) == ("warning", "dimse", "CT1")


def test_a_repair_that_could_not_be_logged_is_told() -> None:
    with capture_logs() as captured:
        tell_repair_not_logged(StoreError(StoreFault.NO_SPACE, "write: ENOSPC"))
    [line] = captured
    assert (line["log_level"], line["explanation"]) == ("warning", "no space left: write: ENOSPC")
