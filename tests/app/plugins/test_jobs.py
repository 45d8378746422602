import pytest

from pacsd.api.host import HostError, PluginJob
from pacsd.app.plugins.jobs import JOB_KIND, MAX_PAYLOAD_BYTES, plugin_job, plugin_of
from pacsd.app.plugins.services import HostServices
from pacsd.index.index import Index
from pacsd.index.job_records import FreePlaces
from pacsd.index.records import Scope
from tests.app.plugins.conftest import NOW_US


async def test_a_plugins_job_comes_back_as_it_was_given(
    services: HostServices, index: Index
) -> None:
    number = await services.jobs_of("acme").enqueue("thumbnails", '{"study": "1.2"}')
    claimed = await index.jobs.claim([JOB_KIND], FreePlaces(1), 10, 60)
    [job] = claimed.jobs
    assert plugin_of(job) == "acme"
    assert plugin_job(job) == PluginJob(number, "thumbnails", '{"study": "1.2"}', attempt=1)


async def test_one_job_of_a_unique_key_is_open(services: HostServices) -> None:
    jobs = services.jobs_of("acme")
    first = await jobs.enqueue("thumbnails", unique_key="1.2")
    assert await jobs.enqueue("thumbnails", "again", unique_key="1.2") == first
    assert await jobs.enqueue("report", unique_key="1.2") != first
    assert await services.jobs_of("other").enqueue("thumbnails", unique_key="1.2") != first


async def test_it_begins_when_it_is_time(services: HostServices, index: Index) -> None:
    number = await services.jobs_of("acme").enqueue("later", after_s=2.5)
    [job] = await index.jobs.page(Scope())
    assert (job.id, job.not_before_us) == (number, NOW_US + 2_500_000)


async def test_what_is_too_long_is_refused(services: HostServices) -> None:
    with pytest.raises(HostError, match=r"payload: \d+ bytes are more than"):
        await services.jobs_of("acme").enqueue("big", "x" * (MAX_PAYLOAD_BYTES + 1))
    with pytest.raises(HostError, match="name: 201 bytes are more than 200"):
        await services.jobs_of("acme").enqueue("x" * 201)
