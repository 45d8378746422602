"""Whether a client takes an answer gzip-coded (RFC 9110 section 12.5.3).

Who says nothing of content codings gets none. What is no coding with a quality is passed over.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from pacsd.dicomweb.errors import BadRequest, NotAcceptable
from pacsd.dicomweb.media_types import MAX_HEADER_LENGTH, listed

GZIP = "gzip"
MAX_CODINGS = 64
"""Codings in all headers of a request together."""

_FIELD = "Accept-Encoding"
_ANY, _NONE = "*", "identity"
_CODING = re.compile(
    r"([!#$%&'*+.^_`|~\w-]{1,64}+)[ \t]*+"
    r"(?:;[ \t]*+[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*+)?",
    re.ASCII,
)
_SAME = {"x-gzip": GZIP}
"""RFC 9110 section 8.4.1.3."""


@dataclass(frozen=True, slots=True)
class Codings:
    """What the client takes: gzip, if that at least as gladly as none; and whether none at all."""

    gzip: bool = False
    identity: bool = True


def codings_of(headers: Sequence[str]) -> Codings:
    """What the Accept-Encoding headers of a request say.

    Raises:
        NotAcceptable: the client takes neither gzip nor an answer without a coding.
        BadRequest: more codings than anybody needs.
    """
    said = _said(headers)
    gzip = said.get(GZIP, said.get(_ANY, 0.0))
    # Not named, it is taken, though after all that is named; "*;q=0" excludes it, too.
    is_excluded = said.get(_NONE, said.get(_ANY, 1.0)) == 0
    if is_excluded and not gzip:
        rule = "takes neither gzip nor identity (RFC 9110 section 12.5.3)"
        raise NotAcceptable(_FIELD, ", ".join(headers), rule)
    return Codings(gzip=gzip > 0 and gzip >= said.get(_NONE, 0.0), identity=not is_excluded)


def _said(headers: Sequence[str]) -> Mapping[str, float]:
    """The quality of each coding; of one that stands twice, the first."""
    if sum(map(len, headers)) > MAX_HEADER_LENGTH:
        raise BadRequest(_FIELD, headers[0], f"is longer than {MAX_HEADER_LENGTH} characters")
    texts = list(islice((text for each in headers for text in listed(each)), MAX_CODINGS + 1))
    if len(texts) > MAX_CODINGS:
        raise BadRequest(_FIELD, headers[0], f"has more than {MAX_CODINGS} codings")
    said: dict[str, float] = {}
    for text in texts:
        found = _CODING.fullmatch(text)
        if found is not None:
            name = found[1].lower()
            said.setdefault(_SAME.get(name, name), float(found[2] or 1))
    return said
