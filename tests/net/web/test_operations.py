"""The table behind all descriptions, held against what is served and what the grammar reads."""

import re
from collections import Counter
from itertools import chain

from pacsd.dicomweb.errors import DicomWebError
from pacsd.dicomweb.parameters import IGNORED, REPEATED, SINGLE
from pacsd.dicomweb.targets import TEMPLATES, Kind
from pacsd.net.web.operations import OPERATIONS, PROBLEMS, transactions
from pacsd.net.web.resources import RESOURCES, WebService


def test_every_method_of_every_resource_is_a_transaction() -> None:
    described = {(each.kind, each.method): each.service for each in transactions()}
    served = {
        (kind, method): service
        for kind, methods in RESOURCES.items()
        for method, service in methods.items()
    }
    assert described == served
    assert OPERATIONS.keys() == set(WebService)


def test_each_has_a_name_of_its_own() -> None:
    names = Counter(each.id for each in transactions())
    assert set(names.values()) == {1}
    assert {"SearchForStudysSeries", "RetrieveStudyMetadata", "StoreIntoStudy"} <= names.keys()
    assert all(re.fullmatch("[A-Z][A-Za-z]+", each) for each in names)


def test_a_search_has_the_parameters_that_the_grammar_reads() -> None:
    described = OPERATIONS[WebService.SEARCH].query
    assert {*described} == {"match", *SINGLE, *REPEATED, *IGNORED}


def test_every_refusal_of_the_grammar_is_told_of() -> None:
    refusals = {each.status for each in DicomWebError.__subclasses__()}
    told = set(chain.from_iterable(each.problems for each in OPERATIONS.values()))
    assert refusals <= told == PROBLEMS.keys()


def test_only_one_instance_leaves_by_itself() -> None:
    alone = [
        each.kind
        for each in transactions()
        if each.service is WebService.INSTANCES
        and "application/dicom" in each.answers[0].media_types
    ]
    assert alone == [Kind.INSTANCE]


def test_paths_are_those_of_the_grammar() -> None:
    assert {each.path for each in transactions()} == {TEMPLATES[kind] for kind in RESOURCES}


def test_who_promises_406_reads_what_the_client_takes() -> None:
    for each in OPERATIONS.values():
        assert (406 in each.problems) == ("accept" in each.query)
