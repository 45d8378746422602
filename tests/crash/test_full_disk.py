"""The disk runs full while peers store: no false success, nothing half kept, and it goes on."""

import os
from pathlib import Path

import pytest

from contrib.bench.medium import Medium
from tests.crash.campaign import Campaign
from tests.crash.test_power_cut import daemon_on

LEFT_BYTES = 8 * 1024 * 1024


@pytest.mark.timeout(240)
async def test_row_d39_a_disk_that_runs_full_is_told_and_forgiven(disk: Medium) -> None:
    campaign = Campaign(seed=7)
    data_dir = disk.path / "data"
    with daemon_on(data_dir) as daemon:
        ballast = fill(disk.path, LEFT_BYTES)
        with campaign.sending(daemon):
            daemon.wait_for("an object was not stored")
        assert campaign.refused > 0
        before = len(campaign.ledger.first)
        ballast.unlink()
        with campaign.sending(daemon, most=20):
            pass
        assert len(campaign.ledger.first) > before, "it did not go on"
        assert daemon.stop() == 0
    with daemon_on(data_dir) as daemon:
        assert daemon.stop() == 0
    await campaign.reckon(data_dir)


def fill(folder: Path, left_bytes: int) -> Path:
    """Take all space but so much."""
    ballast = folder / "ballast"
    free = os.statvfs(folder)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - left_bytes)
    return ballast
