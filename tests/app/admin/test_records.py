import orjson
import pytest
from pydantic import TypeAdapter

from pacsd.app.admin.records import AssociationDetail, AssociationSummary, DaemonStatus
from pacsd.net.recorder import ContextRecord, Outcome
from tests.app.small_daemon import STARTED_AT, SmallDaemon


def test_summary_of_an_ended_association() -> None:
    daemon = SmallDaemon()
    record = daemon.open_association()
    daemon.end(record, Outcome.LOST)
    summary = AssociationSummary.of(record)
    assert (summary.number, summary.outcome) == (1, "connection lost")
    assert (summary.started_at, summary.ended_at) == (STARTED_AT, STARTED_AT + 2)
    assert (summary.calling_ae, summary.called_ae) == ("CT1", "PACSD")
    assert (summary.contexts_proposed, summary.contexts_accepted) == (2, 1)
    assert summary.operations == 1


def test_contexts_are_named_and_say_what_was_accepted() -> None:
    detail = AssociationDetail.of(SmallDaemon().open_association())
    accepted, refused = detail.contexts
    assert accepted.abstract_syntax == "Verification SOP Class"
    assert accepted.accepted.startswith("Implicit VR Little Endian")
    assert (refused.abstract_syntax, refused.accepted) == ("CT Image Storage", "")
    assert refused.proposed == ("1.2.3.4",)


def test_a_peers_text_stays_on_its_line() -> None:
    record = SmallDaemon().open_association(calling_ae="A\n\u202eB")
    record.contexts = (ContextRecord(1, "1.2\n3\x1b", ("4\u2028",), proposed=3),)
    detail = AssociationDetail.of(record)
    texts = (detail.summary.calling_ae, detail.contexts[0].abstract_syntax)
    assert all(text.isascii() and text.isprintable() for text in texts)
    assert detail.contexts[0].proposed == (r"4\u2028",)
    assert detail.contexts[0].more_proposed == 2


def test_a_rejected_association_accepted_nothing() -> None:
    record = SmallDaemon().requested_association()
    assert AssociationSummary.of(record).contexts_accepted == 0
    assert [context.accepted for context in AssociationDetail.of(record).contexts] == ["", ""]


@pytest.mark.parametrize(
    "answer",
    [
        AssociationSummary.of(SmallDaemon().open_association()),
        AssociationDetail.of(SmallDaemon().open_association()),
        DaemonStatus("1.0", 7, STARTED_AT, ("127.0.0.1:11112",), 0),
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_json_and_back(answer: object) -> None:
    assert TypeAdapter(type(answer)).validate_python(orjson.loads(orjson.dumps(answer))) == answer
