import pytest

from pacsd.net.web_client.retry_after import retry_after_s

NOW = "Fri, 31 Dec 1999 23:59:59 GMT"


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("30", "", 30.0),
        (" 0 ", NOW, 0.0),
        ("Sat, 01 Jan 2000 00:00:29 GMT", NOW, 30.0),
        ("Fri, 31 Dec 1999 00:00:00 GMT", NOW, 0.0),
        ("Sat, 01 Jan 2000 00:00:29 GMT", "", None),
        ("Sat, 01 Jan 2000 00:00:29 GMT", "soon", None),
        ("", NOW, None),
        ("soon", NOW, None),
        ("-1", NOW, None),
        ("1.5", NOW, None),
        ("9" * 400, NOW, None),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", NOW, None),
        ("Mon, 01 Jan 2001 00:00:00 +99999999999999999999", NOW, None),
        ("Sat, 99 Jan 2000 00:00:29 GMT", NOW, None),
    ],
)
def test_when_to_come_back(value: str, date: str, seconds: float | None) -> None:
    assert retry_after_s(value, date) == seconds
