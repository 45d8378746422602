import pytest

from pacsd.index.errors import LabelRefused
from pacsd.index.index import Index
from pacsd.index.labels import MAX_LABELS
from pacsd.index.records import Scope
from tests.index.made import SCOPE, new

STUDY = "1.2.3"


async def test_labels_are_put_on_a_study_and_taken_off(index: Index) -> None:
    await index.add([new("1.1"), new("2.1", study="2", series="2.1")])
    assert await index.labels.is_new(SCOPE, STUDY, "urgent")
    assert await index.labels.set(SCOPE, STUDY, "urgent", "plugin:acme", 7, reached=1)
    assert not await index.labels.is_new(SCOPE, STUDY, "urgent")
    assert not await index.labels.set(SCOPE, STUDY, "urgent", "plugin:other", 7, reached=2)
    assert await index.labels.set(SCOPE, STUDY, "a label", "plugin:acme", 7)
    assert await index.log_position() == 2
    assert await index.labels.of(SCOPE, STUDY) == ["a label", "urgent"]
    assert await index.labels.of(SCOPE, "2") == []
    assert await index.labels.remove(SCOPE, STUDY, "urgent", reached=3)
    assert not await index.labels.remove(SCOPE, STUDY, "urgent", reached=4)
    assert await index.log_position() == 4
    assert await index.labels.of(SCOPE, STUDY) == ["a label"]


async def test_who_does_not_see_a_study_sees_no_labels(index: Index) -> None:
    await index.add([new("1.1")])
    await index.labels.set(SCOPE, STUDY, "urgent", "plugin:acme", 7)
    for scope in (Scope(2), Scope(1, frozenset({"9"}))):
        assert await index.labels.of(scope, STUDY) == []
        assert not await index.labels.remove(scope, STUDY, "urgent")
        assert not await index.labels.set(scope, STUDY, "another", "plugin:acme", 7)
        with pytest.raises(LabelRefused, match="there is no such study"):
            await index.labels.is_new(scope, STUDY, "urgent")


async def test_a_study_has_only_so_many(index: Index) -> None:
    await index.add([new("1.1")])
    for number in range(MAX_LABELS):
        assert await index.labels.is_new(SCOPE, STUDY, str(number))
        await index.labels.set(SCOPE, STUDY, str(number), "plugin:acme", 7)
    with pytest.raises(LabelRefused, match="the study has 100, the most it may"):
        await index.labels.is_new(SCOPE, STUDY, "one more")
    assert not await index.labels.is_new(SCOPE, STUDY, "7")


@pytest.mark.parametrize("label", ["", "x" * 65, "a\0b", "line\n"])
async def test_what_is_no_label_is_refused(index: Index, label: str) -> None:
    await index.add([new("1.1")])
    with pytest.raises(LabelRefused, match="label: has"):
        await index.labels.is_new(SCOPE, STUDY, label)


async def test_they_go_with_their_study(index: Index) -> None:
    [verdict] = await index.add([new("1.1")])
    await index.labels.set(SCOPE, STUDY, "urgent", "plugin:acme", 7)
    await index.instances.delete(SCOPE, ["1.1"], "admin")
    assert await index.labels.of(SCOPE, STUDY) == ["urgent"]
    await index.deletions.purge(SCOPE, [verdict.instance], "admin")
    assert await index.labels.of(SCOPE, STUDY) == []
    await index.add([new("1.1")])
    assert await index.labels.of(SCOPE, STUDY) == []
