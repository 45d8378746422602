"""Which representation of a resource a client gets (PS3.18 section 8.7.8, RFC 9110 section 12.5.1).

Of the media types that the client takes, the one with the highest quality that the server has; of
equals, the one named first. Media types in the `accept` parameter go before those of the header.
What is no media range is passed over (PS3.18 section 8.7.7), and who says nothing gets the default.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.dicomweb.errors import BadRequest, NotAcceptable
from pacsd.dicomweb.media_types import MAX_HEADER_LENGTH, MediaType, listed, media_type_of

MAX_RANGES = 64
"""Media ranges in all headers of a request together."""

_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Representation:
    """One that the server has: parts of a multipart/related payload, or a payload by itself.

    `stored` is the UID of the Transfer Syntax it lies there in, and `others` are those it can be
    re-encoded to; what is not encoded by a Transfer Syntax has none.
    """

    media_type: str
    is_multipart: bool
    stored: str = ""
    others: tuple[str, ...] = ()

    @property
    def default(self) -> str:
        """The Transfer Syntax for those who name none (PS3.18 section 8.7.3).

        It is Explicit VR Little Endian. Where that cannot be had, it is what is stored: better a
        compressed image than none.
        """
        return (
            EXPLICIT_VR_LITTLE_ENDIAN if EXPLICIT_VR_LITTLE_ENDIAN in self.others else self.stored
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """What is sent, and in which Transfer Syntax ("" for what has none)."""

    representation: Representation
    transfer_syntax: str


def choose(
    offers: Sequence[Representation], headers: Sequence[str], parameters: Sequence[str] = ()
) -> Choice:
    """The representation for the Accept headers and `accept` parameters of a request.

    `offers` are those of the resource, its default first.

    Raises:
        NotAcceptable: the client takes none of them.
        BadRequest: more media ranges than anybody needs.
    """
    if not headers and not parameters:
        return Choice(offers[0], offers[0].default)
    return _chosen(tuple(offers), tuple(headers), tuple(parameters))


@lru_cache(maxsize=_REMEMBERED)
def _chosen(
    offers: tuple[Representation, ...], headers: tuple[str, ...], parameters: tuple[str, ...]
) -> Choice:
    """The choice between offers, remembered: viewers ask for all frames in the same words."""
    for said in ([_SPACE.sub("+", each) for each in parameters], headers):
        choice = _best(offers, _ranges(said))
        if choice is not None:
            return choice
    offered = " or ".join(map(_told, offers))
    rule = f"takes no representation of the resource, which are {offered}"
    raise NotAcceptable("Accept", ", ".join((*parameters, *headers)), rule)


_SPACE = re.compile(r"(?<=/dicom) (?=json|xml)")
"""What is left of the + in `accept=application/dicom+json`, which should have been %2B."""


@dataclass(frozen=True, slots=True)
class _Range:
    """A media range; `of_parts` is the media type in a multipart one, None for others."""

    essence: str
    of_parts: str | None
    transfer_syntax: str
    quality: float

    @property
    def specificity(self) -> tuple[bool, bool, bool, bool]:
        """How closely it says what it is about (RFC 9110 section 12.5.1)."""
        inner = self.of_parts if self.of_parts is not None else self.essence
        has_syntax = self.transfer_syntax not in {"", "*"}
        return (self.essence != "*/*", inner != "*/*", not inner.endswith("/*"), has_syntax)


def _ranges(said: Sequence[str]) -> list[_Range]:
    if sum(map(len, said)) > MAX_HEADER_LENGTH:
        raise BadRequest("Accept", said[0], f"is longer than {MAX_HEADER_LENGTH} characters")
    texts = list(islice((text for header in said for text in listed(header)), MAX_RANGES + 1))
    if len(texts) > MAX_RANGES:
        raise BadRequest("Accept", said[0], f"has more than {MAX_RANGES} media ranges")
    return list(_read(texts))


def _read(texts: Sequence[str]) -> Iterator[_Range]:
    for text in texts:
        media_type = media_type_of(text)
        quality = _quality(media_type) if media_type is not None else None
        if media_type is not None and quality is not None:
            is_multipart = media_type.type == "multipart"
            of_parts = (media_type.parameter("type").lower() or "*/*") if is_multipart else None
            syntax = media_type.parameter("transfer-syntax")
            yield _Range(media_type.essence, of_parts, syntax, quality)


_QVALUE = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


def _quality(media_type: MediaType) -> float | None:
    text = media_type.parameter("q") or "1"
    return float(text) if _QVALUE.fullmatch(text) else None


def _best(offers: Sequence[Representation], ranges: Sequence[_Range]) -> Choice | None:
    """The one of highest quality; of equals the one wanted first, then the one offered first."""
    wanted: dict[Choice, None] = {}
    for each in ranges:
        for offer in offers:
            syntax = _selected(each, offer)
            if syntax is not None:
                wanted.setdefault(Choice(offer, syntax))
    best = max(wanted, key=lambda choice: _quality_of(ranges, choice), default=None)
    return best if best is not None and _quality_of(ranges, best) > 0 else None


def _selected(wanted: _Range, offer: Representation) -> str | None:
    """The Transfer Syntax in which the range gets the offer, None if it does not want it."""
    if not _is_of(wanted, offer):
        return None
    if not offer.stored or not wanted.transfer_syntax:
        return offer.default
    if wanted.transfer_syntax == "*":
        return offer.stored
    has_it = wanted.transfer_syntax in {offer.stored, *offer.others}
    return wanted.transfer_syntax if has_it else None


def _quality_of(ranges: Sequence[_Range], choice: Choice) -> float:
    """The quality of the range that says most closely what it is about."""
    offer, syntax = choice.representation, choice.transfer_syntax
    about = [each for each in ranges if _is_of(each, offer) and _is_in(each, syntax)]
    return max(about, key=lambda each: each.specificity).quality


def _is_in(wanted: _Range, syntax: str) -> bool:
    return not syntax or wanted.transfer_syntax in {"", "*", syntax}


def _is_of(wanted: _Range, offer: Representation) -> bool:
    if wanted.of_parts is None:
        is_any = wanted.essence == "*/*"
        return is_any or (not offer.is_multipart and _fits(wanted.essence, offer.media_type))
    is_related = wanted.essence in {"multipart/related", "multipart/*"}
    return is_related and offer.is_multipart and _fits(wanted.of_parts, offer.media_type)


def _fits(pattern: str, media_type: str) -> bool:
    if pattern.endswith("/*"):
        return pattern == "*/*" or media_type.startswith(pattern[:-1])
    return pattern == media_type


def _told(offer: Representation) -> str:
    if offer.is_multipart:
        return f'multipart/related; type="{offer.media_type}"'
    return offer.media_type
