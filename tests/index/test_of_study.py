from pacsd.index.index import Index
from pacsd.index.records import Scope
from tests.index.made import SCOPE, new


async def test_instances_of_a_study_come_by_their_uids(index: Index) -> None:
    await index.add(
        [
            new("1.9"),
            new("1.10"),
            new("1.2", series="1.2.3.2"),
            new("2.1", study="2", series="2.1"),
            new("1.3", patient_id="another, so that it is held"),
            new("1.4"),
        ]
    )
    await index.instances.delete(SCOPE, ["1.4"], "admin")
    found = await index.of_study.page(SCOPE, "1.2.3")
    assert [each.sop_instance_uid for each in found] == ["1.10", "1.2", "1.9"]
    assert all(each.copies for each in found)
    one = await index.of_study.page(SCOPE, "1.2.3", limit=1)
    rest = await index.of_study.page(SCOPE, "1.2.3", after=one[-1].sop_instance_uid)
    assert one + rest == found
    assert await index.of_study.page(SCOPE, "1.2.3", "1.2.3.2") == [found[1]]
    assert await index.of_study.page(Scope(2), "1.2.3") == []
