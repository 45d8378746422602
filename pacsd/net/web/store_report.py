"""What became of instances that came over the web (PS3.18 section 10.5.3.3, annex I)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import orjson
from aiohttp.web import Response

from pacsd.dicom.answer import Field, Fields
from pacsd.dicom.json_answer import json_of_fields
from pacsd.dicom.native_xml import to_native_xml
from pacsd.dicom.status import Status, StatusCategory, category
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR
from pacsd.dicomweb.headers import warning
from pacsd.dicomweb.store_response import (
    FAILED_SOP_SEQUENCE,
    FAILURE_REASON,
    OTHER_FAILURES_SEQUENCE,
    REFERENCED_SOP_INSTANCE_UID,
    REFERENCED_SOP_SEQUENCE,
    WARNING_REASON,
)
from pacsd.dicomweb.targets import Kind, Target
from pacsd.net.web.exchange import JSON_OFFERS, Exchange
from pacsd.net.web.long_work import off_loop_if_many
from pacsd.net.web.search_query import RETRIEVE_URL
from pacsd.net.web.xml import DICOM_XML, ONE_XML_OFFER

REFERENCED_SOP_CLASS_UID: Tag = 0x00081150

TRANSFER_SYNTAX_NOT_SUPPORTED = 0xC122
"""Failure Reason of PS3.18 table I.2-2; DIMSE has none of the kind."""

OFFERS = (*JSON_OFFERS, ONE_XML_OFFER)
"""What a Store Instances Response can be had as. dcm4che's stowrs takes XML alone by default."""

_MAX_WARNINGS = 3
_ALL, _SOME, _NONE, _NOT_NOW = 200, 202, 409, 503


class NotStored(Exception):
    """An instance that is not stored, with its Failure Reason."""

    def __init__(self, why: str, status: int = Status.CANNOT_UNDERSTAND) -> None:
        super().__init__(why)
        self.status = status


@dataclass(slots=True)
class Stored:
    """What became of one: as of now it cannot be understood; '' for a UID that nobody knows."""

    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    status: int = Status.CANNOT_UNDERSTAND
    comment: str = ""


async def report(exchange: Exchange, media_type: str, results: Sequence[Stored]) -> Response:
    """The Store Instances Response, and the status that sums it up (PS3.18 table 10.5.3-1).

    `media_type` is one of OFFERS. It has numbers alone: what they mean here, and what is to be
    known of an instance that is stored, says a Warning header (PS3.18 section 8.3.4.2).
    """
    stored = [each for each in results if not _is_failure(each)]
    study = exchange.target.study_instance_uid
    url = exchange.url(Target(Kind.STUDY, study)) if study else ""
    body = await off_loop_if_many(partial(_written, media_type, url, results), len(results))
    status = _status(results, stored)
    headers = {"Retry-After": "30"} if status == _NOT_NOW else {}
    why = [each.comment for each in results if each.comment]
    if why:
        told = list(dict.fromkeys(why))[:_MAX_WARNINGS]
        headers["Warning"] = ", ".join(warning(exchange.root_url, each) for each in told)
    return exchange.model(body, media_type, status=status, headers=headers)


def _written(media_type: str, url: str, results: Sequence[Stored]) -> bytes:
    """The module in JSON or, which says the same, in XML; `url` is that of the study, or ""."""
    stored = [each for each in results if not _is_failure(each)]
    failed = [each for each in results if _is_failure(each)]
    module: dict[Tag, str | Field] = {RETRIEVE_URL: url} if url else {}
    for tag, items in (
        (FAILED_SOP_SEQUENCE, [_failed(each) for each in failed if each.sop_instance_uid]),
        (REFERENCED_SOP_SEQUENCE, [_stored(each) for each in stored]),
        (OTHER_FAILURES_SEQUENCE, [_reason(each) for each in failed if not each.sop_instance_uid]),
    ):
        if items:
            module[tag] = Field(VR.SQ, tuple(items))
    written = json_of_fields(module)
    return to_native_xml(orjson.loads(written)) if media_type == DICOM_XML else written


def _is_failure(each: Stored) -> bool:
    return category(each.status) is StatusCategory.FAILURE


def _status(results: Sequence[Stored], stored: Sequence[Stored]) -> int:
    if not stored:
        is_full = all(each.status == Status.OUT_OF_RESOURCES for each in results)
        return _NOT_NOW if is_full else _NONE
    is_all_well = all(each.status == Status.SUCCESS for each in results)
    return _ALL if is_all_well else _SOME


def _referenced(each: Stored) -> Fields:
    return {
        REFERENCED_SOP_CLASS_UID: Field(VR.UI, each.sop_class_uid),
        REFERENCED_SOP_INSTANCE_UID: Field(VR.UI, each.sop_instance_uid),
    }


def _failed(each: Stored) -> Fields:
    return {**_referenced(each), **_reason(each)}


def _reason(each: Stored) -> Fields:
    return {FAILURE_REASON: Field(VR.US, str(int(each.status)))}


def _stored(each: Stored) -> Fields:
    if each.status == Status.SUCCESS:
        return _referenced(each)
    return {**_referenced(each), WARNING_REASON: Field(VR.US, str(int(each.status)))}
