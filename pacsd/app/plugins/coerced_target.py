"""Targets that are given copies where a delivery has a coercion, and the original never.

It stands before every target, so that none can forget to coerce: a peer is given the copies
themselves, a plugin their UIDs, which mean the copies to it as long as it sends (`lending`). A
plugin is given copies without a coercion, too: what is stored says how it came here, and what was
corrected lies beside it.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from typing import Protocol

from pacsd.api.coercion import NotCoerced
from pacsd.api.errors import NotProvided
from pacsd.api.instances import InstanceFacts
from pacsd.api.route_target import (
    Delivery,
    DeliveryOutcome,
    DeliveryResult,
    InstanceResult,
    RouteTarget,
)
from pacsd.app.plugins.coerced_copies import CoercedCopy, CopyMaker
from pacsd.app.plugins.lending import Lending
from pacsd.net.sending import Outbound
from pacsd.net.throttle import Throttle

TOGETHER = 100
"""Instances of which there are copies at once,"""

TOGETHER_BYTES = 512 * 1024 * 1024
"""and how much of them, beside the first."""

SendCopies = Callable[[Delivery, Sequence[CoercedCopy]], Awaitable[DeliveryResult]]
"""Sends copies of a delivery whose `instances` are those of the copies."""

_DELIVERED, _REFUSED, _AGAIN = DeliveryOutcome


class SendsCopies(RouteTarget, Protocol):
    """A target that is given copies; see `PeerTarget`."""

    async def send_copies(
        self, delivery: Delivery, copies: Sequence[Outbound], /
    ) -> DeliveryResult:
        """Send these instead of what is stored."""


class CoercedTarget:
    """The port RouteTarget, before another one."""

    def __init__(
        self,
        target: RouteTarget,
        maker: CopyMaker,
        send_copies: SendCopies,
        *,
        needs_copies: bool = False,
    ) -> None:
        self._target = target
        self._maker = maker
        self._send_copies = send_copies
        self._needs_copies = needs_copies

    async def check(self) -> str | None:
        """Why nothing can be sent now, None if it can."""
        return await self._target.check()

    async def send(self, delivery: Delivery, /) -> DeliveryResult:
        """Send instances, or copies of them.

        Raises:
            HookError: the coercion cannot be had now; nothing leaves.
        """
        if delivery.coercion:
            try:
                await self._maker.check(delivery.coercion)
            except NotProvided as error:
                why = f"coercion {delivery.coercion}: {error.explanation}"
                return DeliveryResult(_REFUSED, why)
        elif not self._needs_copies:
            return await self._target.send(delivery)
        results: list[InstanceResult] = []
        why = ""
        for some in _parts(delivery.instances):
            tried, why = await self._sent(delivery, some)
            results += tried
            if why or all(each.outcome is _AGAIN for each in tried):
                break  # whatever is wrong will be with the others, too
        return _together(delivery, results, why)

    async def _sent(
        self, delivery: Delivery, instances: Sequence[InstanceFacts]
    ) -> tuple[list[InstanceResult], str]:
        """Send copies of some of them; what became of those that were tried, by their originals.

        And why others were not.
        """
        results: list[InstanceResult] = []
        why = ""
        copies: dict[str, CoercedCopy] = {}
        async with AsyncExitStack() as stack:
            for facts in instances:
                uid = facts.sop_instance_uid
                try:
                    copies[uid] = await stack.enter_async_context(self._copy(delivery, facts))
                except NotCoerced as error:
                    reason = f"coercion {delivery.coercion}: {error}"
                    results.append(InstanceResult(uid, _REFUSED, reason))
                except Exception as error:  # noqa: BLE001 - whatever is wrong, it does not leave
                    by = f"coercion {delivery.coercion}: " if delivery.coercion else ""
                    reason = f"{by}{type(error).__name__}: {error}"
                    results.append(InstanceResult(uid, _AGAIN, reason))
            if copies:
                made = list(copies.values())
                sent = replace(delivery, instances=tuple(each.facts for each in made))
                result = await self._send_copies(sent, made)
                results += _of_originals(copies, result)
                if result.outcome is _AGAIN:
                    why = result.explanation or "not taken now"
        return results, why

    def _copy(
        self, delivery: Delivery, facts: InstanceFacts
    ) -> AbstractAsyncContextManager[CoercedCopy]:
        if delivery.coercion:
            return self._maker.copy(delivery.coercion, facts)
        return self._maker.plain(facts)


def of_ours(target: SendsCopies, maker: CopyMaker) -> CoercedTarget:
    """A target of ours that is given copies where there is a coercion."""

    async def send_copies(delivery: Delivery, copies: Sequence[CoercedCopy]) -> DeliveryResult:
        return await target.send_copies(delivery, list(map(_outbound, copies)))

    return CoercedTarget(target, maker, send_copies)


def of_plugin(
    target: RouteTarget, maker: CopyMaker, lending: Lending, plugin: str, throttle: Throttle
) -> CoercedTarget:
    """A plugin's target, that is lent what leaves: copies by a coercion, or without one.

    It is asked to send once sending so much by the throttle is over: by itself it is as fast as it
    can.
    """

    async def send_copies(delivery: Delivery, copies: Sequence[CoercedCopy]) -> DeliveryResult:
        files = {each.facts.sop_instance_uid: each.file for each in copies}
        await _take(throttle, delivery)
        async with lending.claim(plugin, files, delivery.coercion):
            return await target.send(_renamed(delivery))

    return CoercedTarget(target, maker, send_copies, needs_copies=True)


async def _take(throttle: Throttle, delivery: Delivery) -> None:
    sizes = [each.size_bytes for each in delivery.instances]
    await (throttle.urgent if delivery.is_urgent else throttle).take(len(sizes), sum(sizes))


def _renamed(delivery: Delivery) -> Delivery:
    """The delivery by the UIDs of its copies: those of the original are nobody's business."""
    return replace(delivery, study_instance_uid=delivery.instances[0].study_instance_uid)


def _outbound(copy: CoercedCopy) -> Outbound:
    facts = copy.facts
    return Outbound(
        facts.sop_class_uid, facts.sop_instance_uid, facts.transfer_syntax_uid, copy.pieces
    )


def _of_originals(
    copies: dict[str, CoercedCopy], result: DeliveryResult
) -> Iterator[InstanceResult]:
    """What became of each copy that was tried, said of its original."""
    if not isinstance(result, DeliveryResult):
        raise TypeError(f"send: {type(result).__name__} instead of DeliveryResult")
    own = {each.sop_instance_uid: each for each in result.exceptions}
    for uid, copy in copies.items():
        found = own.get(copy.facts.sop_instance_uid)
        if found is None and result.outcome is not _AGAIN:
            yield InstanceResult(uid, result.outcome, result.explanation, result.status)
        elif found is not None:
            yield InstanceResult(uid, found.outcome, found.explanation, found.status)


def _together(delivery: Delivery, results: Sequence[InstanceResult], why: str) -> DeliveryResult:
    """One result: where some were not tried, all is to be sent again but for the exceptions."""
    if len(results) < len(delivery.instances):
        why = why or next((each.explanation for each in results if each.explanation), "")
        return DeliveryResult(_AGAIN, why, tuple(results))
    told = (each for each in results if each.outcome is not _DELIVERED or each.status)
    return DeliveryResult(_DELIVERED, exceptions=tuple(told))


def _parts(instances: Sequence[InstanceFacts]) -> Iterator[Sequence[InstanceFacts]]:
    part: list[InstanceFacts] = []
    size = 0
    for each in instances:
        if part and (len(part) >= TOGETHER or size + each.size_bytes > TOGETHER_BYTES):
            yield part
            part, size = [], 0
        part.append(each)
        size += each.size_bytes
    if part:
        yield part
