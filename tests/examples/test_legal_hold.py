from pathlib import Path

import pytest
import structlog

from contrib.examples.legal_hold.pacsd_legal_hold import LegalHold, LegalHoldSettings
from pacsd.api.errors import HookError
from pacsd.api.plugin import Host
from pacsd.api.vote import Deny
from pacsd.testing.hook_call import call_hook
from pacsd.testing.hook_records import removal_request


def plugin(path: Path) -> LegalHold:
    host = Host("legal_hold", path.parent, structlog.get_logger())
    return LegalHold(host, LegalHoldSettings(studies=path))


async def test_what_is_listed_is_not_deleted(tmp_path: Path) -> None:
    path = tmp_path / "studies"
    path.write_text("1.2.3\n1.2.4\n")
    tested = plugin(path)
    assert tested.check() == []
    for uid, is_held in (("1.2.3", True), ("1.2.4", True), ("1.2", False)):
        request = removal_request(study_instance_uid=uid)
        denied = await call_hook(tested, "pacsd_before_delete", request=request)
        assert (denied == Deny("it is under legal hold")) is is_held


async def test_without_the_list_nothing_is_deleted(tmp_path: Path) -> None:
    tested = plugin(tmp_path / "studies")
    assert tested.check() == [f"studies: there is no file {tmp_path / 'studies'}"]
    with pytest.raises(HookError, match="FileNotFoundError"):
        await call_hook(tested, "pacsd_before_delete", request=removal_request())
