"""The numbers under which objects were set aside, for the log: only the index knows them.

Whether an object stays in quarantine is not known when the index is done with it: it may be a
duplicate after all. So what was said then is kept until ingest tells of it, or does not.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from pacsd.api.reception import Reception
from pacsd.archive.register import Register, RegisterInFront
from pacsd.index.records import NewInstance, Outcome, Verdict

MAX_REMEMBERED = 1_024

_SET_ASIDE = frozenset({Outcome.HELD, Outcome.CONFLICT, Outcome.CONFLICT_FULL})


@dataclass(frozen=True, slots=True)
class SetAside:
    """An object that is not shown: the number of the version, or of the held instance, if any."""

    sop_instance_uid: str
    number: int | None


class SetAsideNumbers(RegisterInFront):
    """A register that remembers whom it set aside; the first ones are forgotten first."""

    def __init__(self, register: Register) -> None:
        super().__init__(register)
        # By identity: two objects may have come in the same microsecond. The reception is kept
        # beside, so that none of its number takes its place.
        self._remembered: OrderedDict[int, tuple[Reception, SetAside]] = OrderedDict()

    async def add(self, group: Sequence[NewInstance], /) -> Sequence[Verdict]:
        """Index a group; see `Register`."""
        verdicts = await self._register.add(group)
        for new, verdict in zip(group, verdicts, strict=True):
            if verdict.outcome in _SET_ASIDE:
                self._remember(new, verdict)
        return verdicts

    def take(self, reception: Reception) -> SetAside | None:
        """What was said of the object that came so, once; None if nobody remembers."""
        _, found = self._remembered.pop(id(reception), (None, None))
        return found

    def _remember(self, new: NewInstance, verdict: Verdict) -> None:
        is_held = verdict.outcome is Outcome.HELD
        number = verdict.instance if is_held else verdict.quarantined
        said = SetAside(new.sop_instance_uid, number)
        self._remembered[id(new.reception)] = (new.reception, said)
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)
