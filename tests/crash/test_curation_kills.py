"""kill -9 between a decision's steps: what the log has is carried out at start, once."""

import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from pacsd.api.crashpoints import VARIABLE
from pacsd.api.store import Location
from pacsd.app.admin.unix_socket import SOCKET_NAME, AdminError, ask
from pacsd.app.conf.settings import Config
from pacsd.app.index_rebuild import rebuild_index
from pacsd.index.index import open_index
from pacsd.index.records import InstanceState, NewInstance, QuarantinedVersion, Scope
from pacsd.testing.daemon import Running, running
from tests.archive.answers_of import Answers, answers_of
from tests.archive.small_archive import Clock
from tests.crash.campaign import PATIENCE_S, Campaign, Version

OBJECTS = 60
"""Of each sender; some of them come in several versions."""


class Unheard:
    """A rebuild that nobody looks at."""

    is_shown = False

    def expect(self, files: int, /) -> None:
        """Say nothing."""

    def read(self, location: Location, /) -> None:
        """Say nothing."""

    def unreadable(self, key: str, why: str, /) -> None:
        raise AssertionError((key, why))


class Stored:
    """A data directory with objects and versions, and what their senders were told."""

    def __init__(self, data_dir: Path, campaign: Campaign) -> None:
        self.data_dir = data_dir
        self.campaign = campaign

    def fill(self) -> None:
        """Have the senders send."""
        with self._daemon() as daemon:
            with self.campaign.sending(daemon, OBJECTS):
                pass
            assert daemon.stop() == 0

    def kill(self, point: str, command: str, **arguments: object) -> None:
        """Decide, and die at that point of it."""
        with self._daemon({VARIABLE: point}) as daemon:
            with pytest.raises(AdminError):
                ask(self.data_dir / SOCKET_NAME, command, **arguments)
            assert daemon.process.wait(PATIENCE_S) == -signal.SIGKILL

    def decide(self, command: str, **arguments: object) -> None:
        """Decide, and stop in peace."""
        with self._daemon() as daemon:
            ask(self.data_dir / SOCKET_NAME, command, **arguments)
            assert daemon.stop() == 0

    def kill_in_purge(self, point: str) -> None:
        """Keep nothing that is deleted, and die at that point of purging it."""
        environment = {VARIABLE: point, "PACSD_DELETION__KEEP_DAYS": "0.0000000001"}
        with self._daemon(environment, wait=False) as daemon:
            assert daemon.process.wait(PATIENCE_S) == -signal.SIGKILL

    def start_again(self) -> int:
        """How many decisions were carried out at that."""
        with self._daemon() as daemon:
            assert daemon.stop() == 0
            lines = daemon.said("decisions that a crash had interrupted were carried out")
        return sum(int(str(line["decisions"])) for line in lines)

    async def versions(self) -> list[QuarantinedVersion]:
        async with open_index(self.data_dir / "index", now_us=Clock()) as index:
            return await index.quarantine.page(Scope())

    async def a_study(self) -> str:
        """The UID of one."""
        async with open_index(self.data_dir / "index", now_us=Clock()) as index:
            live = await index.instances.page(Scope())
        return next(each.study_instance_uid for each in live if each.state is InstanceState.LIVE)

    async def instances_of(self, study_uid: str) -> dict[str, InstanceState]:
        """Those that hang in it, by UID, with their states."""
        async with open_index(self.data_dir / "index", now_us=Clock()) as index:
            page = await index.instances.page(Scope(), limit=10_000)
        return {
            each.sop_instance_uid: each.state
            for each in page
            if each.study_instance_uid == study_uid and each.state is not InstanceState.HELD
        }

    async def corrected(self) -> list[str]:
        """The new values of what was corrected."""
        async with open_index(self.data_dir / "index", now_us=Clock()) as index:
            return [each.overlay.new_value for each in await index.overlays.page(Scope())]

    async def check_rebuild(self) -> None:
        """Made anew, the index answers the same."""
        before = await self._answers()
        await rebuild_index(Config(data_dir=self.data_dir), self.data_dir, Unheard())
        after = await self._answers()
        assert replace(after, headers={}) == replace(before, headers={})

    async def _answers(self) -> Answers:
        async with open_index(self.data_dir / "index", now_us=Clock()) as index:
            return await answers_of(index)

    def _daemon(
        self, environment: Mapping[str, str] | None = None, *, wait: bool = True
    ) -> AbstractContextManager[Running]:
        return running("--http", "", data_dir=self.data_dir, wait=wait, environment=environment)


@pytest.fixture(scope="module")
def filled() -> Iterator[Stored]:
    """One that is only copied."""
    with tempfile.TemporaryDirectory(prefix="pacsd-") as temporary:
        filled = Stored(Path(temporary) / "data", Campaign(seed=5))
        filled.fill()
        yield filled


@pytest.fixture
def stored(filled: Stored) -> Iterator[Stored]:
    with tempfile.TemporaryDirectory(prefix="pacsd-") as temporary:
        data_dir = Path(temporary) / "data"
        shutil.copytree(filled.data_dir, data_dir, ignore=shutil.ignore_patterns(SOCKET_NAME))
        campaign = Campaign(seed=5)
        campaign.ledger = filled.campaign.ledger.copy()
        yield Stored(data_dir, campaign)


def version_of(new: NewInstance) -> Version:
    return Version(new.sop_instance_uid, new.copy.sha256)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "point", ["after_state_append", "after_state_removal", "after_state_index"]
)
async def test_killed_while_a_version_is_given_up(point: str, stored: Stored) -> None:
    chosen, *others = await stored.versions()
    stored.kill(point, "quarantine.discard", number=chosen.id)
    assert stored.start_again() == (point != "after_state_index")
    assert await stored.versions() == others
    stored.campaign.ledger.aside.discard(version_of(chosen.version))
    await stored.campaign.reckon(stored.data_dir)
    await stored.check_rebuild()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("point", ["after_state_append", "after_state_index"])
async def test_killed_while_a_version_is_released(point: str, stored: Stored) -> None:
    chosen, *_ = await stored.versions()
    stored.kill(point, "quarantine.release", number=chosen.id)
    assert stored.start_again() == (point != "after_state_index")
    released, ledger = version_of(chosen.version), stored.campaign.ledger
    ledger.aside.add(Version(released.uid, ledger.first[released.uid]))
    ledger.aside.discard(released)
    ledger.first[released.uid] = released.sha256
    await stored.campaign.reckon(stored.data_dir)
    await stored.check_rebuild()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("point", ["after_state_append", "after_state_index"])
async def test_killed_while_a_study_is_corrected(point: str, stored: Stored) -> None:
    values = {"PatientName": "Roe^Jane", "StudyDate": "20260131"}
    study_uid = await stored.a_study()
    stored.kill(point, "correct.apply", level="study", uid=study_uid, values=values, reason="x")
    assert stored.start_again() == (2 if point != "after_state_index" else 0)
    assert await stored.corrected() == ["20260131", "Roe^Jane"]
    await stored.campaign.reckon(stored.data_dir)
    await stored.check_rebuild()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("point", ["after_state_append", "after_state_index"])
async def test_killed_while_a_study_is_deleted(point: str, stored: Stored) -> None:
    study_uid = await stored.a_study()
    before = await stored.instances_of(study_uid)
    stored.kill(point, "deletion.delete", level="study", uid=study_uid, reason="x")
    assert stored.start_again() == (len(before) if point != "after_state_index" else 0)
    deleted = await stored.instances_of(study_uid)
    assert deleted == dict.fromkeys(before, InstanceState.DELETED)
    await stored.campaign.reckon(stored.data_dir)
    await stored.check_rebuild()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "point", ["after_state_append", "after_state_removal", "after_state_index"]
)
async def test_killed_while_a_study_is_purged(point: str, stored: Stored) -> None:
    study_uid = await stored.a_study()
    before = await stored.instances_of(study_uid)
    assert len(before) > 1
    stored.decide("deletion.delete", level="study", uid=study_uid, reason="x")
    stored.kill_in_purge(point)
    carried_out = stored.start_again()
    assert bool(carried_out) == (point != "after_state_index")
    left = await stored.instances_of(study_uid)
    assert left.keys() < before.keys()
    assert {*left.values()} <= {InstanceState.DELETED}
    for uid in before.keys() - left.keys():
        del stored.campaign.ledger.first[uid]
    await stored.campaign.reckon(stored.data_dir)
    await stored.check_rebuild()
