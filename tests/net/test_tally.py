"""Counts of a retrieval that add up, and the answers they make."""

import pytest

from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN, TransferSyntax, transfer_syntax
from pacsd.dicom.status import Status
from pacsd.net import tally as tallies
from pacsd.net.sending import Outcome
from pacsd.net.storage import SubOperationCounts
from pacsd.net.tally import Tally
from tests.dicom.by_pydicom import decoded
from tests.dicom.written import EXPLICIT

STORED, WARNED, FAILED, UNSENT = (Outcome(status) for status in (0, 0xB000, 0xA700, None))


@pytest.fixture
def syntax() -> TransferSyntax:
    found = transfer_syntax(EXPLICIT_VR_LITTLE_ENDIAN)
    assert found is not None
    return found


def after(total: int, *outcomes: Outcome) -> Tally:
    tally = Tally(total)
    for number, outcome in enumerate(outcomes):
        tally.ended(f"1.2.{number}", outcome)
    return tally


def test_a_pending_response_tells_what_remains() -> None:
    answer = after(9, STORED, STORED, WARNED, FAILED, UNSENT).pending()
    assert answer.status == Status.PENDING
    assert answer.counts == SubOperationCounts(remaining=4, completed=2, failed=2, warning=1)


@pytest.mark.parametrize(
    ("outcomes", "status", "counts", "failed"),
    [
        ((), 0x0000, (0, 0, 0), []),
        ((STORED, STORED), 0x0000, (2, 0, 0), []),
        ((STORED, WARNED), 0xB000, (1, 0, 1), []),
        ((STORED, FAILED), 0xB000, (1, 1, 0), ["1.2.1"]),
        ((WARNED, UNSENT), 0xB000, (0, 1, 1), ["1.2.1"]),
        ((FAILED, UNSENT), 0xA702, (0, 2, 0), ["1.2.0", "1.2.1"]),
    ],
)
def test_the_final_answer(
    syntax: TransferSyntax,
    outcomes: tuple[Outcome, ...],
    status: int,
    counts: tuple[int, int, int],
    failed: list[str],
) -> None:
    answer = after(len(outcomes), *outcomes).final(syntax, is_cancelled=False)
    assert answer.status == status
    assert answer.counts == SubOperationCounts(None, *counts)
    assert names(answer.data_set) == failed


def test_one_that_was_cancelled_tells_what_is_left(syntax: TransferSyntax) -> None:
    answer = after(5, STORED, FAILED).final(syntax, is_cancelled=True)
    assert answer.status == Status.CANCEL
    assert answer.counts == SubOperationCounts(remaining=3, completed=1, failed=1, warning=0)
    assert names(answer.data_set) == ["1.2.1"]


def test_what_is_not_known_by_name_has_failed_too(syntax: TransferSyntax) -> None:
    tally = after(5, STORED)
    tally.fail("1.2.9")
    tally.fail_rest()
    answer = tally.final(syntax, is_cancelled=False)
    assert answer.counts == SubOperationCounts(None, completed=1, failed=4, warning=0)
    assert names(answer.data_set) == ["1.2.9"]


def test_a_list_of_failures_has_a_bound() -> None:
    uids = [f"1.2.{number}" for number in range(20_000)]
    fitting = tallies._fitting(uids)
    assert fitting == uids[: len(fitting)]
    assert 50_000 < len("\\".join(fitting)) <= 60_000


def names(data_set: bytes | None) -> list[str]:
    if data_set is None:
        return []
    listed = decoded(data_set, EXPLICIT).FailedSOPInstanceUIDList
    return [listed] if isinstance(listed, str) else list(listed)
