from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicomweb.event_stream import COMMENT, event, position, retry

LINES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=30)


@dataclass
class Reader:
    """A reader as WHATWG HTML, section 9.2.6, has it; what it is told is in `told`."""

    last_event_id: str = ""
    reconnection_ms: int = 0
    told: list[tuple[str, str, str]] = field(default_factory=list)

    def feed(self, stream: bytes) -> None:
        buffers = {"data": "", "event": ""}
        identity = self.last_event_id
        for line in stream.decode().split("\n"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not line:
                self.last_event_id = identity
                if buffers["data"]:
                    data = buffers["data"].removesuffix("\n")
                    self.told.append((identity, buffers["event"] or "message", data))
                buffers = {"data": "", "event": ""}
            elif name == "data":
                buffers["data"] += value + "\n"
            elif name == "event":
                buffers["event"] = value
            elif name == "id" and "\0" not in value:
                identity = value
            elif name == "retry" and value.isdecimal():
                self.reconnection_ms = int(value)


def test_an_event() -> None:
    assert event("9f2c:17", "stored", b'{"number":17}') == (
        b'id: 9f2c:17\nevent: stored\ndata: {"number":17}\n\n'
    )


def test_what_tells_nothing() -> None:
    reader = Reader()
    reader.feed(retry(1_000) + position("9f2c:4") + COMMENT)
    assert (reader.last_event_id, reader.reconnection_ms, reader.told) == ("9f2c:4", 1_000, [])


@given(st.lists(st.tuples(LINES, LINES.filter(bool), LINES)))
def test_a_reader_is_told_what_was_written(events: list[tuple[str, str, str]]) -> None:
    reader = Reader()
    reader.feed(b"".join(event(each, name, data.encode()) for each, name, data in events))
    assert reader.told == events


@pytest.mark.parametrize("broken", ["a\nb", "a\rb", "\n"])
def test_nothing_is_written_that_is_of_two_lines(broken: str) -> None:
    with pytest.raises(ValueError, match="id"):
        event(broken, "stored", b"")
    with pytest.raises(ValueError, match="event"):
        event("1", broken, b"")
    with pytest.raises(ValueError, match="data"):
        event("1", "stored", broken.encode())
    with pytest.raises(ValueError, match="id"):
        position(broken)


def test_an_id_has_no_nul() -> None:
    with pytest.raises(ValueError, match="NUL"):
        position("a\0b")
