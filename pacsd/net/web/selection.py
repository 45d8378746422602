"""The instances that a resource holds (PS3.18 section 10.4.1.1)."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

from pacsd.archive.retrievable import Retrievable
from pacsd.archive.sight import EVERYTHING, Sight
from pacsd.dicom.identifier import UNIQUE_KEYS
from pacsd.dicom.level import Level
from pacsd.dicom.query import Query, Values
from pacsd.dicom.vr import VR
from pacsd.dicomweb.errors import NotFound
from pacsd.dicomweb.targets import Kind, Target
from pacsd.net.sending import OpenDataSet


class Retrieves(Protocol):
    """Who has the objects; see `Retriever`."""

    async def select(self, query: Query, *, sight: Sight = EVERYTHING) -> Sequence[int]:
        """The numbers of the instances that a query names.

        Raises:
            FindError: they cannot be told.
        """

    async def find(self, sop_instance_uid: str, *, sight: Sight = EVERYTHING) -> Retrievable | None:
        """The instance of a UID, if it may leave.

        Raises:
            FindError: it cannot be told.
        """

    async def locate(
        self, sop_instance_uid: str, *, sight: Sight = EVERYTHING
    ) -> Retrievable | None:
        """The same, without what was corrected of it."""

    async def version(self, study_instance_uid: str, *, sight: Sight = EVERYTHING) -> str:
        """What is another text after every change to a study, '' if there is no such study.

        Raises:
            FindError: it cannot be told.
        """

    def instances(self, numbers: Sequence[int]) -> AsyncGenerator[Sequence[Retrievable], None]:
        """These instances, a page at a time.

        Raises:
            FindError: the index cannot be read.
        """

    def data_sets(self, page: Sequence[Retrievable]) -> Sequence[OpenDataSet]:
        """How to read the data set of each, fastest in their order; OSError if one cannot be."""


async def selected(retriever: Retrieves, target: Target, sight: Sight) -> Sequence[int]:
    """The numbers of the instances of a study or series, or of one, as far as they are seen.

    Raises:
        NotFound: there is none.
        FindError: they cannot be told.
    """
    uids = (
        (Level.STUDY, target.study_instance_uid),
        (Level.SERIES, target.series_instance_uid),
        (Level.INSTANCE, target.sop_instance_uid),
    )
    conditions = tuple(Values(UNIQUE_KEYS[level], VR.UI, (uid,)) for level, uid in uids if uid)
    numbers = await retriever.select(Query(Level.INSTANCE, conditions), sight=sight)
    if not numbers:
        raise not_there(target)
    return numbers


async def instances_of(retriever: Retrieves, target: Target, sight: Sight) -> Sequence[Retrievable]:
    """The instances of a study or series that are seen, or the one that is named.

    Raises:
        NotFound: there is none.
        FindError: they cannot be told.
    """
    if target.sop_instance_uid:
        return [await the_instance(partial(retriever.find, sight=sight), target)]
    numbers = await selected(retriever, target, sight)
    found = [each async for page in retriever.instances(numbers) for each in page]
    if not found:
        raise not_there(target)
    return found


async def the_instance(
    find: Callable[[str], Awaitable[Retrievable | None]], target: Target
) -> Retrievable:
    """The instance that a resource is, or belongs to.

    Raises:
        NotFound: there is none, or it is of another series or study.
        FindError: it cannot be told.
    """
    found = await find(target.sop_instance_uid)
    if (
        found is None
        or found.study_instance_uid != target.study_instance_uid
        or found.series_instance_uid != target.series_instance_uid
    ):
        raise not_there(target)
    return found


def not_there(target: Target) -> NotFound:
    """What is said of a resource that is not there, by the last UID that names it."""
    named = (
        ("instance", target.sop_instance_uid, ", or not in that series and study"),
        ("series", target.series_instance_uid, ", or not in that study"),
        ("study", target.study_instance_uid, ""),
    )
    level, uid, or_elsewhere = next(each for each in named if each[1] or each[0] == "study")
    return NotFound(level, uid, f"is not in the archive{or_elsewhere}")


def path_below_study(instance: Retrievable) -> str:
    """The resource of an instance, relative to its study."""
    return f"series/{instance.series_instance_uid}/instances/{instance.sop_instance_uid}"


def target_of_instance(instance: Retrievable) -> Target:
    """The resource of an instance."""
    return Target(
        Kind.INSTANCE,
        instance.study_instance_uid,
        instance.series_instance_uid,
        instance.sop_instance_uid,
    )
