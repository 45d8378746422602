from pacsd.api.store import Location
from tests.index.made import new


def test_a_new_copy_knows_its_location() -> None:
    assert new(key="1/2.dcm", content=b"").copy.location == Location("store_fs", "1/2.dcm", 400)


def test_what_need_not_be_said_is_nothing() -> None:
    brought = new()
    assert (brought.header, brought.extras, brought.restores_deleted) == (b"", {}, False)
