"""The power goes at any time while peers store: what was acknowledged is there afterwards."""

import os
from contextlib import AbstractContextManager
from pathlib import Path

import anyio
import pytest

from contrib.bench.medium import Medium
from pacsd.testing.daemon import Running, running
from tests.crash.campaign import Campaign

SMALL_DISK = {"PACSD_STORE__MIN_FREE_BYTES": "0", "PACSD_STORE__MIN_FREE_INODES": "0"}
CUTS = 5
SOAK_CUTS = int(os.environ.get("PACSD_TEST_POWER_CUTS", "500"))


@pytest.mark.timeout(300)
async def test_what_was_acknowledged_survives_a_power_cut(disk: Medium) -> None:
    await cut_again_and_again(Campaign(seed=5), disk, CUTS)


@pytest.mark.soak
async def test_many_power_cuts(disk: Medium) -> None:
    await cut_again_and_again(Campaign(seed=6), disk, SOAK_CUTS)


async def cut_again_and_again(campaign: Campaign, disk: Medium, cuts: int) -> None:
    data_dir = disk.path / "data"
    for _ in range(cuts):
        acknowledged = len(campaign.ledger.first)
        with daemon_on(data_dir) as daemon, campaign.sending(daemon):
            campaign.ledger.wait_for(acknowledged + 10)
            await anyio.sleep(campaign.chance.uniform(0.0, 0.2))
            disk.cut_power()
            daemon.kill()
        disk.unmount()
        disk.mount()
        with daemon_on(data_dir) as daemon:
            assert daemon.stop() == 0
        await campaign.reckon(data_dir)
    assert len(campaign.ledger.first) >= 10 * cuts


def daemon_on(data_dir: Path) -> AbstractContextManager[Running]:
    """A daemon that is content with a small disk."""
    return running("--http", "", data_dir=data_dir, environment=SMALL_DISK)
