"""The audit trail: what a plugin adds to it, and what it is told of it."""

from dataclasses import dataclass
from typing import Protocol

from pacsd.api.host import HostError

MAX_WORD_LENGTH = 64
MAX_DETAIL_LENGTH = 1_000


@dataclass(frozen=True, slots=True)
class AuditNote:
    """What a plugin did, to which study, and how it ended, in words; `detail` is a sentence.

    Who did it is the plugin: the trail names it itself. Words have 64 characters at most, `detail`
    1,000, no patient values in any of them.
    """

    action: str
    outcome: str
    study_instance_uid: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """Who did what, or wanted to, to which study, and how it ended, in words.

    `at_us` is UTC microseconds since 1970; '' is what is not known, or not concerned.
    """

    at_us: int
    actor: str
    peer_address: str
    action: str
    outcome: str
    study_instance_uid: str
    detail: str


class Audit(Protocol):
    """The audit trail, to which a plugin may add."""

    async def append(self, note: AuditNote, /) -> None:
        """Add a row; durable once this returns.

        Raises:
            HostError: something of it is empty or too long, or the index fails.
        """


class _NoAudit:
    """Has no trail: what a Host has that no daemon made."""

    async def append(self, _note: AuditNote, /) -> None:
        raise HostError("there is no daemon that keeps anything")


NO_AUDIT = _NoAudit()
"""The trail without a daemon: each call raises HostError."""


def check_note(note: AuditNote) -> None:
    """See that a note is fit for the trail.

    Raises:
        HostError: it is not.
    """
    for name in ("action", "outcome"):
        if not getattr(note, name):
            raise HostError(f"{name}: is empty")
    for name in ("action", "outcome", "study_instance_uid", "detail"):
        limit = MAX_DETAIL_LENGTH if name == "detail" else MAX_WORD_LENGTH
        length = len(getattr(note, name))
        if length > limit:
            raise HostError(f"{name}: {length} characters are more than {limit}")
