"""What each trace level shows, and what it must not."""

import pytest
import structlog
from structlog.testing import capture_logs

from pacsd.dicom.registry import VERIFICATION
from pacsd.dimse.commands import CEchoRQ, CFindRQ, response_to
from pacsd.dimse.events import CancelReceived, DataSetFragment, RequestReceived, ResponseReceived
from pacsd.net.trace import MAX_PAYLOAD_BYTES, Trace
from pacsd.ul import encode
from pacsd.ul.events import ReleaseRequested
from pacsd.ul.negotiation import PresentationContext
from pacsd.ul.pdu import PDV, AssociateRJ

CONTEXT = PresentationContext(1, VERIFICATION, "1.2.840.10008.1.2")
ECHO = CEchoRQ(message_id=7, affected_sop_class_uid=VERIFICATION)


@pytest.fixture(autouse=True)
def uncached() -> None:
    structlog.reset_defaults()


def lines(*levels: str) -> list[dict[str, object]]:
    with capture_logs() as captured:
        trace = Trace(frozenset(levels))
        trace.received(1, b"\x04\x00SMITH^JOHN")
        trace.event(1, RequestReceived(CONTEXT, ECHO))
        trace.event(1, DataSetFragment(7, is_response=False, data=b"SMITH^JOHN", is_last=True))
        trace.event(1, CancelReceived(7))
        trace.event(1, ResponseReceived(CONTEXT, response_to(ECHO, 0)))
        trace.event(1, ReleaseRequested())
        trace.command(1, "<<", response_to(ECHO, 0))
    return [dict(line) for line in captured]


def test_a_transcript_names_everything_and_shows_no_values() -> None:
    shown = lines("transcript")
    assert [line["event"] for line in shown] == [
        ">> C-ECHO-RQ",
        ">> data set",
        ">> C-CANCEL-RQ",
        ">> C-ECHO-RSP",
        ">> ReleaseRequested",
        "<< C-ECHO-RSP",
    ]
    assert "SMITH" not in repr(shown)
    assert VERIFICATION not in repr(shown)


def test_values_add_the_elements_of_commands() -> None:
    first = lines("values")[0]
    assert (first["message_id"], first["affected_sop_class_uid"]) == (7, VERIFICATION)
    assert "SMITH" not in repr(lines("values"))


def test_payload_is_all_bytes_and_only_they() -> None:
    shown = lines("payload")
    assert [line["event"] for line in shown] == [">> bytes"]
    assert shown[0]["hex"] == b"\x04\x00SMITH^JOHN".hex()


def test_what_is_sent_is_named_pdu_by_pdu() -> None:
    data = encode.cut(PDV(1, is_command=False, is_last=True, data=b"SMITH^JOHN"), 100)
    reject = encode.encode_associate_rj(AssociateRJ(1, 1, 1))
    with capture_logs() as captured:
        Trace(frozenset({"transcript"})).sent(1, [reject, *data, encode.RELEASE_RP])
    assert [line["event"] for line in captured] == ["<< ASSOCIATE_RJ", "<< RELEASE_RP"]
    assert "SMITH" not in repr(captured)


def test_payload_shows_what_is_sent() -> None:
    with capture_logs() as captured:
        Trace(frozenset({"payload"})).sent(1, [b"\x06\0\0\0\0\x04", b"\0\0\0\0"])
    assert captured[0]["event"] == "<< bytes"
    assert captured[0]["hex"] == "06000000000400000000"


def test_payload_is_bounded() -> None:
    with capture_logs() as captured:
        Trace(frozenset({"payload"})).received(1, bytes(MAX_PAYLOAD_BYTES + 1))
    assert captured[0]["bytes"] == MAX_PAYLOAD_BYTES + 1
    assert len(captured[0]["hex"]) == 2 * MAX_PAYLOAD_BYTES


def test_an_absent_element_is_not_shown() -> None:
    request = CFindRQ(message_id=1, affected_sop_class_uid="1.2", has_data_set=True)
    with capture_logs() as captured:
        Trace(frozenset({"values"})).command(1, ">>", request)
    assert "error_comment" not in captured[0]
