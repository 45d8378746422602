import random
from collections import Counter
from dataclasses import replace

import anyio
import pytest

from pacsd.dicom.level import Level
from pacsd.index.index import Index
from pacsd.index.looked_up import LookedUp
from pacsd.index.overlay_records import Correction
from pacsd.index.records import CopyCheck, CopyState, InstanceState, StoredInstance
from tests.index.made import SCOPE, new

UIDS = ["1.1", "1.2", "1.3"]

FOUND = StoredInstance(
    id=7,
    partition=1,
    state=InstanceState.LIVE,
    sop_class_uid="1.2",
    sop_instance_uid="1.2.3",
    study_instance_uid="1",
    series_instance_uid="1.1",
    patient_id="P1",
    issuer_of_patient_id="",
    received_at_us=0,
    copies=(),
)


class Altered:
    """Counts as a writer does."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> int:
        return self.count


@pytest.fixture
def altered() -> Altered:
    return Altered()


def test_it_remembers_by_partition_and_uid(altered: Altered) -> None:
    known = LookedUp(altered)
    known.put(1, [FOUND], known.as_of())
    assert known.get(1, "1.2.3") is FOUND
    assert known.get(2, "1.2.3") is None
    assert known.get(1, "1.2.4") is None


def test_once_something_is_altered_all_is_looked_up_again(altered: Altered) -> None:
    known = LookedUp(altered)
    known.put(1, [FOUND], known.as_of())
    altered.count += 1
    assert known.get(1, "1.2.3") is None


def test_what_was_altered_during_the_look_up_is_not_remembered(altered: Altered) -> None:
    known = LookedUp(altered)
    before = known.as_of()
    altered.count += 1
    known.put(1, [FOUND], before)
    assert known.get(1, "1.2.3") is None


def test_it_has_a_bound(altered: Altered) -> None:
    known = LookedUp(altered, capacity=2)
    uids = ["1.1", "1.2", "1.3"]
    known.put(1, [replace(FOUND, sop_instance_uid=uid) for uid in uids], known.as_of())
    assert [known.get(1, uid) is None for uid in uids] == [True, False, False]


class History:
    """What happens to a few instances, in any order; each step may come to nothing."""

    def __init__(self, index: Index) -> None:
        self._index = index

    async def step(self, what: str, uid: str, variant: int) -> None:
        await getattr(self, f"_{what}")(uid, variant)

    async def compare(self) -> None:
        """What is remembered is what a look-up finds that remembers nothing."""
        found = {
            each.sop_instance_uid: each for each in await self._index.instances.among(SCOPE, UIDS)
        }
        for uid in UIDS:
            assert await self._index.instances.find(SCOPE, uid) == found.get(uid)
        numbers = [each.id for each in found.values()]
        numbered = await self._index.instances.numbered(SCOPE, numbers)
        assert {each.sop_instance_uid: each for each in numbered} == found

    async def _add(self, uid: str, variant: int) -> None:
        content, patient = (b"a", b"bb")[variant % 2], ("P1", "P2")[variant // 2 % 2]
        came = new(uid, content=content, patient_id=patient, restores_deleted=variant % 3 == 0)
        await self._index.add([came])

    async def _delete(self, uid: str, _: int) -> None:
        await self._index.instances.delete(SCOPE, [uid], "admin")

    async def _restore(self, uid: str, _: int) -> None:
        await self._index.instances.restore(SCOPE, [uid], "admin")

    async def _purge(self, uid: str, _: int) -> None:
        found = await self._index.instances.among(SCOPE, [uid])
        if found and found[0].state is InstanceState.DELETED:
            await self._index.deletions.purge(SCOPE, [found[0].id], "pacsd")

    async def _mark(self, uid: str, variant: int) -> None:
        state = list(CopyState)[variant % len(CopyState)]
        found = await self._index.instances.among(SCOPE, [uid])
        checks = [
            CopyCheck(each.id, copy.location, state, copy.verified_at_us)
            for each in found
            for copy in each.copies
        ]
        await self._index.copies.mark(SCOPE, checks)

    async def _correct(self, _: str, variant: int) -> None:
        correction = Correction(Level.STUDY, "1.2.3", 0x00081030, str(variant), "admin", "why", 7)
        await self._index.overlays.correct(SCOPE, [correction])

    async def _release(self, _: str, variant: int) -> None:
        for each in (await self._index.quarantine.page(SCOPE))[variant % 2 : variant % 2 + 1]:
            await self._index.quarantine.release(SCOPE, each.id, "admin")

    async def _discard(self, _: str, variant: int) -> None:
        for each in (await self._index.quarantine.page(SCOPE))[variant % 2 : variant % 2 + 1]:
            await self._index.quarantine.discard(SCOPE, each.id, "admin")


STEPS = ["add", "add", "add", "delete", "restore", "purge", "mark", "correct", "release", "discard"]


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_happens_it_knows_what_is(index: Index, seed: int) -> None:
    chance, history = random.Random(seed), History(index)
    done = Counter[str]()
    for _ in range(60):
        what = chance.choice(STEPS)
        await history.step(what, chance.choice(UIDS), chance.randrange(12))
        await history.compare()
        done[what] += 1
    assert set(done) == set(STEPS)


async def test_what_is_looked_up_while_it_is_deleted_is_not_remembered(index: Index) -> None:
    for number in range(40):
        uid = f"1.{number}"
        await index.add([new(uid)])
        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(index.instances.find, SCOPE, uid)
            tasks.start_soon(index.instances.delete, SCOPE, [uid], "admin")
            for _ in range(4):
                tasks.start_soon(index.instances.find, SCOPE, uid)
        found = await index.instances.find(SCOPE, uid)
        assert found is not None
        assert found.state is InstanceState.DELETED
