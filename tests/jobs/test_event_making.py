import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.index.change_records import ToldChange
from pacsd.index.records import ChangeKind
from pacsd.jobs.event_making import KINDS, event_in, event_of, number_of, payload_of


def change(kind: ChangeKind) -> ToldChange:
    return ToldChange(12, kind, 7, "1.2", "1.2.3", "1.2.3.4", 5, 0)


@pytest.mark.parametrize("kind", ChangeKind)
def test_a_change_is_an_event_or_none(kind: ChangeKind) -> None:
    event = event_of("epoch", change(kind))
    if kind in KINDS:
        assert event == ArchiveEvent("epoch-12", KINDS[kind], 7, "1.2", "1.2.3", "1.2.3.4")
    else:
        assert event is None


def test_every_kind_of_event_comes_of_some_change() -> None:
    assert set(KINDS.values()) == set(EventKind)


@given(
    st.builds(
        ArchiveEvent,
        st.text("abc-0123456789", min_size=1),
        st.sampled_from(EventKind),
        st.integers(0, 2**62),
        *[st.text("0123456789.")] * 3,
    )
)
def test_an_event_comes_back_from_its_payload(event: ArchiveEvent) -> None:
    assert event_in(payload_of(event)) == event


@pytest.mark.parametrize("payload", ["", "[]", "{}", '{"event_id":"a","kind":"none"}', "7"])
def test_what_is_no_event_is_refused(payload: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        event_in(payload)


def test_an_event_knows_the_number_of_its_change() -> None:
    event = ArchiveEvent("0f-e3-17", EventKind.STUDY_QUIET, 5, "1.2", "", "")
    assert number_of(event) == 17
