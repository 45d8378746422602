from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from pacsd.app.commitment_wiring import CommitmentCounts
from pacsd.archive.commitments import CommitmentReport
from pacsd.dicom.commitment import CommitmentResult, NotCommitted, Reference
from pacsd.index.index import Index, open_index
from pacsd.index.sqlite import Durability
from pacsd.jobs.commitment_keeping import COMMIT
from pacsd.net.peers import Peer, PeerBook
from tests.app.built import built


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=lambda: 0, durability=Durability.RELAXED) as opened:
        yield opened


async def test_what_peers_ask_is_taken_and_its_jobs_are_run(tmp_path: Path, index: Index) -> None:
    parts = built(tmp_path, index)
    committing = parts.listener.desk.services.committing
    assert committing is not None
    assert COMMIT in parts.jobs.workers._handlers
    assert not committing.knows("STRANGER")
    assert "errand.start" in parts.errands.commands
    assert "commit" in parts.errands._kinds


async def test_peers_are_those_of_the_last_reload(tmp_path: Path, index: Index) -> None:
    parts = built(tmp_path, index)
    parts.gatekeeper.peers = PeerBook([Peer(ae_title="CT1")])
    committing = parts.listener.desk.services.committing
    assert committing is not None
    assert committing.knows("CT1")


def test_what_peers_were_told_is_counted() -> None:
    registry = CollectorRegistry()
    counts = CommitmentCounts(registry)
    reference = Reference("1.2", "1.2.1")
    failed = (NotCommitted(reference, 0x0110),)
    result = CommitmentResult("1.9", (reference, Reference("1.2", "1.2.2")), failed)
    counts.count(CommitmentReport("CT1", "PACSD", result))
    name = "pacsd_commitment_instances_total"
    assert registry.get_sample_value(name, {"result": "committed"}) == 2
    assert registry.get_sample_value(name, {"result": "not committed"}) == 1
