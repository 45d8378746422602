"""What is tolerated of all clients but strict ones: media types and parameters as written.

It is for those who write a client and want to hear of what other servers may refuse.
"""

import re
from collections.abc import Collection, Sequence

from pacsd.dicomweb.errors import BadRequest
from pacsd.dicomweb.media_types import MAX_HEADER_LENGTH, listed
from pacsd.dicomweb.query_string import parameters_of

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\t -~\x80-\xff])*+"'
_PARAMETERS = rf"(?:[ \t]*+;[ \t]*+(?:{_WORD}=(?:{_WORD}|{_QUOTED}))?)*+"
_MEDIA_TYPE = re.compile(rf"{_WORD}/{_WORD}{_PARAMETERS}")
_WEIGHT = re.compile(r";[ \t]*+[qQ]=([^;]*+)")
_QVALUE = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
_BETWEEN_QUOTES = re.compile(_QUOTED)


def check_media_types(field: str, headers: Sequence[str]) -> None:
    """Media types in their grammar: a value with a slash in it stands in quotes.

    Raises:
        BadRequest: one is none (RFC 9110 sections 5.6.6 and 12.4.2).
    """
    for header in headers:
        if len(header) > MAX_HEADER_LENGTH:
            raise BadRequest(field, header, f"is longer than {MAX_HEADER_LENGTH} characters")
        for text in listed(header):
            _check_media_type(field, text)


def check_parameters(query: str, known: Collection[str]) -> None:
    """Parameters that the resource has, each media type among them in its grammar.

    Raises:
        BadRequest: there is another one (PS3.18 section 8.3).
    """
    for name, value in parameters_of(query):
        if name not in known:
            raise BadRequest(name, value, "is no parameter of this resource (PS3.18 section 8.3)")
        if name == "accept":
            check_media_types(name, [value])


def _check_media_type(field: str, text: str) -> None:
    if not _MEDIA_TYPE.fullmatch(text):
        rule = "is no media type: a value with other characters than those of a token stands in"
        raise BadRequest(field, text, f"{rule} quotes (RFC 9110 section 5.6.6)")
    weight = _WEIGHT.search(_BETWEEN_QUOTES.sub('""', text))
    if weight is not None and not _QVALUE.fullmatch(weight[1].strip()):
        raise BadRequest(field, text, "has a weight that is none (RFC 9110 section 12.4.2)")
