from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.commitment import MAX_REFERENCES, Reference
from pacsd.index.index import Index
from pacsd.index.job_records import MAX_PAYLOAD_BYTES, Job, NewJob
from pacsd.index.plugin_values import MAX_VALUE_BYTES
from pacsd.jobs import commitment_keeping
from pacsd.jobs.commitment_keeping import (
    PART,
    BesideJobs,
    PartResult,
    job_of,
    pack_references,
    parts_of,
    request_in,
    unpack_references,
)
from tests.index.made import SCOPE
from tests.jobs.committing import asked, references, worst
from tests.jobs.working import there

uids = st.text("0123456789.", min_size=1, max_size=64)


@given(st.lists(st.builds(Reference, uids, uids)))
def test_references_come_back(named: list[Reference]) -> None:
    assert unpack_references(pack_references(named)) == tuple(named)


def test_the_worst_part_fits_into_a_value() -> None:
    assert len(pack_references(worst(PART))) <= MAX_VALUE_BYTES


async def added(index: Index, new: NewJob) -> Job:
    (number,) = await index.jobs.add([new])
    return await there(index, number)


@pytest.mark.parametrize("count", [1, PART, PART + 1, 2_000])
async def test_a_request_comes_back_from_its_job(index: Index, count: int) -> None:
    wanted = asked("1.9", references(count))
    kept = request_in(await added(index, job_of(wanted, "t1", "commitment:CT1")))
    assert (kept.peer_ae, kept.own_ae, kept.transaction_uid) == ("CT1", "PACSD", "1.9")
    assert (kept.taken, kept.shelf) == ("t1", "commitment:CT1")
    assert kept.references == wanted.request.references
    assert kept.parts == -(-count // PART)


@pytest.mark.parametrize("named", [worst(2_000), references(MAX_REFERENCES, "1.2.826.0.1.{}.7")])
def test_d47_a_long_one_lies_beside_its_job(named: tuple[Reference, ...]) -> None:
    new = job_of(asked("1.9", named), "t1", "q")
    assert len(new.payload) < MAX_PAYLOAD_BYTES
    kept = request_in(new)
    assert kept.references is None
    assert kept.parts == len(parts_of(named))


def test_transactions_are_told_apart_by_who_asks() -> None:
    jobs = [job_of(each, "t", "q") for each in (asked("1"), asked("2"), asked("1", peer="MR1"))]
    assert len({each.unique_key for each in jobs}) == 3
    assert job_of(asked("1"), "another", "q").unique_key == jobs[0].unique_key


@pytest.mark.parametrize("payload", ["{}", "[]", "no json", '{"peer": "CT1"}'])
def test_another_job_is_none(payload: str) -> None:
    with pytest.raises(ValueError, match="payload: is no storage commitment"):
        request_in(replace(job_of(asked(), "t", "q"), payload=payload))


async def test_parts_and_results_lie_beside(index: Index) -> None:
    beside = BesideJobs(index.plugin_values, "q")
    named = references(PART + 2)
    await beside.put_parts("t1", named)
    assert await beside.part("t1", 0) == named[:PART]
    assert await beside.part("t1", 1) == named[PART:]
    assert await beside.part("t1", 2) is None
    assert await beside.result("t1", 0) is None
    await beside.put_result("t1", 0, PartResult(7, (0, 0x0112)))
    assert await beside.result("t1", 0) == PartResult(7, (0, 0x0112))
    await beside.put_result("t2", 0, PartResult(8, (0,)))
    assert await beside.all() == {"t1", "t2"}
    await beside.forget_results("t1")
    assert await beside.result("t1", 0) is None
    assert await beside.part("t1", 1) is not None
    await beside.put_reported("t1")
    assert await beside.is_reported("t1")
    assert not await beside.is_reported("t2")
    assert await beside.part("t1", 1) is None
    await beside.forget("t1")
    assert await beside.all() == {"t2"}
    assert await BesideJobs(index.plugin_values, "another").all() == frozenset()


async def test_more_than_a_page_is_forgotten(index: Index) -> None:
    beside = BesideJobs(index.plugin_values, "q")
    for number in range(1_001):
        await index.plugin_values.put(SCOPE, "q", f"t1/part/{number}", b"")
    await beside.forget("t1")
    assert await beside.all() == frozenset()


def test_attempts_last_for_days() -> None:
    assert commitment_keeping.MAX_ATTEMPTS >= 48
