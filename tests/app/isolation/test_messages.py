import pickle

import pytest

from pacsd.app.isolation.errors import Misfit
from pacsd.app.isolation.messages import (
    Answer,
    Ask,
    Cancel,
    Failure,
    Message,
    Tell,
    decode_message,
    encode_message,
)


@pytest.mark.parametrize(
    "message",
    [
        Ask(1, "call", {"hook": "x", "arguments": {"a": [1, None]}}),
        Answer(2, None),
        Failure(3, "raised KeyError", is_fatal=True),
        Failure(3, "raised KeyError", is_fatal=False, traceback="Traceback\n  File"),
        Cancel(4),
        Tell("log", ["x"]),
    ],
)
def test_messages_come_out_as_they_went_in(message: Message) -> None:
    assert decode_message(encode_message(message)) == message


class Opens:
    """What pickle would make of itself."""

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        raise AssertionError("somebody took it for a pickle")


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x8c\x06system\x93.",
        pickle.dumps({"kind": "Cancel", "value": {"number": 1}}),
        b"!!python/object/apply:os.system ['true']",
        b"__import__('os').system('true')",
        b'{"kind": "Tell", "value": {"method": "log"}}',
        b'{"kind": "Tell", "value": {"method": "log", "arguments": 1, "__class__": "os"}}',
        b'{"kind": "os.system", "value": {}}',
        b'{"kind": ["Cancel"], "value": {"number": 1}}',
        b'{"kind": "Cancel", "value": {"number": "1"}}',
        b'{"kind": "Cancel", "value": {"number": true}}',
        b'{"kind": "Cancel", "value": {"number": NaN}}',
        b'{"py/object": "os.system"}',
        b"[" * 100_000,
        b"null",
        b"",
    ],
)
def test_p06_whatever_is_no_message_is_refused(content: bytes) -> None:
    with pytest.raises(Misfit):
        decode_message(content)


@pytest.mark.parametrize("value", ["\ud800", {1: 2}, Opens(), 2**80])
def test_what_is_no_json_is_not_sent(value: object) -> None:
    with pytest.raises(Misfit, match="no JSON"):
        encode_message(Answer(1, value))
