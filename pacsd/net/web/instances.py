"""Instances as DICOM files: of a study, a series, or one (PS3.18 sections 10.4.1.1.1 to 3)."""

from functools import partial
from http import HTTPStatus

from aiohttp.web import StreamResponse

from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.reencode import REENCODABLE, is_reencodable
from pacsd.dicomweb.accept import Choice, Representation, choose
from pacsd.dicomweb.errors import NotAcceptable
from pacsd.dicomweb.targets import Kind
from pacsd.net.sending import OpenDataSet
from pacsd.net.web.exchange import Exchange
from pacsd.net.web.part10 import file_of, preface
from pacsd.net.web.payload import Part, send_parts
from pacsd.net.web.selection import Retrieves, instances_of, target_of_instance
from pacsd.net.web.tags import tag_of, tagged, unchanged
from pacsd.net.web.trail import Trail

DICOM = "application/dicom"


class InstanceDesk:
    """Answers requests for instances."""

    def __init__(self, retriever: Retrieves, trail: Trail) -> None:
        self._retriever = retriever
        self._trail = trail

    async def answer(self, exchange: Exchange) -> StreamResponse:
        """The instances, each in the Transfer Syntax that the client takes.

        Where some can be had so and others not, those are sent, with 206 (PS3.18 table 10.4.4-1).

        Raises:
            DicomWebError: there is none, or none in what the client takes.
            FindError: the index cannot be read.
            OSError: one cannot be read; some may have left.
        """
        instances = await instances_of(self._retriever, exchange.target)
        chosen = _Choices(exchange, is_alone=exchange.target.kind is Kind.INSTANCE)
        wanted = [(each, chosen.of(each)) for each in instances]
        fitting = [(each, choice) for each, choice in wanted if choice is not None]
        if not fitting:
            raise chosen.refusal
        opens = self._retriever.data_sets([each for each, _ in fitting])
        parts = [
            _part(exchange, each, choice, opened)
            for (each, choice), opened in zip(fitting, opens, strict=True)
        ]
        tag = tag_of(exchange, instances, _variant(fitting[0][1]))
        not_modified = unchanged(exchange, tag)
        if not_modified is not None:
            return not_modified
        studies = tuple(dict.fromkeys(each.study_instance_uid for each, _ in fitting))
        await self._trail.retrieved(exchange, studies, f"{len(fitting)} instances")
        status = 200 if len(fitting) == len(instances) else HTTPStatus.PARTIAL_CONTENT
        return await send_parts(exchange, fitting[0][1], parts, status=status, headers=tagged(tag))


def _variant(choice: Choice) -> str:
    return f"{choice.transfer_syntax} {choice.representation.is_multipart}"


class _Choices:
    """What is sent of each, as each Transfer Syntax that they are stored in has it."""

    def __init__(self, exchange: Exchange, *, is_alone: bool) -> None:
        self._accept = exchange.accept
        self._parameters = exchange.accepted
        self._is_alone = is_alone
        self._known: dict[str, Choice | None] = {}
        self.refusal = NotAcceptable("Accept", "", "takes nothing")

    def of(self, instance: Retrievable) -> Choice | None:
        """None if it cannot be had in what the client takes."""
        syntax = instance.transfer_syntax_uid
        if syntax not in self._known:
            self._known[syntax] = self._choose(syntax)
        return self._known[syntax]

    def _choose(self, syntax: str) -> Choice | None:
        others = tuple(
            each for each in REENCODABLE if each != syntax and is_reencodable(syntax, each)
        )
        offers = [Representation(DICOM, is_multipart=True, stored=syntax, others=others)]
        if self._is_alone:
            offers.append(Representation(DICOM, is_multipart=False, stored=syntax, others=others))
        try:
            return choose(offers, self._accept, self._parameters)
        except NotAcceptable as refusal:
            self.refusal = refusal
            return None


def _part(exchange: Exchange, instance: Retrievable, choice: Choice, opened: OpenDataSet) -> Part:
    syntax = choice.transfer_syntax
    is_as_stored = syntax == instance.transfer_syntax_uid and not instance.is_corrected
    size = len(preface(instance, syntax)) + instance.data_set_bytes if is_as_stored else None
    location = exchange.url(target_of_instance(instance))
    return Part(partial(file_of, instance, syntax, opened), size, syntax, location)
