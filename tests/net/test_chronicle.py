"""One association's trail through recorder, metrics and log."""

import pytest
import structlog
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from pacsd.dicom.registry import VERIFICATION
from pacsd.dimse.commands import CEchoRQ, CStoreRQ
from pacsd.dimse.errors import CommandError
from pacsd.net.chronicle import Books, Chronicle
from pacsd.net.metrics import NetMetrics
from pacsd.net.recorder import Outcome, Recorder
from pacsd.net.settings import RecorderSettings
from pacsd.ul.errors import RemoteProtocolError
from pacsd.ul.items import UserInformation
from pacsd.ul.negotiation import Negotiated, PresentationContext
from pacsd.ul.pdu import AssociateRJ, AssociateRQ, ProposedContext

REQUEST = AssociateRQ(
    "PACSD",
    "CT1",
    tuple(ProposedContext(number, f"1.2.{number}", ("1.2",)) for number in (1, 3, 5, 7, 9)),
    UserInformation(implementation_version_name="CT_1"),
)
ECHO = CEchoRQ(message_id=1, affected_sop_class_uid=VERIFICATION)


class Told:
    """A chronicle with its books open."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.recorder = Recorder(RecorderSettings())
        books = Books(self.recorder, NetMetrics(self.registry))
        self.chronicle = Chronicle(books, "192.0.2.1")

    def count(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)

    def close(self) -> dict[str, object]:
        """The one line that sums up."""
        with capture_logs() as lines:
            self.chronicle.closed(100, 200, 0)
        assert len(lines) == 1
        return dict(lines[0])


@pytest.fixture
def told() -> Told:
    structlog.reset_defaults()
    return Told()


def test_a_good_association_is_one_line_of_facts(told: Told) -> None:
    told.chronicle.requested(REQUEST)
    contexts = {
        context.context_id: PresentationContext(
            context.context_id, context.abstract_syntax, "1.2.840.10008.1.2"
        )
        for context in REQUEST.contexts
    }
    told.chronicle.accepted(Negotiated(contexts, 16_384, 16_384))
    told.chronicle.operation(ECHO, 0, 0, 10.0, 10.5)
    told.chronicle.ended(Outcome.RELEASED)
    line = told.close()
    assert line["log_level"] == "info"
    wanted = {
        "event": "association",
        "assoc": 1,
        "outcome": "released",
        "peer": "192.0.2.1",
        "calling": "CT1",
        "called": "PACSD",
        "implementation": "CT_1",
        "contexts": "5/5",
        "services": "1.2.1, 1.2.3, 1.2.5 and 2 more",
        "operations": 1,
        "failures": 0,
        "received_bytes": 100,
        "sent_bytes": 200,
    }
    assert wanted.items() <= line.items()
    (record,) = told.recorder.ended_associations()
    assert (record.operations, record.commands[0].took_s) == (1, 0.5)
    assert told.count("pacsd_associations_total", outcome="released") == 1


def test_a_refusal_is_recorded_with_the_key_to_set(told: Told) -> None:
    told.chronicle.requested(REQUEST)
    told.chronicle.refused(AssociateRJ(1, 1, 7), "no such AE", "ae.title", is_alert=False)
    line = told.close()
    assert (line["log_level"], line["reason"], line["set"]) == ("warning", "no such AE", "ae.title")
    refusal = told.recorder.last_refusal("CT1")
    assert refusal is not None
    assert (refusal.key, refusal.why) == ("ae.title", "no such AE")
    labels = {"result": "1", "source": "1", "reason": "7"}
    assert told.count("pacsd_association_refusals_total", **labels) == 1


def test_d12_an_alert_is_a_line_and_a_counter_of_its_own(told: Told) -> None:
    told.chronicle.requested(REQUEST)
    with capture_logs() as lines:
        told.chronicle.refused(AssociateRJ(1, 1, 3), "wrong address", "", is_alert=True)
    assert [line["event"] for line in lines] == ["somebody calls under a known AE title"]
    assert told.count("pacsd_spoofed_associations_total") == 1


def test_what_never_became_a_request_is_remembered_as_a_refusal(told: Told) -> None:
    with capture_logs() as lines:
        told.chronicle.violated(RemoteProtocolError("PDU type 47H", 0, 0))
    assert lines[0]["why"] == "PDU type 47H - A-ABORT(0,0)"
    refusal = told.recorder.last_refusal("")
    assert refusal is not None
    assert refusal.peer_address == "192.0.2.1"
    with capture_logs() as lines:
        told.chronicle.closed(10, 10, 0)
    assert lines == []


def test_the_first_outcome_stays(told: Told) -> None:
    told.chronicle.requested(REQUEST)
    told.chronicle.violated(RemoteProtocolError("broken", 2, 6))
    told.chronicle.ended(Outcome.LOST)
    line = told.close()
    assert (line["outcome"], line["reason"]) == ("aborted by us", "broken - A-ABORT(2,6)")


def test_a_defect_is_logged_with_its_traceback_and_told_to_nobody_else(told: Told) -> None:
    told.chronicle.requested(REQUEST)
    with capture_logs() as lines:
        told.chronicle.failed(ValueError("secret detail"))
    assert lines[0]["log_level"] == "error"
    assert isinstance(lines[0]["exc_info"], ValueError)
    assert "secret" not in str(told.close()["reason"])
    assert told.count("pacsd_association_defects_total") == 1


def test_an_unreadable_request_is_a_failure_of_the_association(told: Told) -> None:
    told.chronicle.requested(REQUEST)
    error = CommandError("C-ECHO-RQ", "no Message ID", "PS3.7", status=0x0212, message_id=1)
    with capture_logs() as lines:
        told.chronicle.unreadable(error)
    assert "no Message ID" in lines[0]["why"]
    assert told.close()["failures"] == 1


def test_how_long_a_store_took_is_measured(told: Told) -> None:
    store = CStoreRQ(
        message_id=1,
        affected_sop_class_uid="1.2",
        affected_sop_instance_uid="1.2.3",
        has_data_set=True,
    )
    told.chronicle.operation(store, 0, 100, 10.0, 10.25)
    told.chronicle.operation(ECHO, 0, 0, 10.0, 11.0)
    assert told.count("pacsd_store_seconds_count") == 1
    assert told.count("pacsd_store_seconds_sum") == 0.25


def test_a_failed_operation_counts_as_failure_and_oversized_pdus_are_counted(told: Told) -> None:
    told.chronicle.requested(REQUEST)
    told.chronicle.operation(ECHO, 0x0122, 0, 0.0, 0.0)
    with capture_logs() as lines:
        told.chronicle.closed(1, 2, 3)
    assert lines[0]["failures"] == 1
    assert told.count("pacsd_oversized_pdus_total") == 3
    assert told.count("pacsd_association_bytes_total", direction="received") == 1
