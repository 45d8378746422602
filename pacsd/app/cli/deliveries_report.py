"""What `pacsd deliveries` says of them, and what proves that a study arrived."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pacsd.app.cli.with_daemon import local_time
from pacsd.dicom.text import printable

if TYPE_CHECKING:
    from pacsd.app.admin.delivery_records import (
        DeliveredItem,
        DeliveryDetail,
        DeliverySummary,
        PausedTargetAnswer,
        TargetSummary,
    )


_WHY = 500
"""Characters of what explains something."""


def describe(delivery: "DeliverySummary") -> Iterator[str]:
    """A delivery in a few lines."""
    by = f" by {printable(delivery.rule)}" if delivery.rule else ""
    what = f"study {printable(delivery.study_instance_uid)} to {printable(delivery.target)}{by}"
    yield f"delivery {delivery.number}: {delivery.state}, {what} ({delivery.priority})"
    counts = {
        "delivered": delivery.delivered,
        "waiting": delivery.waiting,
        "refused": delivery.refused,
    }
    told = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    times = f"since {local_time(delivery.created_at)}, last {local_time(delivery.changed_at)}"
    yield f"  {told or 'nothing'}; {times}"
    if delivery.explanation:
        yield f"  {printable(delivery.explanation, _WHY)}"
    if delivery.held_up:
        yield f"  held up: {printable(delivery.held_up, _WHY)}"


def describe_detail(detail: "DeliveryDetail") -> Iterator[str]:
    """All about a delivery."""
    yield from describe(detail.summary)
    yield f"  ordered by {printable(detail.plugin)}: {printable(detail.reason)}"
    if detail.coercion:
        yield f"  coerced by {printable(detail.coercion)}"
    yield f"  covers changes up to {detail.covered}, confirmed up to {detail.confirmed}"


def describe_item(item: "DeliveredItem") -> str:
    """An instance in a line: when, with which answer, which digest, and whether it is kept."""
    status = f" {printable(item.status)}" if item.status else ""
    when = f" {local_time(item.sent_at)}" if item.sent_at is not None else ""
    line = f"  {printable(item.sop_instance_uid)} {item.state}{status}{when}"
    if item.state == "delivered":
        line += f" sha256 {item.sha256}"
    if item.commitment:
        at = f" {local_time(item.committed_at)}" if item.committed_at is not None else ""
        line += f" commitment {item.commitment}{at}"
    return f"{line}: {printable(item.explanation, _WHY)}" if item.explanation else line


def describe_proof(
    deliveries: "Iterable[tuple[DeliverySummary, Iterable[DeliveredItem]]]",
) -> Iterator[str]:
    """Each delivery of a study with its instances."""
    for delivery, items in deliveries:
        yield from describe(delivery)
        yield from map(describe_item, items)


def describe_target(target: "TargetSummary") -> str:
    """A target in a line: what waits for it, and why."""
    counts = {"waiting": target.waiting, "being made": target.running, "given up": target.dead}
    told = [f"{count:,} {what}" for what, count in counts.items() if count]
    if target.paused_by:
        told.append(f"paused by {printable(target.paused_by)}")
    if target.down_s is not None:
        told.append(f"down for {_duration(target.down_s)}")
    line = f"{printable(target.target)}: {', '.join(told) or 'nothing waits'}"
    return f"{line}: {printable(target.held_up, _WHY)}" if target.held_up else line


def _duration(seconds: float) -> str:
    """Hours and minutes, or seconds."""
    minutes = int(seconds) // 60
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes else f"{int(seconds)} s"


def describe_pause(paused: "PausedTargetAnswer") -> Iterator[str]:
    """Whether a target is paused, by whom and since when."""
    if not paused.is_paused:
        yield f"{printable(paused.target)} is sent to again"
        return
    since = f" since {local_time(paused.since)}" if paused.since is not None else ""
    yield f"{printable(paused.target)} is paused by {printable(paused.actor)}{since}"
