import pytest
from structlog.testing import capture_logs

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.reception import Reception
from pacsd.api.store import Location
from pacsd.app.ingest_log import IngestLog
from pacsd.archive.observer import Concern
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
            "left_out": 0,
        }
    ]


def test_each_fault_has_one_line_a_second_and_counts_the_others() -> None:
    clock = Clock()
    log = IngestLog(clock)
    with capture_logs() as captured:
        for error in (EIO, EIO, ENOSPC, EIO):
            log.not_stored(RECEPTION, error)
        clock.now_s += 1
        log.not_stored(RECEPTION, EIO)
    told = [(line["fault"], line["left_out"]) for line in captured]
    assert told == [("input/output error", 0), ("no space left", 0), ("input/output error", 2)]


def test_a_fault_of_the_index_is_logged_as_one_of_the_store() -> None:
    with capture_logs() as captured:
        IngestLog().not_stored(RECEPTION, IndexFault(IndexFaultKind.NO_SPACE, "SQLITE_FULL"))
    [line] = captured
    assert line["fault"] == "no space left for the index"
    assert line["explanation"] == "SQLITE_FULL"


def test_what_is_set_aside_is_logged_and_no_patient_with_it() -> None:
    with capture_logs() as captured:
        IngestLog().set_aside(RECEPTION, Outcome.HELD)
    assert captured == [
        {
            "event": "an object is kept, but not shown: somebody has to decide",
            "log_level": "warning",
            "became": "held",
            "calling_ae": "CT1",
            "called_ae": "PACSD",
            "left_out": 0,
        }
    ]


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
