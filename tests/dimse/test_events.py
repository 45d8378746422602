from dataclasses import FrozenInstanceError, fields
from typing import get_args

import pytest

from pacsd.dimse import events
from pacsd.ul.events import PDataReceived
from tests.dimse.conversations import STORE, Conversation, store_rq

OWN = [event for event in get_args(events.Event) if event.__module__ == events.__name__]


def test_p_data_does_not_come_out_as_such() -> None:
    talk = Conversation()
    talk.scu.request(STORE, store_rq(), talk.now)
    received = talk.to_scp()
    assert received == [events.RequestReceived(STORE, store_rq())]
    assert not any(isinstance(event, PDataReceived) for event in received)


@pytest.mark.parametrize("event", OWN, ids=lambda event: event.__name__)
def test_every_event_is_a_frozen_slotted_record(event: type) -> None:
    assert "__slots__" in vars(event)
    first = fields(event)[0].name
    with pytest.raises(FrozenInstanceError):
        setattr(event(*[None] * len(fields(event))), first, 1)
