import pytest

from pacsd.api.host import HostError
from pacsd.api.keys import MAX_SECRET_BYTES, NO_KEYS, Key, KeyRefused, check_name

SECRET = b"open sesame"


def test_a_secret_is_not_in_the_representation() -> None:
    key = Key("2026-01", SECRET)
    assert "sesame" not in f"{key} {key!r}"
    assert "2026-01" in repr(key)


@pytest.mark.parametrize(
    ("key_id", "secret", "rule"),
    [
        ("", SECRET, "key_id: has not 1 to 128 characters"),
        ("x" * 129, SECRET, "key_id: has not 1 to 128"),
        ("a\nb", SECRET, "key_id: is not printable ASCII"),
        ("ä", SECRET, "key_id: is not printable ASCII"),
        (7, SECRET, "key_id: is not printable ASCII"),
        ("1", b"", "secret: has not 1 to 8192 bytes"),
        ("1", SECRET * MAX_SECRET_BYTES, "secret: has not 1 to 8192 bytes"),
        ("1", "open sesame", "secret: str instead of bytes"),
    ],
)
def test_what_is_no_key_is_told_without_the_secret(key_id: str, secret: bytes, rule: str) -> None:
    with pytest.raises(KeyRefused, match=rule) as refused:
        Key(key_id, secret)
    assert "sesame" not in str(refused.value)


async def test_without_a_daemon_there_are_none() -> None:
    with pytest.raises(HostError, match="there is no daemon that has keys"):
        await NO_KEYS.get("name")


@pytest.mark.parametrize("name", ["", "x" * 201, "a\nb", "ä"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(HostError, match="key: a name has 1 to 200 printable characters"):
        check_name(name)


def test_names_may_be_long() -> None:
    check_name("x" * 200)
