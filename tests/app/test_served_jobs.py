from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from structlog.testing import capture_logs

from pacsd.app.served_jobs import ServedJobs
from pacsd.index.index import Index, open_index
from pacsd.index.job_records import FreePlaces
from pacsd.net.web.job_desk import JobUnchanged
from tests.index.job_queues import job
from tests.index.made import Clock


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=Clock()) as opened:
        yield opened


def said(value: object) -> Any:
    return orjson.loads(orjson.dumps(value))


async def test_jobs_are_listed_by_state_and_queue(index: Index) -> None:
    first, second = await index.jobs.add([job("a"), job("b")])
    served = ServedJobs(index.jobs)

    async def listed(*asked: Any) -> list[int]:
        return [each["number"] for each in said(await served.page(*asked, explained=True))]

    assert await listed("", "", 0, 100) == [first, second]
    assert await listed("waiting", "b", 0, 9) == [second]
    assert await listed("dead", "", 0, 100) == []
    assert await listed("", "", first, 1) == [second]


async def test_what_a_job_works_with_is_not_told(index: Index) -> None:
    (number,) = await index.jobs.add([job("a", payload="Doe^Jane", unique_key="PATIENT-1")])
    told = said(await ServedJobs(index.jobs).get(number, explained=True))
    assert (told["number"], told["state"], told["queue"]) == (number, "waiting", "a")
    assert not {"payload", "unique_key", "summary"} & {*told}
    assert "Doe" not in str(told)


async def test_jobs_are_steered(index: Index) -> None:
    (number,) = await index.jobs.add([job()])
    served = ServedJobs(index.jobs)
    with capture_logs() as captured:
        for steer, state in ((served.cancel, "cancelled"), (served.retry, "waiting")):
            answer = cast("dict[str, Any]", await steer(number, "http doe", explained=True))
            assert answer["state"] == state
    assert [each["actor"] for each in captured] == ["http doe"] * 2
    with pytest.raises(JobUnchanged, match="is waiting, not dead or cancelled"):
        await served.retry(number, "http doe", explained=True)
    assert await served.get(99, explained=True) is None
    assert await served.cancel(99, "http doe", explained=True) is None


@pytest.mark.parametrize("explained", [True, False])
async def test_how_a_job_went_is_told_to_who_may_read_it(index: Index, *, explained: bool) -> None:
    (number,) = await index.jobs.add([job("a", max_attempts=1)])
    (claimed,) = (await index.jobs.claim(["deliver"], FreePlaces(1), 1, 60.0)).jobs
    await index.jobs.fail(claimed.lease, "nodule in 1.2.3", None)
    served = ServedJobs(index.jobs)
    (listed,) = await served.page("dead", "a", 0, 9, explained=explained)
    shown = await served.get(number, explained=explained)
    await served.retry(number, "http doe", explained=explained)
    cancelled = await served.cancel(number, "http doe", explained=explained)
    whys = [said(each)["explanation"] for each in (listed, shown, cancelled)]
    found = ["nodule in 1.2.3", "nodule in 1.2.3", "cancelled by http doe"]
    assert whys == (found if explained else [""] * 3)
