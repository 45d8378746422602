from io import BytesIO
from pathlib import Path

from pacsd.api.ai import AiInput
from pacsd.api.ai_inputs import instances_of
from pacsd.api.instances import MAX_PAGE_INSTANCES, InstanceFacts
from pacsd.testing.fake_host import fake_host
from pacsd.testing.memory_instances import MemoryInstances
from pacsd.testing.objects import dicom_file


def series(uid: str) -> AiInput:
    return AiInput("1.2.3", uid, "CT", "", "20260102", is_prior=False)


async def test_all_instances_of_all_series_one_after_the_other(tmp_path: Path) -> None:
    instances = fake_host(tmp_path).instances
    for number in range(4):
        uids = {"SeriesInstanceUID": f"1.2.3.{number % 2}", "SOPInstanceUID": f"1.2.3.9.{number}"}
        await instances.add(BytesIO(dicom_file(uids)))
    given = (series("1.2.3.1"), series("1.2.404"), series("1.2.3.0"))
    found = [facts.sop_instance_uid async for facts in instances_of(instances, given)]
    assert found == ["1.2.3.9.1", "1.2.3.9.3", "1.2.3.9.0", "1.2.3.9.2"]


class Long(MemoryInstances):
    """A series of more than one page."""

    async def of_study(
        self, study_uid: str, series_uid: str = "", after: str = "", /
    ) -> tuple[InstanceFacts, ...]:
        first = int(after.rpartition(".")[2]) + 1 if after else 0
        numbers = range(first, min(first + MAX_PAGE_INSTANCES, 2_500))
        return tuple(
            InstanceFacts(f"1.2.{number}", "1.2", series_uid, study_uid, "1.2", 9)
            for number in numbers
        )


async def test_page_by_page() -> None:
    found = [facts async for facts in instances_of(Long(), (series("1.2.3.1"),))]
    assert len({facts.sop_instance_uid for facts in found}) == len(found) == 2_500
