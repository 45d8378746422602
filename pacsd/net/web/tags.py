"""Entity tags of what is made of stored instances (RFC 9110 section 8.8.3).

What is stored never changes, so that its digests, and what was corrected, say all.
"""

import hashlib
from collections.abc import Iterable, Mapping

from aiohttp.web import Response

from pacsd.archive.retrievable import Retrievable
from pacsd.dicomweb.etags import entity_tag, none_matches
from pacsd.net.http_connection import GUARDS
from pacsd.net.web.exchange import Exchange

_DIGITS = 32


def tag_of(exchange: Exchange, instances: Iterable[Retrievable], variant: str) -> str:
    """The tag of one representation of these instances; `variant` tells it from others."""
    # A Host header may hold any bytes.
    resource = exchange.url(exchange.target)
    named = f"{resource} {variant}".encode(errors="backslashreplace")
    digest = hashlib.sha256(named)
    for each in instances:
        digest.update(each.copies[0].sha256)
        if each.corrections:
            digest.update(repr(each.corrections).encode())
    return entity_tag(digest.hexdigest()[:_DIGITS])


def tag_of_version(exchange: Exchange, version: str, variant: str) -> str:
    """The tag of what is made of all instances of a resource, by the version of their study."""
    named = f"{exchange.url(exchange.target)} {variant} {version}"
    digest = hashlib.sha256(named.encode(errors="backslashreplace"))
    return entity_tag(digest.hexdigest()[:_DIGITS])


def text_tag(exchange: Exchange, tag: str) -> str:
    """The tag of what may be gzip-coded: weak if the client takes that.

    It is of the plain and the coded bytes then, which mean the same (RFC 9110 section 8.8.1); who
    has either need not be sent the other.
    """
    return f"W/{tag}" if exchange.codings.gzip else tag


def tagged(tag: str) -> Mapping[str, str]:
    """What lets a client keep an answer, and makes it ask whether that is still right."""
    return {"ETag": tag, "Cache-Control": "private, no-cache"}


def names_known(exchange: Exchange) -> bool:
    """Whether the client names what it has. `*` names whatever is there, if anything is."""
    return exchange.request.headers.getall("If-None-Match", ["*"]) != ["*"]


def unchanged(
    exchange: Exchange, tag: str, headers: Mapping[str, str] | None = None
) -> Response | None:
    """304 if the client has it already (RFC 9110 section 13.1.2).

    `headers` are others that the answer to it would have: a cache takes them over.
    """
    known = ", ".join(exchange.request.headers.getall("If-None-Match", []))
    if not known or none_matches(known, tag):
        return None
    given = {**GUARDS, **exchange.allowed, **tagged(tag), **(headers or {})}
    return Response(status=304, headers=given)
