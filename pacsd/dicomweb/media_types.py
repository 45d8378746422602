"""Media types as headers name them (RFC 9110 section 8.3.1, PS3.18 section 8.7).

Read as they are written: a value with a slash in it wants quotes (`type="application/dicom"`), and
many clients forget them. What cannot be told apart is no media type.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_HEADER_LENGTH = 8_192
"""Characters of a header that lists media types."""

_ESSENCE = re.compile(r"\s*+([!#$%&'*+.^_`|~\w-]++)/([!#$%&'*+.^_`|~\w-]++)\s*+", re.ASCII)
_PARAMETER = re.compile(
    r";\s*+(?:([!#$%&'*+.^_`|~\w-]++)\s*+=\s*+"
    r'(?:"((?:[^"\\]|\\.)*+)"|([^;,"\s]*+))\s*+)?',
    re.ASCII,
)
_LISTED = re.compile(r'(?:[^,"]++|"(?:[^"\\]|\\.)*+"?+)++')
_QUOTED_PAIR = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type or media range; names are in lower case, values of parameters as they came."""

    type: str
    subtype: str
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def essence(self) -> str:
        """Without parameters: `application/dicom`."""
        return f"{self.type}/{self.subtype}"

    def parameter(self, name: str) -> str:
        """The first of this name; "" without one."""
        return next((value for each, value in self.parameters if each == name), "")


def media_type_of(text: str) -> MediaType | None:
    """The media type that is written so; None if it is none."""
    essence = _ESSENCE.match(text) if len(text) <= MAX_HEADER_LENGTH else None
    if essence is None:
        return None
    parameters, end = [], essence.end()
    while end < len(text):
        found = _PARAMETER.match(text, end)
        if found is None:
            return None
        end = found.end()
        if found[1] is not None:  # an empty one is allowed (RFC 9110 section 5.6.6)
            parameters.append((found[1].lower(), _value(found)))
    return MediaType(essence[1].lower(), essence[2].lower(), tuple(parameters))


def listed(header: str) -> Iterator[str]:
    """What stands between the commas of a list, those within quotes left alone."""
    for found in _LISTED.finditer(header):
        if text := found[0].strip():
            yield text


def _value(found: re.Match[str]) -> str:
    return _QUOTED_PAIR.sub(r"\1", found[2]) if found[2] is not None else found[3]
