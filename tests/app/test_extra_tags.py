import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pacsd.api.reception import Reception
from pacsd.api.store import StageRequest
from pacsd.app import extra_tags
from pacsd.app.conf.settings import ExtraTagSettings
from pacsd.app.extra_tags import Reindexing, chosen
from pacsd.archive.adoption import adopt
from pacsd.archive.file_meta import encode_preface
from pacsd.archive.instance import InstanceRequest
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.index import Index, open_index
from pacsd.index.records import ExtraTagState, Scope
from pacsd.index.sqlite import Durability
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set

SPECIES = ExtraTagSettings(tag="PatientSpeciesDescription")
WEIGHT = ExtraTagSettings(tag="(0010,1030)", level="study")
PRIVATE = ExtraTagSettings(tag="(0009,1001)", private_creator="ACME 1.1", vr="LO")


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=lambda: 0, durability=Durability.RELAXED) as opened:
        yield opened


@pytest.fixture
async def store(index: Index) -> MemoryStore:
    """Three objects that are indexed."""
    made = MemoryStore()
    for number in range(3):
        uid = f"1.2.3.{number}"
        reception = Reception(1, "CT1", "PACSD", "192.0.2.7", 1, "dimse")
        request = InstanceRequest(CT_IMAGE_STORAGE, uid, "1.2.840.10008.1.2.1", reception)
        data = data_set({"SOPInstanceUID": uid, "PatientSpeciesDescription": "Canis"})
        content = encode_preface(request) + data
        await made.commit([await made.stage(StageRequest(1, content, hashlib.sha256()))])
    await adopt(made, "memory", index)
    return made


async def test_tags_are_as_the_configuration_has_them(index: Index) -> None:
    first = await chosen(index, [SPECIES, PRIVATE])
    assert [(tag.tag, tag.private_creator, tag.vr) for tag in first] == [
        (0x00102201, "", "LO"),
        (0x00090001, "ACME 1.1", "LO"),
    ]
    second = await chosen(index, [PRIVATE, WEIGHT])
    assert second[0] == first[1]
    assert {tag.tag for tag in await index.extra_tags.all(Scope())} == {0x00090001, 0x00101030}


async def test_a_tag_moved_to_another_level_is_chosen_anew(index: Index) -> None:
    [before] = await chosen(index, [SPECIES])
    [after] = await chosen(index, [SPECIES.model_copy(update={"level": "series"})])
    assert after.id != before.id


async def test_what_is_stored_already_is_filled_in(
    index: Index, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extra_tags, "PAUSE_S", 0)
    tags = await chosen(index, [SPECIES])
    assert [tag.state for tag in tags] == [ExtraTagState.REINDEXING]
    with capture_logs() as captured:
        await Reindexing(store, index, tags).run()
    assert [line["event"] for line in captured] == ["a tag is being indexed", "a tag is indexed"]
    assert [tag.state for tag in await index.extra_tags.all(Scope())] == [ExtraTagState.COMPLETE]
    stats = await index.stats(Scope())
    assert stats.rows["extra_value"] == 3


async def test_a_fault_of_the_index_is_waited_out(
    index: Index, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extra_tags, "PAUSE_S", 0)
    monkeypatch.setattr(extra_tags, "RETRY_S", 0)
    tags = await chosen(index, [SPECIES])
    faults = [IndexFault(IndexFaultKind.NO_SPACE, "test")]
    fill = index.extra_tags.fill

    async def failing(*arguments: object) -> object:
        if faults:
            raise faults.pop()
        return await fill(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(index.extra_tags, "fill", failing)
    with capture_logs() as captured:
        await Reindexing(store, index, tags).run()
    assert [line["log_level"] for line in captured] == ["info", "error", "info"]


async def test_what_is_complete_is_left_alone(index: Index) -> None:
    tags = await chosen(index, [SPECIES])
    complete = [replace(tag, state=ExtraTagState.COMPLETE) for tag in tags]
    with capture_logs() as captured:
        await Reindexing(MemoryStore(), index, complete).run()
    assert captured == []
