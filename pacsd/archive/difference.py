"""Two stored data sets compared, element by element."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from pacsd.api.store import BlobStore
from pacsd.archive.contents import Contents, DataSetFile, Place, read_contents
from pacsd.dicom.dictionary import keyword_of
from pacsd.dicom.tag import format_tag
from pacsd.dicom.walk import Path

MAX_DIFFERENCES = 1_000
LONGEST_VALUE = 64


@dataclass(frozen=True, slots=True)
class Difference:
    """An element that is not the same in both: its value in each, None where it is not there.

    `path` names the items it stands in, from the outermost on; values are cut short.
    """

    path: str
    tag: str
    keyword: str
    first: str | None
    second: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs, in the order of the tags; `is_cut` says that there is more.

    The faults say what of either could not be read, '' where all could.
    """

    differences: tuple[Difference, ...]
    is_cut: bool
    first_fault: str
    second_fault: str


async def compare(
    store: BlobStore,
    first: tuple[DataSetFile, str],
    second: tuple[DataSetFile, str],
) -> Comparison:
    """Compare two files, each with the UID of its Transfer Syntax.

    Raises:
        StoreError: one of them cannot be read.
    """
    one, other = await read_contents(store, *first), await read_contents(store, *second)
    found = tuple(islice(_differences(one, other), MAX_DIFFERENCES + 1))
    return Comparison(found[:MAX_DIFFERENCES], len(found) > MAX_DIFFERENCES, one.fault, other.fault)


def _differences(one: Contents, other: Contents) -> Iterator[Difference]:
    for place in sorted(one.values.keys() | other.values.keys(), key=_order):
        first, second = one.values.get(place), other.values.get(place)
        if first != second:
            path, tag = place
            keyword = keyword_of(tag) or ""
            yield Difference(_path(path), format_tag(tag), keyword, _shown(first), _shown(second))


def _order(place: Place) -> tuple[tuple[int, ...], ...]:
    """A sequence before what is in its items."""
    path, tag = place
    return (*path, (tag,))


def _path(path: Path) -> str:
    return "/".join(f"{keyword_of(tag) or format_tag(tag)}[{item}]" for tag, item in path)


def _shown(value: str | None) -> str | None:
    """A value that fits a line and no terminal obeys."""
    if value is None:
        return None
    cut = value if len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 3]}..."
    return "".join(each if each.isprintable() else "?" for each in cut)
