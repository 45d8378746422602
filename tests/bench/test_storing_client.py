from dataclasses import dataclass, field

import pytest

from contrib.bench import messages
from contrib.bench.storing_client import Message, rate


@dataclass
class Sender:
    stored_s: list[float] = field(default_factory=list)
    has_ended: bool = False


@pytest.mark.parametrize("max_length_bytes", [1_024, 131_072])
def test_a_message_becomes_that_of_one_instance_after_the_other(max_length_bytes: int) -> None:
    message = Message(max_length_bytes, messages.SMALL_ROWS)
    template = messages.store_message(max_length_bytes, messages.SMALL_ROWS)
    for serial in (7, 10**12 - 1, 8):
        message.become(serial)
        assert message.pdus == messages.with_uid(template, serial)
    assert message.pdus.count(messages.uid(8).encode()) == 2


def test_what_was_stored_in_a_span_is_counted_over_all_senders() -> None:
    senders = [Sender([1.0, 2.0, 3.0]), Sender([1.9, 2.5, 6.0])]
    assert rate(senders, 2.0, 6.0) == pytest.approx(3 / 4)


def test_there_is_no_rate_once_a_sender_has_ended() -> None:
    assert rate([Sender([2.5]), Sender([2.5], has_ended=True)], 2.0, 6.0) is None
