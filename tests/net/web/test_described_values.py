"""The schemas, held against the grammar that they describe."""

import re
from typing import Any, cast

import pytest

from pacsd.dicom.uid import is_acceptable_uid
from pacsd.dicom.vr import VR
from pacsd.dicomweb.attribute_names import path_named
from pacsd.dicomweb.errors import BadRequest
from pacsd.dicomweb.required_attributes import SEARCHES
from pacsd.dicomweb.targets import TEMPLATES, Kind
from pacsd.net.web.described_values import (
    ATTRIBUTE_PATTERN,
    IN_HEADER,
    IN_PATH,
    IN_QUERY,
    OF_ANSWER,
    SCHEMAS,
    matches_of,
)
from pacsd.net.web.operations import OPERATIONS, PROBLEM_HEADERS, transactions
from pacsd.net.web.resources import RESOURCES


@pytest.mark.parametrize("uid", ["1.2.3", "1", "0.00", "1" * 64, ".1", "1" * 65, "", ".", "1.a"])
def test_a_uid_is_what_the_grammar_takes(uid: str) -> None:
    schema = cast("dict[str, Any]", IN_PATH["study"][1])
    fits = len(uid) <= schema["maxLength"] and re.search(schema["pattern"], uid) is not None
    assert fits == is_acceptable_uid(uid)


@pytest.mark.parametrize(
    "name",
    ["PatientName", "00100010", "0010001g", "ProcedureCodeSequence.CodeValue", "", "A.", "1"],
)
def test_an_attribute_is_named_so(name: str) -> None:
    try:
        path_named(name)
    except BadRequest:
        assert re.search(ATTRIBUTE_PATTERN, name) is None
    else:
        assert re.search(ATTRIBUTE_PATTERN, name)


@pytest.mark.parametrize("kind", SEARCHES)
def test_what_may_be_matched_has_names_that_are_read(kind: Kind) -> None:
    names = cast("dict[str, Any]", matches_of(kind)["properties"])
    assert names
    for name in names:
        assert path_named(name)
        assert re.search(ATTRIBUTE_PATTERN, name)


def test_everything_that_is_named_is_described_and_the_reverse() -> None:
    variables = {name for kind in RESOURCES for name in re.findall(r"\{(\w+)\}", TEMPLATES[kind])}
    assert variables == IN_PATH.keys()
    assert {name for each in OPERATIONS.values() for name in each.query} - {
        "match"
    } == IN_QUERY.keys()
    assert {name for each in OPERATIONS.values() for name in each.headers} == IN_HEADER.keys()
    answers = [answer for each in transactions() for answer in each.answers]
    of_answers = {name for each in answers for name in (*each.headers, *each.maybe)}
    of_problems = {name for names in PROBLEM_HEADERS.values() for name in names}
    assert of_answers | of_problems == OF_ANSWER.keys()
    assert {each.schema for each in answers} - {""} < SCHEMAS.keys()


def test_attributes_have_a_vr() -> None:
    attribute = cast("dict[str, Any]", SCHEMAS["Attribute"])
    assert attribute["properties"]["vr"]["enum"] == sorted(VR)
