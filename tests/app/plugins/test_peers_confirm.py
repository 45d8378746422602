from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pacsd.api.route_target import Delivery
from pacsd.app.plugins.coerced_copies import CopyMaker
from pacsd.app.plugins.copy_place import CopyPlace
from pacsd.app.plugins.peers_confirm import PeersConfirm
from pacsd.app.plugins.stored_instances import StoredInstances
from pacsd.archive.commitments import Safe, SafeAnswer, Sent
from tests.api.hookspecs.hooks_of import hooks_of
from tests.app.plugins.coercing import GUARD, Coercing, renamed
from tests.app.small_archive import SmallArchive, small_archive

AGO = {"1.2.3.7": 5.0}


class Asked:
    """Keeps whatever it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []

    async def ask(
        self, peer_ae: str, sent: Sequence[Sent], wait_s: float, /
    ) -> Sequence[SafeAnswer]:
        assert wait_s == 3
        self.asked.append((peer_ae, [each.reference.sop_instance_uid for each in sent]))
        return [SafeAnswer(each.reference, Safe.COMMITTED) for each in sent]


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
    answers = await setup.tested.confirm(await setup.delivery(""), AGO, 3)
    assert {uid: each.safe for uid, each in answers.items()} == {"1.2.3.7": Safe.COMMITTED}
    assert setup.asked.asked == [("SITEB", ["1.2.3.7"])]


async def test_of_copies_it_is_asked_by_their_uids(archive: SmallArchive, tmp_path: Path) -> None:
    setup = Setup(archive, tmp_path, Coercing(renamed("2.25.3")))
    answers = await setup.tested.confirm(await setup.delivery("research"), AGO, 3)
    assert {uid: each.safe for uid, each in answers.items()} == {"1.2.3.7": Safe.COMMITTED}
    assert setup.asked.asked == [("SITEB", ["2.25.3"])]


async def test_one_that_cannot_be_copied_now_holds_up_no_other(
    archive: SmallArchive, tmp_path: Path
) -> None:
    await archive.add("1.2.3.8")
    poisoned = Coercing(renamed("2.25.3"))
    setup = Setup(archive, tmp_path, poisoned)
    delivery = await setup.delivery("research")
    [gone, here] = delivery.instances
    gone = replace(gone, sop_instance_uid="1.2.3.9")
    delivery = replace(delivery, instances=(gone, here))
    answers = await setup.tested.confirm(delivery, {"1.2.3.9": 1.0, **AGO, "1.2.3.8": 1.0}, 3)
    assert answers["1.2.3.9"].safe is Safe.UNKNOWN
    assert "coercion research: " in answers["1.2.3.9"].why
    assert answers[here.sop_instance_uid].safe is Safe.COMMITTED


async def test_what_cannot_be_coerced_was_not_sent(archive: SmallArchive, tmp_path: Path) -> None:
    setup = Setup(archive, tmp_path, Coercing(b"no file"))
    [answer] = (await setup.tested.confirm(await setup.delivery("research"), AGO, 3)).values()
    assert answer.safe is Safe.UNKNOWN
    assert setup.asked.asked == []


async def test_without_the_coercion_nobody_can_tell(archive: SmallArchive, tmp_path: Path) -> None:
    setup = Setup(archive, tmp_path)
    [answer] = (await setup.tested.confirm(await setup.delivery("research"), AGO, 3)).values()
    assert (answer.safe, setup.asked.asked) == (Safe.UNKNOWN, [])
