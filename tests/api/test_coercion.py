import pytest

from pacsd.api.coercion import MAX_NAME_LENGTH, check_name


def test_a_name_is_printable() -> None:
    check_name("site B")
    check_name("x" * MAX_NAME_LENGTH)
    for name in ("", "x" * (MAX_NAME_LENGTH + 1), "a\n", "ü"):
        with pytest.raises(ValueError, match="must be 1 to 64 printable characters of ASCII"):
            check_name(name)
