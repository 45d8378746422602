"""A peer asked about a study of ours; the peer is a listener of ours in memory."""

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import anyio
import pytest

from pacsd.app import commit_asking
from pacsd.app.admin.errands import ErrandError
from pacsd.app.admin.unix_socket import AdminError
from pacsd.app.commit_asking import CommitErrand, commit_errand, named_peer
from pacsd.app.commit_records import CommitProgress
from pacsd.app.conf.settings import Config
from pacsd.app.dimse_wiring import Dimse
from pacsd.app.opening import Archive
from pacsd.archive.deliverable import Deliverables
from pacsd.dicom.commitment import CommitmentResult, NotCommitted
from pacsd.net import commitment_scu
from pacsd.net.commitment_scu import CommitmentSCU
from pacsd.net.endpoint import Endpoint
from pacsd.net.peers import Peer, PeerBook
from pacsd.net.scu import Destination, Timeouts
from tests.app.small_archive import SmallArchive, small_archive
from tests.net.committing_peer import Desk
from tests.net.harness import PATIENCE_S, Setup, serving, until

STUDY = "1.2.1"
PEERS = PeerBook([Peer(ae_title="PACS2", host="192.0.2.1", port=104)])


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    async with small_archive(tmp_path) as opened:
        for number in range(3):
            uid = f"{STUDY}.1.{number}"
            await opened.add(uid, StudyInstanceUID=STUDY, SeriesInstanceUID=f"{STUDY}.1")
        yield opened


def errand(
    archive: SmallArchive, endpoint: Endpoint, scu: CommitmentSCU, study: str = STUDY
) -> CommitErrand:
    destination = Destination(endpoint, "PACSD", "US")
    return CommitErrand(scu, Deliverables(archive.retriever), destination, study, PATIENCE_S)


async def test_every_instance_of_the_study_is_asked_for(
    archive: SmallArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit_asking, "MAX_NAMED", 1)
    desk, scu = Desk(), CommitmentSCU(Timeouts())
    async with serving(Setup(committing=desk.committing())) as served:
        tested = errand(archive, served.endpoint, scu)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(tested.run)
            await until(lambda: bool(desk.asked))
            assert tested.report() == CommitProgress("PACSD", STUDY, 3)
            request = desk.asked[0].request
            kept, refused, _ = request.references
            failed = (NotCommitted(refused, 0x0112),)
            said = CommitmentResult(request.transaction_uid, (kept,), failed)
            assert await scu.heard("PACSD", said)
    report = tested.report()
    assert (report.instances, report.committed, report.failed, report.unknown) == (3, 1, 1, 1)
    (named,) = report.named
    assert (named.sop_instance_uid, named.is_failed) == (refused.sop_instance_uid, True)
    assert desk.asked[0].peer_ae == "US"


async def test_a_study_that_is_not_here_is_not_asked_for(archive: SmallArchive) -> None:
    tested = errand(archive, Endpoint("127.0.0.1", 1), CommitmentSCU(Timeouts()), "1.2.9")
    with pytest.raises(ErrandError, match=r"study 1\.2\.9 has no instance here"):
        await tested.run()


async def test_why_nothing_could_be_asked_is_told(
    archive: SmallArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commitment_scu, "MAX_PENDING", 0)
    tested = errand(archive, Endpoint("127.0.0.1", 1), CommitmentSCU(Timeouts()))
    with pytest.raises(ErrandError, match="results of peers are waited for"):
        await tested.run()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"peer": "NOBODY", "study_instance_uid": STUDY, "wait_s": 5}, "no peer we can call"),
        ({"peer": "PACS2", "study_instance_uid": "", "wait_s": 5}, "study_instance_uid must be"),
        ({"peer": "PACS2", "study_instance_uid": STUDY}, "wait_s must be"),
        ({"peer": "PACS2", "study_instance_uid": STUDY, "wait_s": 0}, "wait_s must be from 1"),
        ({"peer": "PACS2", "study_instance_uid": STUDY, "wait_s": 3_601}, "wait_s must be from 1"),
    ],
)
async def test_what_will_not_do_is_refused(
    archive: SmallArchive, arguments: dict[str, object], told: str
) -> None:
    dimse = cast(
        "Dimse",
        SimpleNamespace(
            gatekeeper=SimpleNamespace(peers=PEERS),
            commitment=SimpleNamespace(asking=CommitmentSCU(Timeouts())),
        ),
    )
    opened = cast("Archive", SimpleNamespace(store=archive.store, index=archive.index))
    begin = commit_errand(Config(), opened, dimse)["commit"]
    with pytest.raises(AdminError, match=told):
        begin(arguments)
    begun = begin({"peer": "PACS2", "study_instance_uid": STUDY, "wait_s": 5})
    assert begun.report() == CommitProgress("PACS2", STUDY)


def test_a_peer_is_named_by_its_title_or_address() -> None:
    assert named_peer(PEERS, "PACS2").host == "192.0.2.1"
    assert named_peer(PEERS, "OTHER=192.0.2.2:105").port == 105
    for wrong in "OTHER=192.0.2.2", "=192.0.2.2:105", "OTHER=192.0.2.2:0":
        with pytest.raises(AdminError):
            named_peer(PEERS, wrong)
