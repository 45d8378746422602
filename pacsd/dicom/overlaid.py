"""A data set as it was corrected: for matching and for telling, without writing it anew."""

from collections.abc import Iterable, Mapping, Sequence

from pacsd.dicom.answer import Field, field_of
from pacsd.dicom.data_set import DataSet
from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.matching import Source
from pacsd.dicom.query import ReturnKey
from pacsd.dicom.tag import Tag
from pacsd.dicom.values import SINGLE_VALUED
from pacsd.dicom.vr import VR


class Overlaid:
    """A data set, or what is known without it, under new values of text attributes; '' for none.

    Implements `matching.Source`.
    """

    __slots__ = ("_data_set", "_values")

    def __init__(self, data_set: DataSet | None, values: Mapping[Tag, str]) -> None:
        self._data_set = data_set
        self._values = values

    def texts(self, tag: Tag) -> Sequence[str]:
        """The values of an attribute as text, none if it is missing or empty."""
        value = self._values.get(tag)
        if value is None:
            return () if self._data_set is None else self._data_set.texts(tag)
        if not value:
            return ()
        return [value] if vr_of(tag) in SINGLE_VALUED else value.split("\\")

    def items(self, tag: Tag) -> Iterable[Source]:
        """The items of a sequence, of which nothing is corrected."""
        return () if self._data_set is None else self._data_set.items(tag)

    def field(self, tag: Tag, keys: Sequence[ReturnKey] = ()) -> Field | None:
        """The value of an attribute, as `field_of` has it."""
        value = self._values.get(tag)
        if value is not None:
            return Field(vr_of(tag) or VR.UN, value)
        return None if self._data_set is None else field_of(self._data_set, tag, keys)
