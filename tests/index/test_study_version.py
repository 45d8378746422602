import pytest

from pacsd.dicom.level import Level
from pacsd.index import correcting
from pacsd.index.index import Index
from pacsd.index.overlay_records import Correction
from pacsd.index.records import Scope
from tests.index.made import SCOPE, new

NAME = 0x00100010
STUDY = "1.2.3"


async def version(index: Index, study: str = STUDY) -> str:
    return await index.study_version(SCOPE, study)


async def test_every_change_makes_another(index: Index) -> None:
    seen = [await version(index)]
    assert seen == [""]
    await index.add([new("1.1")])
    seen.append(await version(index))
    assert await version(index) == seen[-1]
    await index.add([new("1.2"), new("1.3", series="1.2.3.9")])
    seen.append(await version(index))
    await index.instances.delete(SCOPE, ["1.2"], "test")
    seen.append(await version(index))
    await index.instances.restore(SCOPE, ["1.2"], "test")
    seen.append(await version(index))
    await correct(index, "Roe")
    seen.append(await version(index))
    assert len(set(seen)) == len(seen)


async def test_other_studies_keep_theirs(index: Index) -> None:
    await index.add([new("1.1"), new("9.1", study="9", series="9.0", patient_id="P9")])
    first, other = await version(index), await version(index, "9")
    assert first != other
    await index.add([new("1.2")])
    assert (await version(index), await version(index, "9")) != (first, other)
    assert await version(index, "9") == other


@pytest.mark.parametrize("most", [0, 100])
async def test_a_corrected_patient_changes_all_studies(
    index: Index, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(correcting, "MAX_STUDIES_TOLD", most)
    await index.add([new("1.1"), new("9.1", study="9", series="9.0")])
    before = await version(index), await version(index, "9")
    await correct(index, "Roe")
    assert await version(index) != before[0]
    assert await version(index, "9") != before[1]


async def test_another_epoch_is_another_version(index: Index) -> None:
    await index.add([new("1.1")])
    before = await version(index)
    await index._threads.write(
        lambda session: session.connection.exec_driver_sql("UPDATE meta SET value = 'rebuilt'")
    )
    assert await version(index) != before


async def test_what_may_not_be_seen_has_none(index: Index) -> None:
    await index.add([new("1.1")])
    assert await index.study_version(Scope(1, frozenset({"9"})), STUDY) == ""
    assert await index.study_version(Scope(2), STUDY) == ""
    assert await index.study_version(Scope(1, frozenset({STUDY})), STUDY) == await version(index)


async def correct(index: Index, name: str) -> None:
    [correctable] = await index.overlays.correctable(SCOPE, Level.STUDY, STUDY)
    correction = Correction(Level.STUDY, STUDY, NAME, name, "test", "why", 1, correctable.sha256)
    await index.overlays.correct(SCOPE, [correction])
