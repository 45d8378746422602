from pathlib import Path

import anyio
import pytest

from pacsd.net.web import entering
from pacsd.net.web.entering import Entrance
from pacsd.net.web.store_report import Stored
from pacsd.testing.objects import CT_IMAGE_STORAGE
from tests.dicom.written import EXPLICIT
from tests.net.web.serving import UID, Served, payload, serving
from tests.net.web.test_storing import HeldStore, content, file, kept, post, sent


async def test_no_more_than_a_few_wait_for_their_commit(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entering, "AT_ONCE", 2)
    uids = [f"1.2.3.4.{number}" for number in range(30)]
    answer = await post(served, payload(*map(file, uids)))
    assert kept(answer) == uids
    assert max(served.store.groups) <= 3


async def test_it_comes_by_dicomweb(served: Served) -> None:
    await post(served, payload(file()))
    (stored,) = served.store.objects.values()
    assert b'"origin":"dicomweb"' in stored


async def test_who_is_cancelled_while_it_waits_for_its_turn_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And that is waited for, though the store takes its time."""
    monkeypatch.setattr(entering, "AT_ONCE", 0)
    store = HeldStore("write")
    async with serving(tmp_path, store=store) as served:
        served.ingest._memory._total_bytes = 1
        entrance = Entrance(served.ingest, sent(b""), lambda: 1)
        stored = Stored(CT_IMAGE_STORAGE, UID)
        async with anyio.create_task_group() as tasks:
            intake = entrance.begin(stored, EXPLICIT.uid)
            intake.write(content())
            await store.reached.wait()
            tasks.start_soon(entrance.finish, intake, stored, tasks)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await anyio.wait_all_tasks_blocked()
            assert served.ingest.health().open_objects == 1
            store.go.set()
        assert served.ingest.health().open_objects == 0
        assert store.objects == {}
