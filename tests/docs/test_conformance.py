"""The statement is complete: what the program can send is in it, and nothing else."""

import re
from collections.abc import Iterator

from contrib.docs import conformance_queries, conformance_scu
from contrib.docs.conformance import ABORTS, REJECTIONS, STATUSES
from contrib.docs.conformance_scu import SUB_OPERATION_STATUSES
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


def test_every_status_of_our_sub_operations() -> None:
    named = {
        name
        for path in ("app/file_receiving.py", "net/sub_operations.py")
        for name in re.findall(
            r"\bStatus\.([A-Z_]+)\b", (ROOT / "pacsd" / path).read_text(encoding="utf-8")
        )
    }
    assert {status.name for status, _ in SUB_OPERATION_STATUSES} == named


def test_every_command_that_opens_associations_is_named() -> None:
    """In the overview, and in the model with its diagram."""
    commands = {
        path.stem
        for path in (ROOT / "pacsd/app/cli").glob("*.py")
        if re.search(
            r"\bPeer(OrService)?Argument,?$", path.read_text(encoding="utf-8"), re.MULTILINE
        )
        and not path.stem.startswith("with_")
    }
    assert commands == {"commit", "echo", "find", "get", "move", "send"}
    statement = (ROOT / "contrib/docs/conformance.md").read_text(encoding="utf-8")
    chapters = re.split(r"^## ", statement, flags=re.MULTILINE)
    for chapter in (chapters[1], chapters[3]):
        sentence = next(line for line in chapter.split("\n\n") if "`pacsd echo`" in line)
        assert {name for name in commands if re.search(rf"`(pacsd )?{name}`", sentence)} == commands


def test_the_classes_we_are_scu_of_are_the_same_in_both_sections() -> None:
    as_scp, as_scu = (
        dict(re.findall(r"^\| [^|]+ \| `([\d.]+)` \| ([^|]+) \|", text, re.MULTILINE))
        for text in (
            conformance_queries.sections()["query-sop-classes"](),
            conformance_scu.sections()["scu-models"](),
        )
    )
    assert {uid for uid, role in as_scp.items() if "SCU" in role} == set(as_scu)
    assert as_scp["1.2.840.10008.5.1.4.1.2.3.3"] == "SCP"  # Patient/Study Only - GET
