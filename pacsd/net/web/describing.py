"""What the service says of itself: links and a page, its capabilities, an OpenAPI document."""

import hashlib
from collections.abc import Callable, Mapping

import orjson
from aiohttp.web import Response
from anyio import to_thread

from pacsd import __version__
from pacsd.dicomweb.accept import Representation, choose
from pacsd.dicomweb.etags import entity_tag
from pacsd.dicomweb.headers import location
from pacsd.dicomweb.targets import TEMPLATES, Kind
from pacsd.net.web.described_values import Json
from pacsd.net.web.exchange import Exchange
from pacsd.net.web.gzip_coding import vary
from pacsd.net.web.openapi import document
from pacsd.net.web.operations import HTML, JSON, WADL
from pacsd.net.web.page import Page, load_page
from pacsd.net.web.tags import tagged, text_tag, unchanged
from pacsd.net.web.wadl import capabilities

_OVERVIEW_OFFERS = (
    Representation(JSON, is_multipart=False),
    Representation(HTML, is_multipart=False),
)
_WADL_OFFERS = (Representation(WADL, is_multipart=False),)
_OPENAPI_OFFERS = (Representation(JSON, is_multipart=False),)
_LINKED = (Kind.ALL_STUDIES, Kind.ALL_SERIES, Kind.ALL_INSTANCES, Kind.OPENAPI, Kind.CAPABILITIES)
_DIGITS = 32


class DescribingDesk:
    """Answers requests for descriptions; all raise DicomWebError if the client takes none.

    `load` puts the page together, in a thread, when it is first asked for. `beside` gives
    paths that stand beside DICOMweb, for the OpenAPI document.
    """

    def __init__(
        self, load: Callable[[], Page] = load_page, beside: Callable[[], Mapping[str, Json]] = dict
    ) -> None:
        self._load = load
        self._beside = beside
        self._page: Page | None = None

    async def overview(self, exchange: Exchange) -> Response:
        """Where everything is: for browsers the page, for all others links.

        Raises:
            OSError: the page cannot be read.
        """
        choice = choose(_OVERVIEW_OFFERS, exchange.accept, exchange.accepted)
        varies = vary(exchange.allowed, "Accept", "Accept-Encoding")
        if choice.representation.media_type == HTML:
            page = await self._loaded()
            headers = {**varies, "Content-Security-Policy": page.policy}
            return _whole(exchange, page.html, f"{HTML}; charset=utf-8", headers)
        body = orjson.dumps(_overview(exchange.root_url)) + b"\n"
        return _whole(exchange, body, JSON, varies)

    async def openapi(self, exchange: Exchange) -> Response:
        """The OpenAPI document."""
        choose(_OPENAPI_OFFERS, exchange.accept, exchange.accepted)
        return _whole(exchange, orjson.dumps(document(exchange.root_url, self._beside())), JSON)

    async def capabilities(self, exchange: Exchange) -> Response:
        """The Capabilities Description (PS3.18 section 8.9.3)."""
        choose(_WADL_OFFERS, exchange.accept, exchange.accepted)
        return _whole(exchange, capabilities(exchange.root_url), WADL)

    async def _loaded(self) -> Page:
        if self._page is None:
            self._page = await to_thread.run_sync(self._load)
        return self._page


def _overview(root_url: str) -> Mapping[str, object]:
    root = location(root_url)
    links = {kind.removeprefix("all-"): root + TEMPLATES[kind] for kind in _LINKED}
    return {"name": "pacsd", "version": __version__, "links": links}


def _whole(
    exchange: Exchange, body: bytes, media_type: str, headers: Mapping[str, str] | None = None
) -> Response:
    tag = text_tag(exchange, entity_tag(hashlib.sha256(body).hexdigest()[:_DIGITS]))
    given = {**vary(exchange.allowed, "Accept-Encoding"), **(headers or {}), **tagged(tag)}
    # A cache replaces the headers that it has by these (RFC 9111 section 3.2): the policy, too.
    not_modified = unchanged(exchange, tag, given)
    return exchange.plain(body, media_type, given) if not_modified is None else not_modified
