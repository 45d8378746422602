import pytest

from pacsd.app.conf.decode import Problem
from pacsd.app.isolation.errors import Misfit
from pacsd.app.isolation.home import HookTraits
from pacsd.app.isolation.requests import (
    CALL_REQUEST,
    LOAD_REPLY,
    LOAD_REQUEST,
    SENTENCES,
    Arrived,
    CallRequest,
    LoadRequest,
    TableRefused,
)
from pacsd.app.isolation.scalar_values import Form


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (LOAD_REQUEST, LoadRequest("acme", "acme:Acme", {"depth": [1]}, "/data", 64)),
        (LOAD_REPLY, Arrived({"x": HookTraits(("a",), is_tryfirst=True, is_trylast=False)})),
        (LOAD_REPLY, TableRefused((Problem(("a", 0, "b"), "1", "must be text"),))),
        (CALL_REQUEST, CallRequest("x", {"a": 1})),
        (SENTENCES, ("one", "two")),
    ],
)
def test_requests_and_replies_cross(form: Form, value: object) -> None:
    assert form.decode(form.encode(value)) == value


def test_p06_a_reply_names_no_class_of_its_own() -> None:
    with pytest.raises(Misfit):
        LOAD_REPLY.decode({"kind": "LoadRequest", "value": {}})
