import pytest

from pacsd.api.host import HostError
from pacsd.testing.host_contract import KEY, KEY_NAME, check_jobs, check_keys, check_values
from pacsd.testing.memory_keeping import MAX_KEYS, EnqueuedJob, MemoryJobs, MemoryKeys, MemoryValues


async def test_they_do_what_the_daemons_do() -> None:
    await check_values(MemoryValues())
    await check_jobs(MemoryJobs())
    keys = MemoryKeys()
    keys.provided[KEY_NAME] = KEY
    await check_keys(keys)


async def test_a_test_sees_what_was_kept() -> None:
    values, jobs = MemoryValues(), MemoryJobs()
    await values.put("a", b"1")
    await jobs.enqueue("job", "payload", after_s=2)
    assert values.kept == {"a": b"1"}
    assert jobs.enqueued == [EnqueuedJob("job", "payload", "", 2)]


async def test_there_are_only_so_many_keys() -> None:
    values = MemoryValues()
    values.kept = {str(number): b"" for number in range(MAX_KEYS)}
    with pytest.raises(HostError, match="there are 10000 keys"):
        await values.put("one more", b"")
    await values.put("7", b"7")
