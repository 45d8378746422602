"""Where a consumer of the change log goes on."""

from dataclasses import dataclass

from pacsd.index.index import Index
from pacsd.index.records import Scope
from pacsd.jobs.observer import EventObserver

REBUILT = "the index was made anew: the change log begins again"


@dataclass(frozen=True, slots=True)
class Beginnings:
    """Where a consumer begins that is new, and one that was there in another epoch.

    At the first change of the log, or else behind the newest.
    """

    new_at_first: bool
    again_at_first: bool


async def position(
    index: Index, scope: Scope, consumer: str, beginnings: Beginnings, observer: EventObserver
) -> int:
    """The number behind which a consumer goes on; noted, so that it is found again.

    Raises:
        IndexFault: the index fails.
    """
    page = await index.changes.told(scope, None, 1)
    standing = await index.changes.standing(scope, consumer)
    if standing is not None and standing.epoch == page.epoch:
        return standing.number
    if standing is None:
        is_first = beginnings.new_at_first
    else:
        is_first = beginnings.again_at_first
        observer.consumer_began_again(consumer, REBUILT)
    number = 0 if is_first else page.newest
    await index.changes.move_cursor(scope, consumer, number)
    return number
