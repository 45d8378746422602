"""What matching a study against a thousand rules costs, where every rule looks at it."""

import time
from datetime import UTC

from contrib.bench.figures import Figure, Measure, Scale, Values
from contrib.bench.servers import Peer
from pacsd.api.event_subject import EventSubject
from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.api.reception import Reception

RULES = 1_000
STUDIES_A_SECOND = 100
SUBJECT = EventSubject(
    ArchiveEvent("e-1", EventKind.STUDY_QUIET, 1_790_000_000_000_000, "1.2.3", "", ""),
    Reception(1, "CT1", "PACSD", "192.0.2.7", 1_790_000_000_000_000, ""),
    {
        "ModalitiesInStudy": r"CT\SR",
        "StudyDescription": "CT HEAD WITHOUT CONTRAST",
        "StudyDate": "20261120",
        "PatientID": "P7",
        "NumberOfStudyRelatedInstances": "500",
    },
    size_bytes=260_000_000,
)


def take(_: Peer, scale: Scale) -> Values:
    """CPU time of this process for each study."""
    from pacsd_route_rules.rule_set import read_rules  # noqa: PLC0415 - only this measure needs it

    rules = read_rules("\n".join(map(_rule, range(RULES))), UTC)
    assert rules.routes(SUBJECT) == ()  # noqa: S101 - or it would measure something else
    studies = max(1, int(scale.seconds * STUDIES_A_SECOND))
    began = time.process_time()
    for _study in range(studies):
        rules.routes(SUBJECT)
    return {"rules_1000_ms": (time.process_time() - began) / studies * 1e3}


def _rule(number: int) -> str:
    """One that looks at four things, of which the last does not match."""
    return f"""
        [[rule]]
        name = "rule {number}"
        of = "study"
        from = ["CT1"]
        to = ["peer:SITE{number % 100}"]
        [rule.match]
        Modality = "CT"
        StudyDate = "20260101-"
        StudyDescription = "*NUMBER {number}*"
    """


MEASURE = Measure(
    "rules",
    (Figure("rules_1000_ms", "a study against 1,000 rules (ms of CPU)", "<= 5"),),
    take,
    only=("pacsd",),
)
