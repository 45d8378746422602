"""Instances as DICOM files: of a study, a series, or one (PS3.18 sections 10.4.1.1.1 to 3)."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import TypeAlias

from aiohttp.web import StreamResponse

from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.reencode import REENCODABLE, is_reencodable
from pacsd.dicomweb.accept import Choice, Representation
from pacsd.dicomweb.errors import NotAcceptable
from pacsd.dicomweb.targets import Kind
from pacsd.net.sending import OpenDataSet
from pacsd.net.transcoding import NO_TRANSCODING, NO_WAYS, Transcoding, Ways
from pacsd.net.web.exchange import Exchange
from pacsd.net.web.long_work import off_loop_if_many
from pacsd.net.web.part10 import file_of, preface
from pacsd.net.web.payload import Part, send_parts
from pacsd.net.web.selection import Retrieves, instances_of, target_of_instance
from pacsd.net.web.tags import tag_of, tagged, unchanged
from pacsd.net.web.trail import Trail
from pacsd.net.web.transcoded import had, transcoded_part
from pacsd.net.web.zipping import ZIP, ZipDesk

DICOM = "application/dicom"

Offers: TypeAlias = Callable[[str], Sequence[Representation]]
"""What there is of an instance that is stored in this Transfer Syntax."""

_Fitting: TypeAlias = list[tuple[Retrievable, Choice]]


class InstanceDesk:
    """Answers requests for instances."""

    def __init__(
        self,
        retriever: Retrieves,
        zips: ZipDesk,
        trail: Trail,
        transcoding: Transcoding = NO_TRANSCODING,
    ) -> None:
        self._retriever = retriever
        self._zips = zips
        self._trail = trail
        self._transcoding = transcoding

    async def answer(self, exchange: Exchange) -> StreamResponse:
        """The instances, each in the Transfer Syntax that the client takes, or all in a ZIP.

        Where some can be had so and others not, those are sent, with 206 (PS3.18 table 10.4.4-1).

        Raises:
            DicomWebError: there is none, or none in what the client takes.
            FindError: the index cannot be read.
            OSError: one cannot be read; some may have left.
        """
        instances = await instances_of(self._retriever, exchange.target, exchange.sight)
        is_alone = exchange.target.kind is Kind.INSTANCE
        offers = _alone if is_alone else _several
        fitting, is_zip, ways = await self._choose(exchange, instances, offers)
        if is_zip:
            return await self._zips.answer(exchange, [each for each, _ in fitting], instances)
        return await self._send(exchange, instances, fitting, may_be_transcoded=bool(ways.targets))

    async def _choose(
        self, exchange: Exchange, instances: Sequence[Retrievable], offers: Offers
    ) -> tuple[_Fitting, bool, Ways]:
        """What is sent, whether in a ZIP, and what codecs can do: nobody asks where none is needed.

        Raises:
            NotAcceptable: there is nothing in what the client takes.
        """
        choosing = partial(_chosen, exchange, instances, offers)
        try:
            chosen = await off_loop_if_many(partial(choosing, NO_WAYS), len(instances))
            if len(chosen[0]) == len(instances):
                return *chosen, NO_WAYS
        except NotAcceptable:
            chosen = None
        ways = await self._transcoding.ways()
        if chosen is None or ways.targets:
            chosen = await off_loop_if_many(partial(choosing, ways), len(instances))
        return *chosen, ways

    async def _send(
        self,
        exchange: Exchange,
        instances: Sequence[Retrievable],
        fitting: _Fitting,
        *,
        may_be_transcoded: bool,
    ) -> StreamResponse:
        looking = partial(_any_transcoded, fitting)
        is_transcoded = may_be_transcoded and await off_loop_if_many(looking, len(fitting))
        variant = _variant(fitting[0][1])
        tag = await off_loop_if_many(partial(tag_of, exchange, instances, variant), len(instances))
        # Another codec may write the same pixels in other bytes (RFC 9110 section 8.8.1).
        tag = f"W/{tag}" if is_transcoded else tag
        not_modified = unchanged(exchange, tag)
        if not_modified is not None:
            return not_modified
        parts = await off_loop_if_many(partial(self._parts, exchange, fitting), len(fitting))
        studies = tuple(dict.fromkeys(each.study_instance_uid for each, _ in fitting))
        status = 200 if len(fitting) == len(instances) else HTTPStatus.PARTIAL_CONTENT
        async with AsyncExitStack() as stack:
            if is_transcoded and len(parts) == 1 and not exchange.is_head:
                # That it cannot be had is an answer as long as there is none.
                parts = [await stack.enter_async_context(had(parts[0]))]
            await self._trail.retrieved(exchange, studies, f"{len(fitting)} instances")
            return await send_parts(
                exchange, fitting[0][1], parts, status=status, headers=tagged(tag)
            )

    def _parts(self, exchange: Exchange, fitting: _Fitting) -> Sequence[Part]:
        opens = self._retriever.data_sets([each for each, _ in fitting])
        return [
            transcoded_part(exchange, each, choice.transfer_syntax, opened, self._transcoding)
            if _is_transcoded(each, choice)
            else _part(exchange, each, choice, opened)
            for (each, choice), opened in zip(fitting, opens, strict=True)
        ]


def _variant(choice: Choice) -> str:
    return f"{choice.transfer_syntax} {choice.representation.is_multipart}"


def _any_transcoded(fitting: _Fitting) -> bool:
    return any(_is_transcoded(instance, choice) for instance, choice in fitting)


def _is_transcoded(instance: Retrievable, choice: Choice) -> bool:
    return not is_reencodable(instance.transfer_syntax_uid, choice.transfer_syntax)


def _chosen(
    exchange: Exchange, instances: Sequence[Retrievable], offers: Offers, ways: Ways
) -> tuple[_Fitting, bool]:
    """What is sent, and whether in a ZIP: what could leave otherwise does not leave beside one."""
    fitting = _fitting(exchange, instances, offers, ways)
    if all(choice.representation.media_type != ZIP for _, choice in fitting):
        return fitting, False
    return _fitting(exchange, instances, _in_zip, NO_WAYS), True


def _fitting(
    exchange: Exchange, instances: Sequence[Retrievable], offers: Offers, ways: Ways
) -> _Fitting:
    """What is sent of those that can be had in what the client takes; NotAcceptable: none can."""
    chosen = _Choices(exchange, offers, ways)
    wanted = [(each, chosen.of(each)) for each in instances]
    fitting = [(each, choice) for each, choice in wanted if choice is not None]
    if not fitting:
        raise chosen.refusal
    return fitting


def _several(syntax: str) -> Sequence[Representation]:
    others = _others(syntax)
    parts = Representation(DICOM, is_multipart=True, stored=syntax, others=others)
    return [parts, *_in_zip(syntax)]


def _alone(syntax: str) -> Sequence[Representation]:
    parts, *zipped = _several(syntax)
    return [parts, replace(parts, is_multipart=False), *zipped]


def _in_zip(syntax: str) -> Sequence[Representation]:
    """In a ZIP nothing is encoded anew: it is for those who keep it."""
    return [Representation(ZIP, is_multipart=False, stored=syntax)]


def _others(syntax: str) -> tuple[str, ...]:
    """The Transfer Syntaxes that one can be encoded anew in."""
    return tuple(each for each in REENCODABLE if each != syntax and is_reencodable(syntax, each))


class _Choices:
    """What is sent of each, as each Transfer Syntax that they are stored in has it.

    What the client takes as it is stored, or re-encoded, is not transcoded.
    """

    def __init__(self, exchange: Exchange, offers: Offers, ways: Ways) -> None:
        self._exchange = exchange
        self._offers = offers
        self._ways = ways
        self._known: dict[str, Choice | None] = {}
        self.refusal = NotAcceptable("Accept", "", "takes nothing")

    def of(self, instance: Retrievable) -> Choice | None:
        """None if it cannot be had in what the client takes."""
        syntax = instance.transfer_syntax_uid
        if syntax not in self._known:
            self._known[syntax] = self._choose(syntax)
        return self._known[syntax]

    def _choose(self, syntax: str) -> Choice | None:
        offers = self._offers(syntax)
        try:
            return self._exchange.choose(offers)
        except NotAcceptable as refusal:
            self.refusal = refusal
        others = self._ways.of(syntax)
        if not others:
            return None
        transcoded = [
            replace(each, others=(*each.others, *others))
            for each in offers
            if each.media_type == DICOM
        ]
        try:
            return self._exchange.choose(transcoded)
        except NotAcceptable:
            return None


def _part(exchange: Exchange, instance: Retrievable, choice: Choice, opened: OpenDataSet) -> Part:
    syntax = choice.transfer_syntax
    is_as_stored = syntax == instance.transfer_syntax_uid and not instance.is_corrected
    size = len(preface(instance, syntax)) + instance.data_set_bytes if is_as_stored else None
    location = exchange.url(target_of_instance(instance))
    return Part(partial(file_of, instance, syntax, opened), size, syntax, location)
