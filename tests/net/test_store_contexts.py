from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.reencode import REENCODABLE
from pacsd.dicom.registry import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    Service,
    sop_classes,
    transfer_syntaxes,
)
from pacsd.net.errors import NotAccepted
from pacsd.net.store_contexts import MAX_CONTEXTS, StoredAs, choose, plan, propose
from pacsd.net.transcoding import NO_WAYS, Ways
from pacsd.ul.negotiation import PresentationContext

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
JPEG, RLE = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.5"
STORED = st.builds(
    StoredAs,
    st.sampled_from([known.uid for known in sop_classes(Service.STORAGE)]),
    st.sampled_from([known.uid for known in transfer_syntaxes()]),
)


def proposed(*stored: StoredAs, ways: Ways = NO_WAYS) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.abstract_syntax, each.transfer_syntaxes) for each in propose(stored, ways)]


def accepted(*syntaxes: str, sop_class_uid: str = CT) -> list[PresentationContext]:
    return [
        PresentationContext(2 * number + 1, sop_class_uid, uid)
        for number, uid in enumerate(syntaxes)
    ]


def test_a_native_object_comes_as_it_is_or_in_any_other_native_encoding() -> None:
    assert proposed(StoredAs(CT, EXPLICIT_VR_LITTLE_ENDIAN)) == [
        (CT, (EXPLICIT_VR_LITTLE_ENDIAN,)),
        (
            CT,
            (
                IMPLICIT_VR_LITTLE_ENDIAN,
                DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
                EXPLICIT_VR_BIG_ENDIAN,
            ),
        ),
    ]


def test_an_encapsulated_object_comes_as_it_is_only() -> None:
    assert proposed(StoredAs(CT, JPEG), StoredAs(CT, RLE)) == [(CT, (JPEG,)), (CT, (RLE,))]
    assert proposed(StoredAs(CT, "1.2.3.4")) == [(CT, ("1.2.3.4",))]


def test_all_native_encodings_leave_nothing_to_offer_besides() -> None:
    contexts = proposed(*(StoredAs(CT, uid) for uid in REENCODABLE))
    assert sorted(contexts) == [(CT, (uid,)) for uid in sorted(REENCODABLE)]


def test_contexts_are_numbered_odd() -> None:
    contexts = propose([StoredAs(CT, EXPLICIT_VR_LITTLE_ENDIAN), StoredAs(MR, JPEG)])
    assert [context.context_id for context in contexts] == [1, 3, 5]


@given(STORED, st.lists(STORED, max_size=200))
def test_no_association_is_asked_for_too_much(first: StoredAs, others: list[StoredAs]) -> None:
    planned = plan(first, others)
    contexts = propose(planned)
    assert first in planned <= {first, *others}
    assert len(contexts) <= MAX_CONTEXTS
    assert {context.context_id for context in contexts} <= set(range(1, 256, 2))
    for each in planned:
        assert (each.sop_class_uid, (each.transfer_syntax_uid,)) in proposed(*planned)


@given(st.lists(STORED, min_size=1, max_size=60))
def test_implicit_vr_is_offered_with_every_class_that_is_not_encapsulated(
    stored: list[StoredAs],
) -> None:
    """PS3.5 section 10.1."""
    offered = {
        context.abstract_syntax
        for context in propose(set(stored))
        if IMPLICIT_VR_LITTLE_ENDIAN in context.transfer_syntaxes
    }
    assert offered == {
        each.sop_class_uid for each in stored if each.transfer_syntax_uid in REENCODABLE
    }


def test_what_fits_is_planned() -> None:
    many = [StoredAs(known.uid, JPEG) for known in sop_classes(Service.STORAGE)]
    assert len(plan(many[0], many)) == MAX_CONTEXTS
    few = frozenset(many[:100])
    assert plan(many[0], few) == few


def test_as_it_is_stored_comes_first() -> None:
    contexts = accepted(IMPLICIT_VR_LITTLE_ENDIAN, JPEG, EXPLICIT_VR_LITTLE_ENDIAN)
    for uid in (IMPLICIT_VR_LITTLE_ENDIAN, JPEG, EXPLICIT_VR_LITTLE_ENDIAN):
        assert choose(contexts, StoredAs(CT, uid)).transfer_syntax == uid


@pytest.mark.parametrize(
    ("syntaxes", "expected"),
    [
        ((IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN), EXPLICIT_VR_LITTLE_ENDIAN),
        ((EXPLICIT_VR_BIG_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN), IMPLICIT_VR_LITTLE_ENDIAN),
        ((EXPLICIT_VR_BIG_ENDIAN, JPEG), EXPLICIT_VR_BIG_ENDIAN),
    ],
)
def test_then_the_best_encoding_it_can_be_had_in(syntaxes: Iterable[str], expected: str) -> None:
    stored = StoredAs(CT, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
    assert choose(accepted(*syntaxes), stored).transfer_syntax == expected


def refusal(contexts: Iterable[PresentationContext], stored: StoredAs, ways: Ways = NO_WAYS) -> str:
    with pytest.raises(NotAccepted) as refused:
        choose(contexts, stored, ways)
    return str(refused.value)


def test_why_nothing_fits() -> None:
    assert refusal([], StoredAs(CT, EXPLICIT_VR_LITTLE_ENDIAN)) == (
        "the peer does not accept CT Image Storage in Explicit VR Little Endian, nor re-encoded"
    )
    assert refusal(accepted(IMPLICIT_VR_LITTLE_ENDIAN), StoredAs(CT, JPEG)).endswith(
        ", which cannot be re-encoded; it accepts Implicit VR Little Endian"
    )
    assert "1.2.3.4" in refusal(accepted(JPEG, sop_class_uid=MR), StoredAs(CT, "1.2.3.4"))


# With codecs

JPEG_LS, J2K = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90"
DECODED = Ways({RLE: REENCODABLE, JPEG: REENCODABLE})
WAYS = st.dictionaries(
    st.sampled_from([known.uid for known in transfer_syntaxes()]),
    st.lists(st.sampled_from([*REENCODABLE, JPEG_LS, J2K, RLE]), unique=True).map(tuple),
    max_size=8,
).map(Ways)


def test_what_can_be_made_of_an_object_is_offered_beside_it() -> None:
    assert proposed(StoredAs(CT, RLE), ways=DECODED) == [(CT, (RLE,)), (CT, REENCODABLE)]


def test_what_can_be_made_of_all_of_them_is_offered_once() -> None:
    stored = StoredAs(CT, RLE), StoredAs(CT, JPEG), StoredAs(CT, EXPLICIT_VR_LITTLE_ENDIAN)
    contexts = proposed(*stored, ways=DECODED)
    assert contexts[3:] == [(CT, REENCODABLE[1:])]
    assert {syntaxes for _, syntaxes in contexts[:3]} == {
        (each.transfer_syntax_uid,) for each in stored
    }


def test_what_can_be_made_of_some_only_has_a_context_of_its_own() -> None:
    """The peer might choose what the others cannot be had in."""
    ways = Ways({RLE: REENCODABLE, JPEG: (JPEG_LS,)})
    contexts = proposed(StoredAs(CT, RLE), StoredAs(CT, JPEG), ways=ways)
    assert contexts == [(CT, (JPEG,)), (CT, (RLE,)), (CT, (JPEG_LS,)), (CT, REENCODABLE)]


@given(STORED, st.lists(STORED, max_size=200), WAYS)
def test_with_codecs_neither(first: StoredAs, others: list[StoredAs], ways: Ways) -> None:
    planned = plan(first, others, ways)
    contexts = propose(planned, ways)
    assert first in planned <= {first, *others}
    assert len(contexts) <= MAX_CONTEXTS
    for each in planned:
        alone = (each.transfer_syntax_uid,)
        assert any(
            (context.abstract_syntax, context.transfer_syntaxes) == (each.sop_class_uid, alone)
            for context in contexts
        )


@given(st.sets(STORED, min_size=1, max_size=20), WAYS, st.data())
def test_whatever_the_peer_chooses_all_can_be_sent(
    stored: set[StoredAs], ways: Ways, data: st.DataObject
) -> None:
    """Of each context one syntax, for those objects that the context is for."""
    chosen = [
        PresentationContext(
            context.context_id,
            context.abstract_syntax,
            data.draw(st.sampled_from(context.transfer_syntaxes)),
        )
        for context in propose(stored, ways)
    ]
    for each in stored:
        without = [context for context in chosen if context.transfer_syntax != each[1]]
        if any(uid not in {other[1] for other in stored} for uid in ways.of(each[1])):
            taken = choose(without, each, ways).transfer_syntax
            assert taken in {*ways.of(each[1]), *REENCODABLE}


def test_a_codec_is_asked_last() -> None:
    ways = Ways({EXPLICIT_VR_LITTLE_ENDIAN: (JPEG_LS,), RLE: (*REENCODABLE, JPEG_LS)})
    contexts = accepted(JPEG_LS, IMPLICIT_VR_LITTLE_ENDIAN)
    stored = StoredAs(CT, EXPLICIT_VR_LITTLE_ENDIAN)
    assert choose(contexts, stored, ways).transfer_syntax == IMPLICIT_VR_LITTLE_ENDIAN
    assert choose(accepted(JPEG_LS), stored, ways).transfer_syntax == JPEG_LS
    wrapped = StoredAs(CT, RLE)
    assert choose(contexts, wrapped, ways).transfer_syntax == IMPLICIT_VR_LITTLE_ENDIAN
    assert choose([*contexts, *accepted(RLE)], wrapped, ways).transfer_syntax == RLE


def test_why_nothing_fits_that_codecs_make() -> None:
    assert refusal(accepted(J2K), StoredAs(CT, RLE), DECODED).endswith(
        "in RLE Lossless, nor in anything that can be made of it; it accepts JPEG 2000 Image "
        "Compression (Lossless Only)"
    )
