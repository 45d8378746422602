"""A data set in the DICOM JSON Model as a source of values to be matched (PS3.18 annex F)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pacsd.dicom.tag import Tag

_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


class JsonSource:
    """The attributes of a data set or an item, as `orjson.loads` gives it.

    What has no values, or bulk data in their place, has none here. Nothing is checked: what is not
    as the model says matches nothing.
    """

    def __init__(self, attributes: Mapping[str, Any]) -> None:
        self._attributes = attributes

    def texts(self, tag: Tag, /) -> Sequence[str]:
        """The values of an attribute as text; a Person Name's component groups joined by `=`."""
        return [text for value in self._values(tag) if (text := _text(value))]

    def items(self, tag: Tag, /) -> Iterable["JsonSource"]:
        """The items of a sequence."""
        if self._attributes.get(f"{tag:08X}", {}).get("vr") != "SQ":
            return []
        return [JsonSource(item) for item in self._values(tag)]

    def _values(self, tag: Tag) -> Sequence[Any]:
        values: Sequence[Any] = self._attributes.get(f"{tag:08X}", {}).get("Value", ())
        return values


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        groups = [str(value.get(group, "")) for group in _GROUPS]
        return "=".join(groups).rstrip("=")
    return "" if value is None else str(value)
