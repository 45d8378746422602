import pytest
from structlog.testing import capture_logs

from pacsd.app.admin.deletion_log import tell_deleted
from pacsd.index.deletion_records import UniqueKeys


@pytest.mark.parametrize(
    ("keys", "entity", "uid"),
    [
        (UniqueKeys("1.2"), "study", "1.2"),
        (UniqueKeys("1.2", "1.3"), "series", "1.3"),
        (UniqueKeys("1.2", "1.3", "1.4"), "instance", "1.4"),
        (UniqueKeys("1.2", sop_instance_uid="1.4"), "instance", "1.4"),
    ],
)
def test_what_was_deleted_and_by_whom(keys: UniqueKeys, entity: str, uid: str) -> None:
    with capture_logs() as captured:
        tell_deleted(keys, 7, "dicomweb 127.0.0.1")
    assert captured == [
        {
            "event": "instances were deleted",
            "log_level": "info",
            "actor": "dicomweb 127.0.0.1",
            "entity": entity,
            "uid": uid,
            "instances": 7,
        }
    ]
