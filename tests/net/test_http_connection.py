"""What the listener's tests show of whole exchanges is not repeated here."""

import json

import pytest

from pacsd.net.http_connection import GUARDS, HttpLimits, json_answer


def test_an_answer_is_guarded_json() -> None:
    answer = json_answer(418, {"error": "x"}, {"Allow": "GET"})
    assert (answer.status, answer.content_type) == (418, "application/json")
    assert isinstance(answer.body, bytes)
    assert json.loads(answer.body) == {"error": "x"}
    assert answer.headers["Allow"] == "GET"
    assert GUARDS.items() <= dict(answer.headers).items()


@pytest.mark.parametrize("field", HttpLimits.__dataclass_fields__)
def test_every_limit_is_one(field: str) -> None:
    assert getattr(HttpLimits(), field) > 0
