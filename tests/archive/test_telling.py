"""What is told of candidates, of headers made by hand."""

import pytest

from pacsd.archive.telling import Candidate, Teller
from pacsd.dicom.answer import Field
from pacsd.dicom.level import Level
from pacsd.dicom.query import Patterns, ReturnKey
from pacsd.dicom.vr import VR
from pacsd.index.entities import Entity
from pacsd.index.overlay_records import Overlay
from tests.archive.test_finding import KVP, SPECIES, STUDY

ENTITY = Entity(7, {STUDY: "1.2"}, 9)
DOG = Overlay(1, Level.STUDY, SPECIES, "", "dog", "test", "why", 1)
KEYS = (ReturnKey(SPECIES, VR.LO), ReturnKey(KVP, VR.DS))
OF_DOGS = (Patterns(SPECIES, VR.LO, ("dog",)),)


def test_what_is_known_beside_columns_is_told() -> None:
    teller = Teller((), KEYS, None, frozenset())
    (told,) = teller.tell([Candidate(ENTITY, None, {SPECIES: DOG})], 1)
    assert told == {STUDY: "1.2", SPECIES: Field("LO", "dog"), KVP: ""}
    assert teller.tell([Candidate(ENTITY)], 1) == [{STUDY: "1.2", SPECIES: "", KVP: ""}]


@pytest.mark.parametrize("header", [None, b"nobody can read this"])
def test_without_a_header_nothing_matches(header: bytes | None) -> None:
    teller = Teller(OF_DOGS, (), None, frozenset())
    known, unknown = Candidate(ENTITY, header, {SPECIES: DOG}), Candidate(ENTITY, header)
    assert teller.tell([unknown, known, unknown], 1) == [{STUDY: "1.2"}]


def test_only_matching_has_a_budget() -> None:
    with pytest.raises(TimeoutError):
        Teller(OF_DOGS, (), None, frozenset()).tell([Candidate(ENTITY)], -1)
    assert len(Teller((), KEYS, None, frozenset()).tell([Candidate(ENTITY)], -1)) == 1


def test_in_another_zone_only_what_was_asked_for_is_told() -> None:
    date, time, zone = 0x00080020, 0x00080030, 0x00080201
    entity = Entity(7, {date: "20260131", time: "2330", zone: "+0100"}, 9)
    teller = Teller((), (), 120, frozenset({date, zone}))
    assert teller.tell([Candidate(entity)], 1) == [{date: "20260201", zone: "+0200"}]
