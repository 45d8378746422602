"""What the web grammar refuses; each carries the status that answers it (PS3.18 section 8.5).

    DicomWebError (ValueError)
    ├── BadRequest           400  a request that breaks the grammar
    ├── NotFound             404  a target that is no resource
    ├── NotAcceptable        406  no representation that the client takes
    ├── TimedOut             408  a payload that does not come
    ├── Gone                 410  what was there once, and is not told any more
    ├── TooLarge             413  more than a bound lets in
    ├── UnsupportedMedia     415  a payload of a type that is not read
    └── RangeNotSatisfiable  416  a byte range outside the representation

Each message names the field, the value and the rule, safe to print on one log line.
"""

from pacsd.dicom.text import printable


class DicomWebError(ValueError):
    """A request cannot be answered as it stands; `status` is the HTTP status that says so."""

    status = 400

    def __init__(self, field: str, value: str | None, rule: str) -> None:
        named = field if value is None else f"{field}: '{printable(value)}'"
        super().__init__(f"{named} {rule}")
        self.field = field


class BadRequest(DicomWebError):
    """The request breaks the grammar."""


class NotFound(DicomWebError):
    """The target is no resource, or none that may be seen."""

    status = 404


class NotAcceptable(DicomWebError):
    """There is no representation that the client takes."""

    status = 406


class TimedOut(DicomWebError):
    """A payload comes too slowly, or not at all."""

    status = 408


class Gone(DicomWebError):
    """What is asked for was there once, and cannot be told any more."""

    status = 410


class TooLarge(DicomWebError):
    """A payload, or a part of it, passes a bound."""

    status = 413


class UnsupportedMedia(DicomWebError):
    """The payload is of a media type that is not read here."""

    status = 415


class RangeNotSatisfiable(DicomWebError):
    """No byte of the range is in the representation, which is `size` bytes long."""

    status = 416

    def __init__(self, field: str, value: str | None, rule: str, size: int) -> None:
        super().__init__(field, value, rule)
        self.size = size
