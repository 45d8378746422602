import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import BlobStore, Location
from pacsd.archive.corrections import CorrectionRequest, NothingToCorrect
from pacsd.archive.rebuild import Clock, Rebuilt, rebuild
from pacsd.archive.removal import NoSuchEntity, Removal
from pacsd.archive.restoring import RestoringRegister
from pacsd.archive.state_records import StateRecordError
from pacsd.dicom.level import Level
from pacsd.index.deletion_records import Cause, UniqueKeys
from pacsd.index.index import Index, open_index
from pacsd.index.quarantining import QuarantineBounds
from pacsd.index.records import (
    CopyCheck,
    CopyState,
    InstanceState,
    NewInstance,
    Outcome,
    StoredInstance,
)
from pacsd.index.sqlite import Durability
from tests.archive.answers_of import Answers, answers_of, file_of
from tests.archive.small_archive import SCOPE, SmallArchive


class Told:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.faults: dict[str, str] = {}

    def read(self, location: Location, /) -> None:
        self.keys.append(location.key)

    def unreadable(self, key: str, why: str, /) -> None:
        self.faults[key] = why


@asynccontextmanager
async def rebuilt(
    store: BlobStore, folder: Path, told: Told | None = None
) -> AsyncIterator[tuple[Index, Rebuilt]]:
    await anyio.Path(folder).mkdir(exist_ok=True)
    clock, no_bounds = Clock(), QuarantineBounds(10**9, 10**9)
    async with open_index(
        folder, now_us=clock, durability=Durability.RELAXED, bounds=no_bounds
    ) as index:
        yield index, await rebuild(store, index, clock, told or Told())


async def again(archive: SmallArchive, tmp_path: Path) -> Answers:
    async with rebuilt(archive.store, tmp_path / "anew") as (index, _):
        return await answers_of(index)


async def test_an_empty_store(archive: SmallArchive, tmp_path: Path) -> None:
    async with rebuilt(archive.store, tmp_path / "anew") as (index, found):
        assert (found.files, found.decisions, found.surplus) == (0, 0, 0)
        assert await index.log_position() == 0


async def test_it_answers_as_before(archive: SmallArchive, tmp_path: Path) -> None:
    for number in range(8):
        await archive.put(f"1.{number}")
    await archive.put("2.1", "", {"PatientID": "SOMEBODY-ELSE"})
    await archive.put("1.1", "another")
    await archive.put("1.2", "another")
    await archive.curation.delete(SCOPE, ["1.3", "1.4"], "admin")
    await archive.curation.restore(SCOPE, ["1.4"], "admin")
    await archive.curation.release(SCOPE, (await archive.versions())[0].id, "admin")
    before = await answers_of(archive.index)
    assert before.held.keys() == {"2.1"}
    async with rebuilt(archive.store, tmp_path / "anew") as (index, found):
        after = await answers_of(index)
        assert await index.log_position() == 4
    assert after.instances == before.instances
    assert (after.held, after.versions) == (before.held, before.versions)
    assert before.headers.items() <= after.headers.items()
    assert (found.files, found.decisions) == (11, 4)
    assert found.became[Outcome.CONFLICT] == 2


async def test_studies_have_their_labels_again(archive: SmallArchive, tmp_path: Path) -> None:
    """But for those of a study that was purged meanwhile, though it came again."""
    curation = archive.curation
    for uid, study in (("1.1", "1.2.3"), ("2.1", "1.2.4"), ("3.1", "1.2.5")):
        await archive.put(uid, "", {"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.1"})
        for label in ("urgent", "to research"):
            await curation.label(SCOPE, study, label, "plugin:acme")
    await curation.unlabel(SCOPE, "1.2.3", "urgent", "plugin:other")
    await curation.delete(SCOPE, ["2.1", "3.1"], "admin", Cause(10))
    assert await curation.purge(SCOPE, 11, 9, "pacsd") == 2
    await archive.put("2.1", "", {"StudyInstanceUID": "1.2.4", "SeriesInstanceUID": "1.2.4.1"})
    await curation.label(SCOPE, "1.2.4", "again", "plugin:acme")
    async with rebuilt(archive.store, tmp_path / "anew") as (index, _):
        assert await index.log_position() == len(archive.records())
        for study, labels in (("1.2.3", ["to research"]), ("1.2.4", ["again"]), ("1.2.5", [])):
            assert await archive.index.labels.of(SCOPE, study) == labels
            assert await index.labels.of(SCOPE, study) == labels


async def test_a_version_given_up_does_not_take_its_successor_with_it(
    archive: SmallArchive, tmp_path: Path
) -> None:
    await archive.put("1.1")
    await archive.put("1.1", "another")
    await archive.curation.discard(SCOPE, (await archive.versions())[0].id, "admin")
    await archive.put("1.1", "another")
    assert [*(await again(archive, tmp_path)).versions] == ["memory/00000003"]


async def test_decisions_take_their_place_among_the_files(
    archive: SmallArchive, tmp_path: Path
) -> None:
    """A released version begins a study; what names another patient for it later is held."""
    await archive.put("1.1")
    await archive.put("1.1", "", {"StudyInstanceUID": "1.2.9", "PatientID": "P9"})
    await archive.curation.release(SCOPE, (await archive.versions())[0].id, "admin")
    await archive.put("1.2", "", {"StudyInstanceUID": "1.2.9", "PatientID": "P1"})
    before = await answers_of(archive.index)
    assert before.held.keys() == {"1.2"}
    after = await again(archive, tmp_path)
    assert (after.instances, after.held) == (before.instances, before.held)


async def test_what_was_logged_last_is_carried_out(archive: SmallArchive, tmp_path: Path) -> None:
    """As after a crash before its file went: the file of a version given up is still there."""
    await archive.put("1.1")
    await archive.put("1.1", "another")
    archive.store.errors["delete"] = StoreError(StoreFault.INPUT_OUTPUT, "test")
    await archive.curation.discard(SCOPE, (await archive.versions())[0].id, "admin")
    archive.store.errors.clear()
    assert len(archive.store.objects) == 2
    assert (await again(archive, tmp_path)).versions == {}
    assert [*archive.store.objects] == ["00000001"]


async def test_files_nobody_understands_are_named_by_their_keys(
    archive: SmallArchive, tmp_path: Path
) -> None:
    for number in range(3):
        await archive.put(f"1.{number}")
    archive.store.objects["00000002"] = b"no DICOM at all"
    told = Told()
    async with rebuilt(archive.store, tmp_path / "anew", told) as (index, found):
        assert (await answers_of(index)).instances.keys() == {"1.0", "1.2"}
    assert found.unreadable == [*told.faults] == ["00000002"]
    assert sorted(told.keys) == ["00000001", "00000002", "00000003"]
    assert archive.store.objects.keys() == {*told.keys}


async def test_what_another_file_holds_is_surplus(archive: SmallArchive, tmp_path: Path) -> None:
    await archive.put("1.1")
    await archive.file("1.1")
    async with rebuilt(archive.store, tmp_path / "anew") as (_, found):
        assert (found.files, found.surplus) == (2, 1)
    assert len(archive.store.objects) == 2


async def test_a_log_nobody_understands_ends_it(archive: SmallArchive, tmp_path: Path) -> None:
    await archive.store.state_log.append([b'{"merged": 1}'])
    with pytest.raises(StateRecordError):
        await again(archive, tmp_path)


async def test_times_are_those_of_then(archive: SmallArchive, tmp_path: Path) -> None:
    await archive.put("1.1")
    await archive.put("1.2")
    await archive.curation.delete(SCOPE, ["1.1"], "admin")
    received = [(await archive.instance(uid)).received_at_us for uid in ("1.1", "1.2")]
    async with rebuilt(archive.store, tmp_path / "anew") as (index, _):
        changes = (await index.changes.page(SCOPE)).changes
    assert changes[0].at_us == changes[1].at_us == received[1]
    assert changes[2].at_us == archive.records()[0].at_us


class Life:
    """Senders and people who do anything in any order."""

    def __init__(self, archive: SmallArchive, seed: int) -> None:
        self._archive = archive
        self._chance = random.Random(seed)
        self._register = RestoringRegister(archive.index, archive.curation)
        self._uids: list[str] = []
        self._once_shown: set[str] = set()
        self._comments: dict[str, str] = {}
        self._removal = Removal(archive.index, archive.curation, now_us=archive.clock)
        self.repaired = 0
        self.purged = 0

    async def go_on(self, steps: int) -> None:
        acts: Sequence[Callable[[], object]] = (
            self.new, self.new, self.new, self.again, self.another, self.another,
            self.delete, self.delete, self.restore, self.release, self.discard, self.repair,
            self.purge, self.delete_study,
            self.correct_study, self.correct_series, self.correct_instance,
        )  # fmt: skip
        for _ in range(steps):
            await self._chance.choice(acts)()  # type: ignore[misc]

    async def new(self) -> None:
        self._uids.append(f"1.{len(self._uids) + 1}")
        await self.store(self._uids[-1], "")

    async def again(self) -> None:
        await self.store(self._some_uid(), "")

    async def another(self) -> None:
        await self.store(self._some_uid(), f"version {self._chance.randint(1, 3)}")

    async def store(self, uid: str, comments: str, *, restores: bool = False) -> None:
        """The same UID and comments are the same data set: its numbers come from these."""
        about = random.Random(f"{uid} {comments}")
        study, is_strange = about.randint(1, 4), about.random() < 0.1
        attributes = {
            "StudyInstanceUID": f"1.2.{study}",
            "SeriesInstanceUID": f"1.2.{study}.{about.randint(1, 2)}",
            "PatientID": "" if study == 4 else f"P{9 if is_strange else study}",
            "PatientName": f"Name^{study}",
        }
        file = await self._archive.file(
            uid, comments, attributes, restores=restores or self._chance.random() < 0.5
        )
        self._comments[file_of(file.copy)] = comments
        [verdict] = await self._register.add([file])
        if verdict.removable is not None:
            self.repaired += 1
            if _file_at(verdict.removable) in self._once_shown:
                self._once_shown.add(file_of(file.copy))
            await self._archive.store.delete(verdict.removable)
        if not verdict.keeps_file:
            await self._archive.store.delete(file.copy.location)
        if verdict.outcome in {Outcome.STORED, Outcome.HELD}:
            self._once_shown.add(file_of(file.copy))

    async def repair(self) -> None:
        """A file is lost, and comes again."""
        instance = await self._archive.index.instances.find(SCOPE, self._some_uid())
        if instance is not None:
            copy = instance.copies[0]
            bad = CopyCheck(copy.instance, copy.location, CopyState.DAMAGED, 1)
            await self._archive.index.copies.mark(SCOPE, [bad])
            self._archive.damage(copy.location)
            comments = self._comments[_file_at(copy.location)]
            await self.store(instance.sop_instance_uid, comments, restores=True)

    async def delete(self) -> None:
        await self._archive.curation.delete(SCOPE, [self._some_uid()], "admin")

    async def delete_study(self) -> None:
        """Seldom: there are four."""
        if self._chance.random() < 0.3:
            keys = UniqueKeys(f"1.2.{self._chance.randint(1, 4)}")
            with suppress(NoSuchEntity):
                await self._removal.delete(SCOPE, keys, "a mistake", "admin")

    async def purge(self) -> None:
        """Some of what the oldest decision deleted."""
        count = self._chance.randint(1, 4)
        self.purged += await self._archive.curation.purge(SCOPE, 2**60, count, "pacsd")

    async def restore(self) -> None:
        await self._archive.curation.restore(SCOPE, [self._some_uid()], "admin")

    async def release(self) -> None:
        versions = await self._archive.versions()
        if versions:
            chosen = self._chance.choice(versions)
            self._once_shown.add(file_of(chosen.version.copy))
            await self._archive.curation.release(SCOPE, chosen.id, "admin")

    async def discard(self) -> None:
        """Not of what was shown once: it may be what gave its study a patient."""
        versions = await self._archive.versions()
        never_shown = [
            each for each in versions if file_of(each.version.copy) not in self._once_shown
        ]
        if never_shown:
            chosen = self._chance.choice(never_shown)
            await self._archive.curation.discard(SCOPE, chosen.id, "admin")

    async def correct_study(self) -> None:
        values = {0x00100010: f"Name^{self._chance.random()}", 0x00080020: "20260131"}
        await self._correct(Level.STUDY, f"1.2.{self._chance.randint(1, 4)}", values)

    async def correct_series(self) -> None:
        uid = f"1.2.{self._chance.randint(1, 4)}.{self._chance.randint(1, 2)}"
        values = {0x00080060: self._chance.choice(["MR", "PT"]), 0x0008103E: ""}
        await self._correct(Level.SERIES, uid, values)

    async def correct_instance(self) -> None:
        values = {0x00200013: str(self._chance.randint(1, 9)), 0x00204000: "corrected"}
        await self._correct(Level.INSTANCE, self._some_uid(), values)

    async def _correct(self, level: Level, uid: str, values: Mapping[int, str]) -> None:
        asked = CorrectionRequest(level, uid, values, "admin", "a typing error")
        with suppress(NothingToCorrect):
            await self._archive.curation.correct(SCOPE, asked)

    def _some_uid(self) -> str:
        return self._chance.choice(self._uids) if self._uids else "1.1"


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happened_it_answers_as_before(
    archive: SmallArchive, tmp_path: Path, seed: int
) -> None:
    life = Life(archive, seed)
    await life.go_on(150)
    await life.new()
    await archive.curation.delete(SCOPE, [life._uids[-1]], "admin")
    before, after = await answers_of(archive.index), await again(archive, tmp_path)
    # A repaired one came anew, as far as its file says.
    assert timeless(after.instances) == timeless(before.instances)
    assert after.held == before.held
    assert timeless_versions(after) == timeless_versions(before)
    assert after.found == before.found
    assert after.corrected == before.corrected
    assert {each.overlay.level for each in after.corrected} >= {*Level} - {Level.INSTANCE}
    assert InstanceState.DELETED in {each.state for each in after.instances.values()}
    assert after.deletions == before.deletions
    assert life.repaired > 0
    assert life.purged > 0


def _file_at(location: Location) -> str:
    return f"{location.store}/{location.key}"


def timeless(instances: Mapping[str, StoredInstance]) -> dict[str, StoredInstance]:
    return {uid: replace(each, received_at_us=0) for uid, each in instances.items()}


def timeless_versions(answers: Answers) -> dict[str, NewInstance]:
    return {
        key: replace(each, reception=replace(each.reception, received_at_us=0))
        for key, each in answers.versions.items()
    }


async def test_a_repaired_copy_stays_the_first(archive: SmallArchive, tmp_path: Path) -> None:
    life = Life(archive, 1)
    for uid in ("1.1", "1.2"):
        await life.store(uid, "")
        await life.store(uid, "another")
    for uid in ("1.1", "1.1", "1.2"):
        life._uids = [uid]
        await life.repair()
    before, after = await answers_of(archive.index), await again(archive, tmp_path)
    assert timeless(after.instances) == timeless(before.instances)
    assert after.versions == before.versions
    assert {each.copies[0].location.key for each in after.instances.values()} == {
        "00000006",
        "00000007",
    }


async def test_what_a_repair_left_over_is_not_taken_for_the_first(
    archive: SmallArchive, tmp_path: Path
) -> None:
    life = Life(archive, 1)
    await life.store("1.1", "")
    damaged = archive.store.objects["00000001"][:-2] + b"!!"
    life._uids = ["1.1"]
    await life.repair()
    archive.store.objects["00000001"] = damaged
    before, after = await answers_of(archive.index), await again(archive, tmp_path)
    assert timeless(after.instances) == timeless(before.instances)
    assert after.versions == {}
