import pytest

from pacsd.app.admin.arguments import text, whole_number
from pacsd.app.admin.unix_socket import AdminError


def test_numbers() -> None:
    assert whole_number({"number": 7}, "number") == 7
    assert whole_number({}, "limit", default=0) == 0


@pytest.mark.parametrize("value", [None, -1, 1.5, "7", True])
def test_what_is_no_number(value: object) -> None:
    with pytest.raises(AdminError, match="number must be a whole number from 0 up"):
        whole_number({"number": value}, "number")
    with pytest.raises(AdminError):
        whole_number({}, "number")


def test_texts() -> None:
    assert text({"actor": "root"}, "actor", "admin") == "root"
    assert text({}, "actor", "admin") == "admin"
    with pytest.raises(AdminError, match="actor must be text"):
        text({"actor": 7}, "actor", "admin")
