"""Attributes and items of a Native DICOM Model while their elements are open (PS3.19 section A.1).

What was read of them so far, and the objects of the DICOM JSON model that they become; all together
are counted against one budget.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pacsd.dicom.errors import NativeModelError
from pacsd.dicom.json_encoding import Place
from pacsd.dicom.private_blocks import PrivateAttribute, with_blocks
from pacsd.dicom.tag import Tag

MAX_VALUES = 262_144
"""Values of all documents, component groups and components of names, and values left out, too."""
MAX_LEFT_OUT = 64
"""Values in a row that are left out: a few bytes must not become many."""


class Budget:
    """What the documents may still have, all together."""

    __slots__ = ("_headers_left", "_max_headers", "_values_left")

    def __init__(self, max_headers: int) -> None:
        self._max_headers = self._headers_left = max_headers
        self._values_left = MAX_VALUES

    def take_headers(self, name: str, count: int = 1) -> None:
        """Count elements and items."""
        self._headers_left -= count
        if self._headers_left < 0:
            raise NativeModelError(
                f"{name}: more than {self._max_headers} elements and items (our bound)"
            )

    def take_values(self, name: str, left_out: int = 0) -> None:
        """Count a value and those left out before it, before there is one of them."""
        self._values_left -= left_out + 1
        if left_out > MAX_LEFT_OUT:
            raise NativeModelError(
                f"{name}: leaves out more than {MAX_LEFT_OUT} values (our bound)"
            )
        if self._values_left < 0:
            raise NativeModelError(f"{name}: more than {MAX_VALUES} values (our bound)")


@dataclass(slots=True)
class OpenAttribute:
    """A DicomAttribute that is still open; `kind` is what stands in it."""

    place: Place
    tag: Tag
    creator: str
    kind: str = ""
    values: list[object] = field(default_factory=list)
    content: dict[str, str] = field(default_factory=dict)

    def said(self) -> Mapping[str, object]:
        """The attribute in the DICOM JSON model."""
        member: dict[str, object] = {"vr": self.place.vr, **self.content}
        return member | {"Value": self.values} if self.values else member


@dataclass(slots=True)
class OpenDataSet:
    """A data set or item that is still open; `where` stands before what is in it.

    `item` is its own part of that.
    """

    where: str = ""
    item: str = ""
    attributes: dict[Tag, object] = field(default_factory=dict)
    private: list[PrivateAttribute] = field(default_factory=list)

    def add(self, closed: OpenAttribute) -> None:
        """Put in an attribute that is whole."""
        if closed.creator:
            name = closed.place.name
            self.private.append(PrivateAttribute(name, closed.tag, closed.creator, closed.said()))
        elif closed.tag in self.attributes:
            raise NativeModelError(f"{closed.place.name}: stands twice in a data set")
        else:
            self.attributes[closed.tag] = closed.said()

    def model(self, budget: Budget) -> Mapping[str, object]:
        """It in the DICOM JSON model; the Private Creators that it was given are counted."""
        placed = with_blocks(self.attributes, self.private)
        given = len(placed) - len(self.attributes) - len(self.private)
        budget.take_headers(f"{self.where}Private Creator", given)
        return {f"{tag:08X}": said for tag, said in placed.items()}
