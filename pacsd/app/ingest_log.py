"""What goes wrong with objects on their way in or out, as the log tells it."""

import time
from collections.abc import Callable, Sequence

import anyio
import structlog

from pacsd.api.errors import StoreError
from pacsd.api.reception import Reception
from pacsd.api.store import Location
from pacsd.app.repeats import Repeats
from pacsd.archive.access import Retrieved
from pacsd.archive.instance import IngestOutcome
from pacsd.archive.observer import Concern
from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.dictionary import keyword_of
from pacsd.dicom.tag import Tag, format_tag
from pacsd.index.errors import IndexFault
from pacsd.index.records import Outcome

LINE_INTERVAL_S = 1.0
LOOK_S = 5.0
"""How soon the rest of a burst is told that nothing follows."""


_log = structlog.get_logger("pacsd.ingest")


class IngestLog:
    """An IngestObserver; at most one line a second of each kind.

    Each line says how many `more_like_this_not_logged` there were since the last one of its kind.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._repeats = Repeats(LINE_INTERVAL_S)

    async def run(self) -> None:
        """Tell the rest of bursts that are over, until cancelled."""
        while True:
            await anyio.sleep(LOOK_S)
            self._tell(self._repeats.take_rest(self._now_s()))

    def tell_rest(self) -> None:
        """Tell all that was not logged: nothing follows any more."""
        self._tell(self._repeats.take_rest())

    def not_stored(self, reception: Reception, fault: StoreError | IndexFault) -> None:
        """Name the fault, and who called whom."""
        word = str(fault.fault if isinstance(fault, StoreError) else fault.kind)
        unwritten = self._admit(f"not stored, {word}")
        if unwritten is not None:
            _log.error(
                "an object was not stored",
                fault=word,
                explanation=fault.explanation,
                calling_ae=reception.calling_ae,
                called_ae=reception.called_ae,
                more_like_this_not_logged=unwritten,
            )

    def refused(self, reception: Reception, outcome: IngestOutcome) -> None:
        """Say what the sender was told."""
        unwritten = self._admit(f"refused, {outcome.status:04X}")
        if unwritten is not None:
            _log.warning(
                "an object was refused: the fault lies in the object",
                status=f"{outcome.status:04X}",
                error_comment=outcome.comment,
                origin=reception.origin,
                calling_ae=reception.calling_ae,
                called_ae=reception.called_ae,
                more_like_this_not_logged=unwritten,
            )

    def set_aside(
        self, reception: Reception, sop_instance_uid: str, outcome: IngestOutcome
    ) -> None:
        """Say which object it is, and that somebody has to decide."""
        unwritten = self._admit(f"set aside, {outcome.became}")
        if unwritten is None:
            return
        if outcome.became is Outcome.HELD:
            self._held(reception, sop_instance_uid, outcome.number, unwritten)
        elif outcome.became is Outcome.CONFLICT:
            self._quarantined(reception, sop_instance_uid, outcome.number, unwritten)
        elif outcome.became is Outcome.WAITING:
            self._waiting(reception, sop_instance_uid, outcome.number, unwritten)
        elif outcome.became is Outcome.SUSPECT:
            self._suspect(reception, sop_instance_uid, outcome.number, unwritten)
        elif outcome.became is Outcome.ASIDE_FULL:
            self._not_set_aside(reception, sop_instance_uid, unwritten)
        else:
            self._not_even_quarantined(reception, sop_instance_uid, unwritten)

    def preamble_zeroed(self, reception: Reception) -> None:
        """Say by which way it came; what was in it is nobody's business."""
        unwritten = self._admit("preamble replaced by zeros")
        if unwritten is not None:
            _log.warning(
                "a preamble was replaced by zeros",
                origin=reception.origin,
                calling_ae=reception.calling_ae,
                more_like_this_not_logged=unwritten,
            )

    def cut_short(self, reception: Reception, sop_instance_uid: str) -> None:
        """Say which object it is: whoever has it whole can send it again."""
        unwritten = self._admit("cut short")
        if unwritten is not None:
            _log.warning(
                "an object is kept as it came, but cut short: send it again, whole",
                sop_instance_uid=sop_instance_uid,
                origin=reception.origin,
                calling_ae=reception.calling_ae,
                called_ae=reception.called_ae,
                more_like_this_not_logged=unwritten,
            )

    def not_removed(self, location: Location, error: StoreError | IndexFault) -> None:
        """Name the file."""
        unwritten = self._admit("file not removed")
        if unwritten is not None:
            _log.warning(
                "a file that nothing names was not removed",
                store=location.store,
                key=location.key,
                explanation=error.explanation,
                more_like_this_not_logged=unwritten,
            )

    def not_corrected(self, instance: Retrievable, tags: Sequence[Tag]) -> None:
        """Say that an object left without some of what was corrected of it."""
        unwritten = self._admit("left without a correction")
        if unwritten is not None:
            _log.warning(
                "an object left without a correction: its character sets cannot hold the new value",
                sop_instance_uid=instance.sop_instance_uid,
                attributes=[keyword_of(tag) or format_tag(tag) for tag in tags],
                more_like_this_not_logged=unwritten,
            )

    def concern_changed(self, before: Concern | None, now: Concern | None) -> None:
        """One line: what is wrong now, or that it is over."""
        if now is not None and now.is_refusal:
            _log.error("nothing is stored any more", why=now.why)
            return
        if before is not None and before.is_refusal:
            _log.warning("objects are stored again")
        elif now is None:
            _log.info("the store is well again")
        if now is not None:
            _log.warning("the store needs attention", why=now.why)

    def _held(
        self, reception: Reception, sop_instance_uid: str, instance: int | None, unwritten: int
    ) -> None:
        _log.warning(
            "an object is kept, but not shown: held, it names another patient than its study has",
            became=str(Outcome.HELD),
            instance=instance,
            sop_instance_uid=sop_instance_uid,
            origin=reception.origin,
            calling_ae=reception.calling_ae,
            called_ae=reception.called_ae,
            more_like_this_not_logged=unwritten,
        )

    def _quarantined(
        self, reception: Reception, sop_instance_uid: str, version: int | None, unwritten: int
    ) -> None:
        _log.warning(
            "an object is kept, but not shown: in quarantine, "
            "another data set has its SOP Instance UID",
            became=str(Outcome.CONFLICT),
            version=version,
            sop_instance_uid=sop_instance_uid,
            origin=reception.origin,
            calling_ae=reception.calling_ae,
            called_ae=reception.called_ae,
            more_like_this_not_logged=unwritten,
        )

    def _waiting(
        self, reception: Reception, sop_instance_uid: str, version: int | None, unwritten: int
    ) -> None:
        _log.info(
            "an object is kept, but not shown: a plugin has it wait for its release",
            became=str(Outcome.WAITING),
            version=version,
            sop_instance_uid=sop_instance_uid,
            origin=reception.origin,
            calling_ae=reception.calling_ae,
            called_ae=reception.called_ae,
            more_like_this_not_logged=unwritten,
        )

    def _suspect(
        self, reception: Reception, sop_instance_uid: str, version: int | None, unwritten: int
    ) -> None:
        _log.warning(
            "an object is kept, but not shown: in quarantine, a plugin takes it for suspicious",
            became=str(Outcome.SUSPECT),
            version=version,
            sop_instance_uid=sop_instance_uid,
            origin=reception.origin,
            calling_ae=reception.calling_ae,
            called_ae=reception.called_ae,
            more_like_this_not_logged=unwritten,
        )

    def _not_set_aside(self, reception: Reception, sop_instance_uid: str, unwritten: int) -> None:
        _log.error(
            "an object is not kept: quarantine is full, and a plugin wants it set aside",
            became=str(Outcome.ASIDE_FULL),
            sop_instance_uid=sop_instance_uid,
            origin=reception.origin,
            calling_ae=reception.calling_ae,
            called_ae=reception.called_ae,
            more_like_this_not_logged=unwritten,
        )

    def _not_even_quarantined(
        self, reception: Reception, sop_instance_uid: str, unwritten: int
    ) -> None:
        _log.error(
            "an object is not kept: quarantine is full, and another data set has its "
            "SOP Instance UID",
            became=str(Outcome.CONFLICT_FULL),
            sop_instance_uid=sop_instance_uid,
            origin=reception.origin,
            calling_ae=reception.calling_ae,
            called_ae=reception.called_ae,
            more_like_this_not_logged=unwritten,
        )

    def _admit(self, kind: str) -> int | None:
        """How many lines of a kind were not written; None when this one shall not be, either."""
        return self._repeats.admit(kind, self._now_s())

    def _tell(self, rest: dict[str, int]) -> None:
        for kind, unwritten in rest.items():
            _log.warning(
                "no more of a kind has come: the rest was not logged one by one",
                kind=kind,
                more_like_this_not_logged=unwritten,
            )


def tell_repair_not_logged(error: Exception) -> None:
    """Say that an index made anew would not know that a copy was repaired."""
    _log.warning(
        "a repair could not be logged: made anew, the index may take another version for the first",
        explanation=str(error),
    )


def tell_not_noted(retrieved: Retrieved, why: str) -> None:
    """Say that the trail lacks a retrieval or an export; the objects have left."""
    _log.error(
        "a retrieval or an export is missing in the audit trail",
        actor=retrieved.actor,
        peer=retrieved.peer_address,
        action=retrieved.action,
        outcome=retrieved.outcome,
        studies=len(retrieved.studies),
        why=why,
    )
