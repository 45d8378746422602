"""The statement is complete: what the program can send is in it, and nothing else."""

import re
from collections.abc import Iterator

from contrib.docs.conformance import ABORTS, REJECTIONS, STATUSES
from contrib.docs.generate import ROOT
from pacsd.archive.answers import ANSWERS
from pacsd.dicom.status import Status
from pacsd.ul.rejection import RejectSource

NOT_SENT = {
    "pacsd/net/scu.py",  # as requestor
    "pacsd/app/cli/echo.py",
}
WORDS_ONLY = {"pacsd/dicom/status.py", "pacsd/ul/errors.py", "pacsd/ul/rejection.py"}
REASONS = {
    RejectSource.SERVICE_USER: "UserReason",
    RejectSource.PROVIDER_ACSE: "ACSEReason",
    RejectSource.PROVIDER_PRESENTATION: "PresentationReason",
}


def used(enumeration: str) -> set[str]:
    """The members of an enumeration that the program names where it acts as acceptor."""
    return {
        member
        for source in sources()
        for member in re.findall(rf"\b{enumeration}\.([A-Z_]+)\b", source)
    }


def sources() -> Iterator[str]:
    for path in (ROOT / "pacsd").rglob("*.py"):
        if path.relative_to(ROOT).as_posix() not in NOT_SENT | WORDS_ONLY:
            yield path.read_text(encoding="utf-8")


def test_every_status() -> None:
    named = {status.name for status, _, _ in STATUSES if isinstance(status, Status)}
    assert named == {Status[name].name for name in used("Status")}  # two names of one code
    assert {status for status, _, _ in STATUSES} >= {each.status for each in ANSWERS.values()}


def test_every_rejection() -> None:
    stated = {source: set[str]() for source in REASONS}
    for rejection, _ in REJECTIONS:
        reason = rejection.reason
        stated[RejectSource(rejection.source)].add(getattr(reason, "name", "") or "NO_REASON_GIVEN")
    for source, name in REASONS.items():
        assert stated[source] == used(name)


def test_every_abort_reason() -> None:
    assert {reason.name for _, reason, _ in ABORTS} == used("AbortReason")
