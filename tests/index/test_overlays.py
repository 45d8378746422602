from pathlib import Path

import pytest

from pacsd.dicom.level import Level
from pacsd.index.index import Index, open_index
from pacsd.index.overlay_records import Correctable, Correction, Overlay
from pacsd.index.records import Scope
from tests.index.made import SCOPE, Clock, new

NAME, STUDY_DATE, MODALITY, COMMENTS = 0x00100010, 0x00080020, 0x00080060, 0x00204000


def correction(level: Level, uid: str, tag: int, value: str, sha256: bytes = b"") -> Correction:
    return Correction(level, uid, tag, value, "admin", "why", 7, sha256)


async def numbers(index: Index) -> dict[str, int]:
    return {each.sop_instance_uid: each.id for each in await index.instances.page(SCOPE)}


async def test_what_lies_over_an_instance(index: Index) -> None:
    same_patient = new("2.1", study="1.9", series="1.9.1", content=b"c")
    same_study = new("1.2", series="1.2.3.9", content=b"b")
    first = new("1.1")
    await index.add([first, same_study, same_patient])
    id_of = await numbers(index)
    assert await index.overlays.of_instances(list(id_of.values())) == {}
    corrections = [
        correction(Level.STUDY, "1.2.3", NAME, "Roe"),
        correction(Level.STUDY, "1.2.3", STUDY_DATE, "20260101"),
        correction(Level.STUDY, "1.2.3", STUDY_DATE, "20260102"),
        correction(Level.SERIES, "1.2.3.0", MODALITY, "MR"),
        correction(Level.INSTANCE, "1.1", COMMENTS, "none", first.copy.sha256),
    ]
    assert len(await index.overlays.correct(SCOPE, corrections)) == 5
    found = await index.overlays.of_instances(list(id_of.values()))
    values = {
        uid: {tag: each.new_value for tag, each in found[id_of[uid]].items()} for uid in id_of
    }
    assert values == {
        "1.1": {NAME: "Roe", STUDY_DATE: "20260102", MODALITY: "MR", COMMENTS: "none"},
        "1.2": {NAME: "Roe", STUDY_DATE: "20260102"},
        "2.1": {NAME: "Roe"},
    }


async def test_those_of_an_earlier_start_are_found(folder: Path) -> None:
    async with open_index(folder, now_us=Clock()) as index:
        await index.add([new("1.1")])
        await index.overlays.correct(SCOPE, [correction(Level.STUDY, "1.2.3", NAME, "Roe")])
        before = await index.overlays.page(SCOPE)
    async with open_index(folder, now_us=Clock()) as index:
        [number] = (await numbers(index)).values()
        found = await index.overlays.of_instances([number])
        assert found[number][NAME].new_value == "Roe"
        assert await index.overlays.page(SCOPE) == before


async def test_where_there_are_none_it_is_asked_once(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await index.overlays.of_instances([1]) == {}
    monkeypatch.setattr(index, "_threads", None)
    monkeypatch.setattr(index.overlays, "_threads", None)
    assert await index.overlays.of_instances([1]) == {}


async def test_what_may_be_corrected(index: Index) -> None:
    instance = new("1.1")
    await index.add([instance])
    correctable = index.overlays.correctable
    assert await correctable(SCOPE, Level.STUDY, "1.2.3") == [Correctable(b"")]
    found = await correctable(SCOPE, Level.INSTANCE, "1.1")
    assert found == [Correctable(instance.copy.sha256)]
    assert await correctable(SCOPE, Level.SERIES, "9") == []
    assert await correctable(Scope(2), Level.STUDY, "1.2.3") == []


async def test_pages(index: Index) -> None:
    await index.add([new("1.1")])
    done = await index.overlays.correct(
        SCOPE,
        [
            correction(Level.STUDY, "1.2.3", NAME, "Roe"),
            correction(Level.SERIES, "1.2.3.0", MODALITY, "MR"),
        ],
        reached=2,
    )
    assert await index.log_position() == 2
    listed = await index.overlays.page(SCOPE)
    assert [(each.uid, each.overlay) for each in listed] == [
        ("P1", done[0].overlay),
        ("1.2.3.0", done[1].overlay),
    ]
    assert done[1].overlay == Overlay(
        done[1].overlay.id, Level.SERIES, MODALITY, "", "MR", "admin", "why", 7
    )
    assert await index.overlays.page(SCOPE, listed[0].overlay.id) == listed[1:]
    for uid, expected in (("1.2.3", listed[:1]), ("1.2.3.0", listed[1:]), ("9", [])):
        assert await index.overlays.page(SCOPE, uid=uid) == expected
    assert await index.overlays.page(Scope(1, frozenset({"1.2.3"}))) == []
