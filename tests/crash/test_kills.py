"""kill -9 at every step and at any time: nothing acknowledged is lost, overwritten or doubled."""

import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from hashlib import sha256
from pathlib import Path

import anyio
import pytest

from pacsd.api.crashpoints import VARIABLE
from pacsd.testing.daemon import Running, running
from pacsd.testing.objects import data_set
from tests.archive.test_sameness import TRAILING_PADDING
from tests.crash.campaign import PATIENCE_S, Campaign, storing
from tests.crash.forked import forked

POINTS = (
    "after_fsync",
    "after_rename",
    "after_directory_fsync",
    "before_index",
    "after_index",
    "before_dispose",
    "after_dispose",
)
KILLS = 12
RACES = 5
SOAK_KILLS = int(os.environ.get("PACSD_TEST_KILLS", "10000"))
KILLS_PER_ARCHIVE = 500
"""So many before it is reckoned and the next archive begins: quarantine has a bound."""

Start = Callable[[Path], AbstractContextManager[Running]]


def started(data_dir: Path) -> AbstractContextManager[Running]:
    return running("--http", "", data_dir=data_dir)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pacsd-") as temporary:
        yield Path(temporary) / "data"


@pytest.mark.timeout(240)
@pytest.mark.parametrize("point", POINTS)
async def test_killed_at_every_step_of_the_durable_write(point: str, data_dir: Path) -> None:
    campaign = Campaign(seed=1)
    for times in (1, 5):
        environment = {VARIABLE: f"{point}:{times}"}
        with (
            running("--http", "", data_dir=data_dir, environment=environment) as daemon,
            campaign.sending(daemon),
        ):
            assert daemon.process.wait(PATIENCE_S) == -signal.SIGKILL
        with started(data_dir) as daemon:
            assert daemon.stop() == 0
        await campaign.reckon(data_dir)


@pytest.mark.timeout(300)
async def test_killed_before_it_is_seen_that_a_version_is_none(data_dir: Path) -> None:
    uid, first = "1.2.3.4", data_set({"SOPInstanceUID": "1.2.3.4"})
    anew = first + TRAILING_PADDING
    with (
        running("--http", "", data_dir=data_dir, environment={VARIABLE: "after_index:2"}) as daemon,
        storing(daemon.port) as store,
    ):
        assert store(uid, first) == 0x0000
        with pytest.raises((OSError, EOFError)):
            store(uid, anew)
        assert daemon.process.wait(PATIENCE_S) == -signal.SIGKILL
    campaign = Campaign(seed=1)
    campaign.ledger.first[uid] = sha256(first).digest()
    assert (await campaign.reckon(data_dir))["versions"] == 1
    with started(data_dir) as daemon:
        with storing(daemon.port) as store:
            assert store(uid, anew) == 0x0000
        assert daemon.stop() == 0
    assert (await campaign.reckon(data_dir))["versions"] == 0


@pytest.mark.timeout(480)
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak)])
async def test_killed_at_any_time(seed: int, data_dir: Path) -> None:
    await kill_again_and_again(Campaign(seed), data_dir, KILLS)


@pytest.mark.timeout(240)
async def test_sixteen_senders_race_with_versions_of_the_same_objects(data_dir: Path) -> None:
    found = await kill_again_and_again(Campaign(4, senders=16), data_dir, RACES)
    assert found["versions"] > 0
    assert found["held"] > 0


@pytest.mark.soak
async def test_killed_ten_thousand_times(data_dir: Path) -> None:
    found: Counter[str] = Counter()
    for begun in range(0, SOAK_KILLS, KILLS_PER_ARCHIVE):
        kills = min(KILLS_PER_ARCHIVE, SOAK_KILLS - begun)
        found += await kill_again_and_again(Campaign(3 + begun), data_dir, kills, forked, most=12)
        shutil.rmtree(data_dir)
        # For whoever waits: pytest shows it with -s.
        print(f"{begun + kills} kills, {dict(found)}")  # noqa: T201


async def kill_again_and_again(
    campaign: Campaign, data_dir: Path, kills: int, start: Start = started, *, most: int = 40
) -> Counter[str]:
    """Kill it once so many objects are new, at most, and a moment after."""
    for _ in range(kills):
        wanted = len(campaign.ledger.first) + campaign.chance.randint(0, most)
        with start(data_dir) as daemon, campaign.sending(daemon):
            campaign.ledger.wait_for(wanted)
            # At which instant it dies is the point.
            await anyio.sleep(campaign.chance.uniform(0.0, 0.05))
            daemon.kill()
    with start(data_dir) as daemon:
        assert daemon.stop() == 0
    found = await campaign.reckon(data_dir)
    assert found["instances"] >= len(campaign.ledger.first) > kills
    return found
