import pytest

from pacsd.api.audit import NO_AUDIT, AuditNote, check_note
from pacsd.api.host import HostError


async def test_without_a_daemon_there_is_no_trail() -> None:
    with pytest.raises(HostError, match="no daemon"):
        await NO_AUDIT.append(AuditNote("send", "done"))


@pytest.mark.parametrize(
    ("note", "why"),
    [
        (AuditNote("", "done"), "action: is empty"),
        (AuditNote("send", ""), "outcome: is empty"),
        (AuditNote("send", "x" * 65), "outcome: 65 characters are more than 64"),
        (AuditNote("send", "done", "1" * 65), "study_instance_uid: 65"),
        (AuditNote("send", "done", "", "x" * 1_001), "detail: 1001 characters are more than 1000"),
    ],
)
def test_what_is_not_fit_for_it_is_refused(note: AuditNote, why: str) -> None:
    with pytest.raises(HostError, match=why):
        check_note(note)
