"""Values of the Native DICOM Model, which are all text, as those of the DICOM JSON model.

What both models say is the same (PS3.18 annex F); `json_encoding` makes bytes of it.
"""

import re
from collections.abc import Callable, Mapping
from math import isfinite

from pacsd.dicom.errors import NativeModelError
from pacsd.dicom.json_encoding import Place
from pacsd.dicom.json_values import NAME_GROUPS
from pacsd.dicom.person_name import COMPONENTS, join_components
from pacsd.dicom.text import printable
from pacsd.dicom.values import parse_decimal
from pacsd.dicom.vr import VR

WHITE_SPACE = " \t\r\n"
"""XML 1.0 section 2.3."""

_WHOLE = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_NO_NUMBERS = {
    "nan": "NaN", "inf": "Infinity", "+inf": "Infinity", "-inf": "-Infinity",
    "infinity": "Infinity", "-infinity": "-Infinity",
}  # fmt: skip
"""As a double of XML Schema, of JSON here, and of C++ in DCMTK (3.6.7) is written."""

_SUFFIX = COMPONENTS[-1]


def of_text(place: Place, text: str) -> object:
    """A value by its text; None for an empty one.

    Text is kept as it is, spaces and all; only of numbers and tags those around them mean nothing.

    Raises:
        NativeModelError: it is no such number.
    """
    value = _OF_TEXT.get(place.vr)
    return value(place, text.strip(WHITE_SPACE)) if value is not None else text or None


def of_components(
    place: Place, groups: Mapping[str, Mapping[str, str]]
) -> Mapping[str, object] | None:
    """A Person Name by component groups; None for one without any.

    Raises:
        NativeModelError: a component has the delimiter of components in it. Only behind the last
            it may stand, since nothing else is behind that.
    """
    for group in groups.values():
        for name, text in group.items():
            if "^" in text and name != _SUFFIX:
                raise _refused(place, text, f"has '^' in its {name} (PS3.5 section 6.2.1)")
    told = {name: join_components(groups[name]) for name in NAME_GROUPS if name in groups}
    return {name: text for name, text in told.items() if text} or None


def _whole(place: Place, text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise _refused(place, text, "is no whole number (PS3.19 table A.1.5-2)")
    return int(text)


def _float(place: Place, text: str) -> object:
    named = _NO_NUMBERS.get(text.lower())
    if named is not None:
        return named
    number = parse_decimal(text)
    if number is None:
        raise _refused(place, text, "is no number (PS3.19 table A.1.5-2)")
    double = float(number)
    if not isfinite(double) or (number and not double):
        raise _refused(place, text, "is beyond what a double can be (PS3.5 table 6.2-1)")
    return number


def _tag(_place: Place, text: str) -> str:
    return text


def _refused(place: Place, text: str, rule: str) -> NativeModelError:
    return NativeModelError(f"{place.name} {place.vr}: value {printable(repr(text))} {rule}")


_OF_TEXT: Mapping[str, Callable[[Place, str], object]] = {
    **dict.fromkeys((VR.SS, VR.US, VR.SL, VR.UL, VR.SV, VR.UV), _whole),
    VR.FL: _float, VR.FD: _float, VR.AT: _tag,
}  # fmt: skip
