"""What becomes of the instances that one delivery brings to a target over the network."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from typing import TypeVar

from pacsd.api.route_target import Delivery, DeliveryOutcome, DeliveryResult, InstanceResult
from pacsd.archive.access import Retrieved
from pacsd.archive.finding import FindError
from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.level import Level
from pacsd.dicom.query import Query, Values
from pacsd.dicom.registry import Service
from pacsd.dicom.status import Status, describe
from pacsd.dicom.vr import VR
from pacsd.net.retrieving import Notes, Retrieves
from pacsd.net.sending import OpenDataSet, Outcome

T = TypeVar("T")

NOT_COERCED = DeliveryResult(DeliveryOutcome.REFUSED, "not sent: it was not coerced")
"""Of a delivery with a coercion: whoever has no copies must not send the originals."""

_FOR_GOOD = (range(0xA900, 0xAA00), range(0xC000, 0xD000))
_NOT_SENT = "not sent: it cannot be had any more"
_SOP_INSTANCE_UID = 0x00080018
_TOGETHER = 200
"""Instances that are looked up at once."""


class TargetRun:
    """What becomes of the instances of one delivery.

    What is refused for good (PS3.4 table B.2-1: A9xx, Cxxx, and that the other side does not know
    the SOP class) is not sent again; everything else is. `failure` is why nothing more is sent.
    """

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._left = {each.sop_instance_uid: None for each in delivery.instances}
        self._exceptions: list[InstanceResult] = []
        self._stored: list[InstanceResult] = []
        self.stored = 0
        self.failure = ""

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._delivery.instances)

    def ended(self, sop_instance_uid: str, outcome: Outcome) -> None:
        """One was answered, or failed."""
        self._left.pop(sop_instance_uid, None)
        status = "" if outcome.status is None else f"{outcome.status:04X}"
        if outcome.is_stored:
            self.stored += 1
            delivered = DeliveryOutcome.DELIVERED
            self._stored.append(InstanceResult(sop_instance_uid, delivered, status=status))
        else:
            result = InstanceResult(sop_instance_uid, _kind_of(outcome), _why(outcome), status)
            self._exceptions.append(result)

    def result(self) -> DeliveryResult:
        """The result; what the other side was not asked before it failed was not tried."""
        again = DeliveryOutcome.AGAIN
        if self._left and self.failure:
            return DeliveryResult(again, self.failure, (*self._stored, *self._exceptions))
        usual = f"{Status.SUCCESS:04X}"
        others = (each for each in self._stored if each.status != usual)
        gone = (InstanceResult(uid, again, _NOT_SENT) for uid in self._left)
        exceptions = (*others, *self._exceptions, *gone)
        return DeliveryResult(DeliveryOutcome.DELIVERED, exceptions=exceptions, status=usual)

    @property
    def is_urgent(self) -> bool:
        """Whether it is of high priority."""
        return self._delivery.is_urgent

    async def note(self, access: Notes, address: str, action: str) -> None:
        """Have it noted what has left, however that ended."""
        if not self.stored:
            return
        wanted, coercion = len(self._delivery.instances), self._delivery.coercion
        coerced = f", coerced by {coercion}" if coercion else ""
        await access.note(
            Retrieved(
                actor="pacsd",
                peer_address=address,
                action=action,
                outcome="done" if self.stored == wanted else "not all",
                studies=(self._delivery.study_instance_uid,),
                detail=f"{self.stored} of {wanted} instances{coerced}",
            )
        )


async def numbers_of(retriever: Retrieves, delivery: Delivery) -> Sequence[int]:
    """The index's numbers of the instances of a delivery.

    Raises:
        FindError: they cannot be told now.
    """
    numbers: list[int] = []
    for uids in _parts([each.sop_instance_uid for each in delivery.instances]):
        named = (Values(_SOP_INSTANCE_UID, VR.UI, uids),)
        numbers += await retriever.select(Query(Level.INSTANCE, named))
    return numbers


async def readable_pages(
    retriever: Retrieves, numbers: Sequence[int], run: TargetRun
) -> AsyncGenerator[Sequence[tuple[Retrievable, OpenDataSet]], None]:
    """Instances with how to read them, page by page; a failure of the index ends them."""
    try:
        async with aclosing(retriever.instances(numbers)) as pages:
            async for page in pages:
                yield list(zip(page, retriever.data_sets(page), strict=True))
    except FindError as error:
        run.failure = str(error)  # what was not sent by then is sent again


async def one_page(copies: Sequence[T]) -> AsyncGenerator[Sequence[T], None]:
    """Copies that are there already, as a page."""
    yield copies


def _kind_of(outcome: Outcome) -> DeliveryOutcome:
    status = outcome.status
    if status is None:
        return DeliveryOutcome.AGAIN
    is_for_good = any(status in each for each in _FOR_GOOD)
    if is_for_good or status == Status.SOP_CLASS_NOT_SUPPORTED:
        return DeliveryOutcome.REFUSED
    return DeliveryOutcome.AGAIN


def _why(outcome: Outcome) -> str:
    """The status in words; an Error Comment is the peer's and may hold a patient's values."""
    return outcome.comment if outcome.status is None else describe(outcome.status, Service.STORAGE)


def _parts(uids: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(uids[at : at + _TOGETHER]) for at in range(0, len(uids), _TOGETHER))
