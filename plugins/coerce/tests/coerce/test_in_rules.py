from dataclasses import replace
from pathlib import Path

import pytest
from pacsd_coerce.coercions import read_coercions
from pacsd_coerce.errors import NotCoerced
from pacsd_coerce.in_rules import Incoming, InRule, coerced

from pacsd.api.receiving import ReceivedInstance
from pacsd.testing.hook_records import received_instance
from tests.coerced_trees import tag

COERCIONS = """
    [groups]
    scanners = ["CT*"]
    [coercion.house]
    step = [{ set = { InstitutionName = "X" } }, { template = { StudyID = "{Modality}{StudyID}" } }]
    [coercion.short]
    step = [{ map = { attribute = "StudyID", table = { "CT1" = "one" } } }]
    [coercion.long]
    step = [{ template = { StudyID = "{StudyDescription}" } }]
    """


def instance(**attributes: str) -> ReceivedInstance:
    known = {"Modality": "CT", "StudyID": "1", **attributes}
    return replace(received_instance(), attributes=known)


def rules(*texts: str) -> tuple[InRule, ...]:
    tables = [f"[[in]]\nname = 'r{number}'\n{text}\n" for number, text in enumerate(texts)]
    return read_coercions(COERCIONS + "\n".join(tables), Path()).on_the_way_in


def test_what_matches_is_coerced_one_rule_after_the_other() -> None:
    made, by = coerced(rules("coerce = 'house'", "coerce = 'short'"), instance())
    assert made == {tag("InstitutionName"): "X", tag("StudyID"): "one"}
    assert by == "r0, r1"


@pytest.mark.parametrize(
    ("text", "is_meant"),
    [
        ("", True),
        ("match = { Modality = ['CT', 'MR'] }", True),
        ("match = { Modality = 'MR' }", False),
        ("match = { StudyID = '?' }\nunless = { Modality = 'CT', StudyID = '2' }", True),
        ("unless = { Modality = 'CT', StudyID = '1' }", False),
        ("from = '@scanners'", True),
        ("from = ['US1', 'MR*']", False),
        ("called = 'PACSD'", True),
        ("called = 'OTHER'", False),
    ],
)
def test_everything_has_to_hold(text: str, is_meant: bool) -> None:
    [rule] = rules(f"coerce = 'house'\n{text}")
    assert rule.matches(instance()) is is_meant


def test_rules_look_at_what_came() -> None:
    house, other = rules("coerce = 'house'", "coerce = 'short'\nmatch = { StudyID = 'CT1' }")
    made, by = coerced((house, other), instance())
    assert (made[tag("StudyID")], by) == ("CT1", "r0")


def test_what_is_so_already_is_no_change() -> None:
    assert coerced(rules("coerce = 'short'"), instance()) == ({}, "r0")
    assert coerced(rules("coerce = 'short'"), instance(StudyID="CT1"))[0] == {tag("StudyID"): "one"}


def test_what_cannot_be_made_a_value_is_told_without_it() -> None:
    [rule] = rules("coerce = 'long'")
    with pytest.raises(NotCoerced, match="StudyID") as raised:
        coerced([rule], instance(StudyDescription="Ann Miller's twenty-first study"))
    assert "Miller" not in str(raised.value)
    with pytest.raises(NotCoerced, match="StudyDescription has no value"):
        coerced([rule], instance())


def test_what_comes_has_no_items() -> None:
    incoming = Incoming({"PatientComments": "a\\b", "StudyID": "1\\2"})
    assert incoming.texts(tag("PatientComments")) == ("a\\b",)
    assert incoming.texts(tag("StudyID")) == ["1", "2"]
    assert list(incoming.items(tag("ContentSequence"))) == []
