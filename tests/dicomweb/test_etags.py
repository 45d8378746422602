import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicomweb.etags import MAX_HEADER_LENGTH, entity_tag, matches, none_matches


def test_tags() -> None:
    assert entity_tag("7f-1") == '"7f-1"'
    assert entity_tag("7f-1", is_weak=True) == 'W/"7f-1"'


@pytest.mark.parametrize("opaque", ["", "a b", 'a"b', "a\r\nb", "ä", "\x7f"])
def test_w21_no_tag_splits_a_header(opaque: str) -> None:
    with pytest.raises(ValueError, match="is not of visible ASCII"):
        entity_tag(opaque)


@pytest.mark.parametrize(
    ("header", "current", "strongly", "weakly"),
    [
        # RFC 9110 section 8.8.3.2
        ('W/"1"', 'W/"1"', False, True),
        ('W/"1"', 'W/"2"', False, False),
        ('W/"1"', '"1"', False, True),
        ('"1"', 'W/"1"', False, True),
        ('"1"', '"1"', True, True),
        ('"0", "1"', '"1"', True, True),
        ('"0",W/"2" ,,\t"1"', '"1"', True, True),
        ('"a,b", "1"', '"1"', True, True),
        ('"a,b"', '"a"', False, False),
        ("*", '"1"', True, True),
        (" * ", '"1"', True, True),
        ("*", None, False, False),
        ('"1"', None, False, False),
        # What cannot be read matches nothing.
        ("", '"1"', False, False),
        ("1", '"1"', False, False),
        ('"1', '"1"', False, False),
        ('w/"1"', '"1"', False, False),
        ('"0" "1"', '"1"', False, False),
        ('*, "0"', '"1"', False, False),
        ('"1",' + " " * MAX_HEADER_LENGTH, '"1"', False, False),
    ],
)
def test_matching(header: str, current: str | None, strongly: bool, weakly: bool) -> None:
    assert matches(header, current) is strongly
    assert none_matches(header, current) is not weakly


OPAQUE = st.text(st.characters(min_codepoint=0x23, max_codepoint=0x7E), min_size=1, max_size=20)


@given(st.lists(st.tuples(OPAQUE, st.booleans()), min_size=1, max_size=10), st.data())
def test_a_tag_is_found_in_any_list(tags: list[tuple[str, bool]], data: st.DataObject) -> None:
    header = ", ".join(entity_tag(opaque, is_weak=is_weak) for opaque, is_weak in tags)
    opaque, _ = data.draw(st.sampled_from(tags))
    assert not none_matches(header, entity_tag(opaque))
    assert matches(header, entity_tag(opaque)) is ((opaque, False) in tags)


@given(st.text(st.sampled_from('W/"a, *\t1')))
def test_any_text_is_compared(header: str) -> None:
    none_matches(header, '"a"')
    matches(header, '"a"')
