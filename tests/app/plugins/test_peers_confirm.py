from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from pacsd.api.errors import NotProvided
from pacsd.api.route_target import Delivery
from pacsd.app.plugins.coerced_copies import CopyMaker
from pacsd.app.plugins.copy_place import CopyPlace
from pacsd.app.plugins.peers_confirm import PeersConfirm
from pacsd.app.plugins.stored_instances import StoredInstances
from pacsd.archive.commitments import Safe, SafeAnswer
from pacsd.dicom.commitment import Reference
from tests.api.hookspecs.hooks_of import hooks_of
from tests.app.plugins.coercing import GUARD, Coercing, renamed
from tests.app.small_archive import SmallArchive, small_archive


class Asked:
    """Keeps whatever it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []

    async def ask(
        self, peer_ae: str, references: Sequence[Reference], wait_s: float, /
    ) -> Sequence[SafeAnswer]:
        assert wait_s == 3
        self.asked.append((peer_ae, [each.sop_instance_uid for each in references]))
        return [SafeAnswer(each, Safe.COMMITTED) for each in references]


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    async with small_archive(tmp_path) as made:
        await made.add("1.2.3.7")
        yield made


class Setup:
    def __init__(self, archive: SmallArchive, folder: Path, *plugins: object) -> None:
        self.stored = StoredInstances(archive.store, archive.index, CopyPlace(folder))
        self.asked = Asked()
        maker = CopyMaker(hooks_of(*plugins).coercion, lambda: self.stored, GUARD)
        self.tested = PeersConfirm(self.asked, maker)

    async def delivery(self, coercion: str) -> Delivery:
        facts = tuple(await self.stored.of_study("1.2.3", "", ""))
        return Delivery("peer:SITEB", "a rule", "all", 1, "1.2.3", facts, coercion)


async def test_a_peer_is_asked_for_what_it_was_sent(archive: SmallArchive, tmp_path: Path) -> None:
    setup = Setup(archive, tmp_path)
    answers = await setup.tested.confirm(await setup.delivery(""), 3)
    assert {uid: each.safe for uid, each in answers.items()} == {"1.2.3.7": Safe.COMMITTED}
    assert setup.asked.asked == [("SITEB", ["1.2.3.7"])]


async def test_of_copies_it_is_asked_by_their_uids(archive: SmallArchive, tmp_path: Path) -> None:
    setup = Setup(archive, tmp_path, Coercing(renamed("2.25.3")))
    answers = await setup.tested.confirm(await setup.delivery("research"), 3)
    assert {uid: each.safe for uid, each in answers.items()} == {"1.2.3.7": Safe.COMMITTED}
    assert setup.asked.asked == [("SITEB", ["2.25.3"])]


async def test_what_cannot_be_coerced_was_not_sent(archive: SmallArchive, tmp_path: Path) -> None:
    setup = Setup(archive, tmp_path, Coercing(b"no file"))
    assert await setup.tested.confirm(await setup.delivery("research"), 3) == {}


async def test_without_the_coercion_nobody_can_tell(archive: SmallArchive, tmp_path: Path) -> None:
    setup = Setup(archive, tmp_path)
    with pytest.raises(NotProvided):
        await setup.tested.confirm(await setup.delivery("research"), 3)
