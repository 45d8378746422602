"""Lists of instances, remembered until their study changes."""

from collections.abc import AsyncGenerator, Sequence
from typing import cast

import pytest

from pacsd.archive.retrievable import Retrievable
from pacsd.archive.sight import EVERYTHING, Sight
from pacsd.dicom.query import Query, Values
from pacsd.dicom.vr import VR
from pacsd.dicomweb.errors import NotFound
from pacsd.dicomweb.targets import Kind, Target
from pacsd.net.web.known_instances import KnownInstances
from pacsd.net.web.selection import Retrieves
from tests.archive.test_metadata import instance

HALF = Sight((Values(0x00100020, VR.LO, ("1",)),))


class Listing:
    """Lists as many as it is told, and counts how often."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.lists = 0

    async def select(self, _: Query, *, sight: Sight = EVERYTHING) -> Sequence[int]:
        assert sight in {EVERYTHING, HALF}
        self.lists += 1
        return range(self.count)

    async def instances(
        self, numbers: Sequence[int]
    ) -> AsyncGenerator[Sequence[Retrievable], None]:
        yield [instance(each) for each in numbers]


def study(uid: str) -> Target:
    return Target(Kind.STUDY_METADATA, uid)


def known(listing: Listing, most: int = 100) -> KnownInstances:
    return KnownInstances(cast("Retrieves", listing), most)


async def test_a_study_is_listed_once_for_each_version() -> None:
    listing = Listing(3)
    instances = known(listing)
    for version in ("1", "1", "2", "2"):
        assert len(await instances.of(study("1"), version, EVERYTHING)) == 3
    assert listing.lists == 2


async def test_the_oldest_are_forgotten() -> None:
    listing = Listing(40)
    instances = known(listing)
    for uid in ("1", "2", "3", "2", "3", "1"):
        await instances.of(study(uid), "v", EVERYTHING)
    assert listing.lists == 4
    assert instances._count == 80


async def test_of_versions_the_last_is_counted() -> None:
    instances = known(Listing(40))
    for version in range(10):
        await instances.of(study("1"), f"{version}", EVERYTHING)
    assert (instances._count, len(instances._known)) == (40, 1)


async def test_what_is_too_long_is_not_remembered() -> None:
    listing = Listing(101)
    instances = known(listing)
    await instances.of(study("1"), "v", EVERYTHING)
    await instances.of(study("1"), "v", EVERYTHING)
    assert (listing.lists, instances._count) == (2, 0)


async def test_nothing_is_not_remembered() -> None:
    instances = known(Listing(0))
    with pytest.raises(NotFound):
        await instances.of(study("1"), "", EVERYTHING)
    assert instances._known == {}


async def test_of_those_who_see_different_things_each_has_its_own() -> None:
    listing = Listing(3)
    instances = known(listing)
    for sight in (EVERYTHING, HALF, EVERYTHING, HALF):
        await instances.of(study("1"), "1", sight)
    assert listing.lists == 2
