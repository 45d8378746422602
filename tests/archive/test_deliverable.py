from pathlib import Path

import pytest

from pacsd.api.instances import InstanceFacts
from pacsd.archive import deliverable
from pacsd.archive.deliverable import Deliverables
from tests.app.small_archive import small_archive

CT = "1.2.840.10008.5.1.4.1.1.2"


async def test_a_study_is_told_in_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliverable, "MAX_INSTANCES", 2)
    async with small_archive(tmp_path) as archive:
        for number in range(5):
            await archive.add(f"1.2.3.{number + 4}")
        await archive.add("1.9", StudyInstanceUID="1.8", SeriesInstanceUID="1.8.1")
        tested = Deliverables(archive.retriever)
        pages = [page async for page in tested.pages("1.2.3")]
        assert [len(page) for page in pages] == [2, 2, 1]
        uids = [each.sop_instance_uid for page in pages for each in page]
        assert uids == [f"1.2.3.{number + 4}" for number in range(5)]
        [[one]] = [page async for page in tested.pages("1.8", "1.8.1", "1.9")]
        stored = await archive.retriever.find("1.9")
        assert stored is not None
        syntax, size = "1.2.840.10008.1.2.1", stored.copies[0].location.size_bytes
        assert one == InstanceFacts("1.9", CT, "1.8.1", "1.8", syntax, size)
        assert [page async for page in tested.pages("1.8", "1.9")] == []


async def test_instances_are_found_by_their_uids(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliverable, "_TOGETHER", 2)
    async with small_archive(tmp_path) as archive:
        for number in range(3):
            await archive.add(f"1.2.3.{number + 4}")
        tested = Deliverables(archive.retriever)
        found = await tested.named(["1.2.3.6", "1.9", "1.2.3.4", "1.2.3.5"])
        assert {each.sop_instance_uid for each in found} == {"1.2.3.4", "1.2.3.5", "1.2.3.6"}
        assert await tested.named([]) == ()
