from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.registry import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from pacsd.ul import decode, encode
from pacsd.ul.errors import LocalProtocolError, PDUError
from pacsd.ul.items import (
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    OperationsWindow,
    RoleSelection,
    UserIdentityRQ,
    UserInformation,
)
from pacsd.ul.negotiation import (
    MIN_MAX_LENGTH,
    SEND_LENGTH_CAP,
    AcceptorTerms,
    Negotiated,
    PresentationContext,
    agree,
    answer,
)
from pacsd.ul.pdu import HEADER_LENGTH, AssociateRQ, ContextAnswer, ProposedContext
from tests.ul.transcripts import REQUEST, TERMS

CLASS = "1.2.840.10008.5.1.4.1.1.2"
JPEG = "1.2.840.10008.1.2.4.70"
EVERYTHING = frozenset(
    (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN, JPEG)
)


def proposing(*contexts: ProposedContext, info: UserInformation | None = None) -> AssociateRQ:
    return replace(REQUEST, contexts=contexts, user_information=info or UserInformation())


def supporting(**classes: frozenset[str] | set[str]) -> AcceptorTerms:
    return replace(TERMS, supported={CLASS: classes["syntaxes"]})


def negotiated(info: UserInformation, terms: AcceptorTerms = TERMS) -> Negotiated:
    request = replace(REQUEST, user_information=info)
    return agree(request, answer(request, terms))


# Presentation contexts


@pytest.mark.parametrize(
    ("proposed", "supported", "chosen"),
    [
        ((JPEG, EXPLICIT_VR_LITTLE_ENDIAN), EVERYTHING, JPEG),
        ((EXPLICIT_VR_BIG_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN), EVERYTHING, EXPLICIT_VR_BIG_ENDIAN),
        (
            (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN),
            EVERYTHING,
            EXPLICIT_VR_LITTLE_ENDIAN,
        ),
        (
            (IMPLICIT_VR_LITTLE_ENDIAN, JPEG, EXPLICIT_VR_LITTLE_ENDIAN),
            EVERYTHING,
            EXPLICIT_VR_LITTLE_ENDIAN,
        ),
        (
            (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN),
            {IMPLICIT_VR_LITTLE_ENDIAN},
            IMPLICIT_VR_LITTLE_ENDIAN,
        ),
        ((IMPLICIT_VR_LITTLE_ENDIAN, JPEG), EVERYTHING, IMPLICIT_VR_LITTLE_ENDIAN),
        (("1.2.3", JPEG), EVERYTHING, JPEG),
    ],
)
def test_first_acceptable_but_explicit_before_implicit(
    proposed: tuple[str, ...], supported: set[str], chosen: str
) -> None:
    request = proposing(ProposedContext(5, CLASS, proposed))
    accepted = answer(request, supporting(syntaxes=supported))
    assert accepted.contexts == (ContextAnswer(5, 0, chosen),)
    assert agree(request, accepted).contexts == {5: PresentationContext(5, CLASS, chosen)}


def test_d15_nothing_in_common() -> None:
    request = proposing(
        ProposedContext(1, "1.2.3", (JPEG,)),
        ProposedContext(3, CLASS, ("1.2.3",)),
        ProposedContext(5, CLASS, ()),
    )
    accepted = answer(request, supporting(syntaxes=EVERYTHING))
    assert [each.result for each in accepted.contexts] == [3, 4, 4]
    assert agree(request, accepted).contexts == {}


def test_d07_128_contexts_of_50_syntaxes() -> None:
    syntaxes = tuple(f"1.2.3.{number}" for number in range(49))
    request = proposing(
        *(ProposedContext(number, CLASS, (*syntaxes, JPEG)) for number in range(1, 256, 2))
    )
    sent = memoryview(encode.encode_associate_rq(request))[HEADER_LENGTH:]
    received = decode.decode_associate_rq(sent)
    contexts = agree(received, answer(received, supporting(syntaxes=EVERYTHING))).contexts
    assert contexts == {
        number: PresentationContext(number, CLASS, JPEG) for number in range(1, 256, 2)
    }


def test_answer_to_what_was_not_proposed_is_ignored() -> None:
    accepted = answer(REQUEST, TERMS)
    more = (*accepted.contexts, ContextAnswer(9, 0, JPEG))
    assert set(agree(REQUEST, replace(accepted, contexts=more)).contexts) == {1}


def test_answer_with_another_syntax_is_refused() -> None:
    accepted = replace(answer(REQUEST, TERMS), contexts=(ContextAnswer(3, 0, JPEG),))
    with pytest.raises(PDUError, match=f"context 3 accepted with {JPEG}, which was not proposed"):
        agree(REQUEST, accepted)


# Maximum length


@pytest.mark.parametrize(
    ("announced", "length"),
    [
        (None, SEND_LENGTH_CAP),
        (0, SEND_LENGTH_CAP),
        (0xFFFFFFFF, SEND_LENGTH_CAP),
        (16_383, 16_382),
        (MIN_MAX_LENGTH, MIN_MAX_LENGTH),
        (9, 8),
    ],
)
def test_d24_what_we_send(announced: int | None, length: int) -> None:
    agreed = negotiated(UserInformation(max_length=announced))
    assert agreed.to_requestor == length
    assert agreed.to_acceptor == TERMS.max_length


@pytest.mark.parametrize("announced", [1, 7])
def test_d24_acceptor_without_room(announced: int) -> None:
    accepted = answer(REQUEST, TERMS)
    info = replace(accepted.user_information, max_length=announced)
    with pytest.raises(PDUError, match=f"maximum length {announced} has no room for a PDV"):
        agree(REQUEST, replace(accepted, user_information=info))


@pytest.mark.parametrize("max_length", [-1, 1, 7, 1 << 32])
def test_maximum_length_we_cannot_announce(max_length: int) -> None:
    with pytest.raises(LocalProtocolError, match=f"maximum length {max_length} is not 0 or 8"):
        answer(REQUEST, replace(TERMS, max_length=max_length))


# Asynchronous operations window


@pytest.mark.parametrize(
    ("proposed", "cap", "agreed"),
    [
        (None, 16, (1, 1)),
        (OperationsWindow(1, 1), 16, (1, 1)),
        (OperationsWindow(5, 3), 16, (5, 3)),
        (OperationsWindow(0, 0), 16, (16, 16)),
        (OperationsWindow(99, 0), 16, (16, 16)),
        (OperationsWindow(99, 2), 1, (1, 1)),
    ],
)
def test_window(proposed: OperationsWindow | None, cap: int, agreed: tuple[int, int]) -> None:
    terms = replace(TERMS, max_operations_window=cap)
    result = negotiated(UserInformation(operations_window=proposed), terms)
    assert (result.requestor_window, result.acceptor_window) == agreed


def test_window_that_is_not_answered_is_1_1() -> None:
    request = replace(REQUEST, user_information=UserInformation(operations_window=_window(4)))
    accepted = answer(REQUEST, TERMS)
    assert agree(request, accepted).requestor_window == 1


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_answer_never_widens_the_window(proposed: int, answered: int) -> None:
    request = replace(
        REQUEST, user_information=UserInformation(operations_window=_window(proposed))
    )
    accepted = answer(REQUEST, TERMS)
    info = replace(accepted.user_information, operations_window=_window(answered))
    agreed = agree(request, replace(accepted, user_information=info)).requestor_window
    assert 1 <= agreed <= 0xFFFF
    assert agreed in (proposed, answered) or (proposed, answered) == (0, 0)
    assert proposed == 0 or agreed <= proposed
    assert answered == 0 or agreed <= answered


def _window(number: int) -> OperationsWindow:
    return OperationsWindow(number, number)


# Roles


@pytest.mark.parametrize("scu", [True, False])
@pytest.mark.parametrize("scp", [True, False])
@pytest.mark.parametrize("can_be_scu", [True, False])
def test_roles_need_both_sides(*, scu: bool, scp: bool, can_be_scu: bool) -> None:
    request = proposing(
        ProposedContext(1, CLASS, (JPEG,)),
        info=UserInformation(role_selections=(RoleSelection(CLASS, scu, scp),)),
    )
    terms = supporting(syntaxes=EVERYTHING)
    if can_be_scu:
        terms = replace(terms, scu_classes={CLASS})
    accepted = answer(request, terms)
    expected = RoleSelection(CLASS, scu, scp and can_be_scu)
    assert accepted.user_information.role_selections == (expected,)
    context = agree(request, accepted).contexts[1]
    assert context.requestor_is_scu is scu
    assert context.requestor_is_scp is (scp and can_be_scu)


@pytest.mark.parametrize(
    ("roles", "result", "agreed"),
    [
        ((), 3, None),
        ((RoleSelection(CLASS, True, False),), 3, None),
        ((RoleSelection(CLASS, False, True),), 0, (False, True)),
        ((RoleSelection(CLASS, True, True),), 0, (False, True)),
    ],
)
def test_a_class_of_which_we_are_scu_only(
    roles: tuple[RoleSelection, ...], result: int, agreed: tuple[bool, bool] | None
) -> None:
    """Who may retrieve need not be let store."""
    request = proposing(
        ProposedContext(1, CLASS, (JPEG,)), info=UserInformation(role_selections=roles)
    )
    terms = replace(supporting(syntaxes=EVERYTHING), scu_classes={CLASS}, scp_classes=frozenset())
    accepted = answer(request, terms)
    assert [each.result for each in accepted.contexts] == [result]
    contexts = agree(request, accepted).contexts.values()
    roles_agreed = [(each.requestor_is_scu, each.requestor_is_scp) for each in contexts]
    assert roles_agreed == ([] if agreed is None else [agreed])


def test_default_roles_without_an_answer() -> None:
    request = proposing(
        ProposedContext(1, CLASS, (JPEG,)),
        info=UserInformation(role_selections=(RoleSelection(CLASS, False, True),)),
    )
    accepted = answer(request, supporting(syntaxes=EVERYTHING))
    silent = replace(accepted, user_information=UserInformation())
    assert agree(request, silent).contexts[1] == PresentationContext(1, CLASS, JPEG, True, False)


def test_d06_role_selections_cannot_make_the_answer_too_long() -> None:
    foreign = tuple(RoleSelection(str(number), True, True) for number in range(5_000))
    repeated = (RoleSelection(CLASS, True, False),) * 1_000
    request = proposing(
        ProposedContext(1, CLASS, (JPEG,)), info=UserInformation(role_selections=foreign + repeated)
    )
    accepted = answer(request, supporting(syntaxes=EVERYTHING))
    assert accepted.user_information.role_selections == (RoleSelection(CLASS, True, False),)
    assert len(encode.encode_associate_ac(accepted)) < 300


# Extended negotiation, identity


def extended(*proposed: ExtendedNegotiation) -> UserInformation:
    return UserInformation(extended_negotiations=proposed)


@pytest.mark.parametrize(
    ("proposed", "support", "agreed"),
    [
        (b"\1", b"\1", b"\1"),
        (b"\1", b"\0", b"\0"),
        (b"\0", b"\1", b"\0"),
        (b"\1\0\1", b"\1\1\1\1", b"\1\0\1"),
        (b"\1\1\1\1", b"\0\1", b"\0\1"),
        (b"\2\377", b"\1\1", b"\0\0"),
        (b"", b"\1", b""),
    ],
)
def test_extended_negotiation_agrees_on_what_both_sides_have(
    proposed: bytes, support: bytes, agreed: bytes
) -> None:
    information = extended(ExtendedNegotiation(CLASS, proposed))
    terms = replace(TERMS, extended_support={CLASS: support})
    request = replace(REQUEST, user_information=information)
    answered = answer(request, terms)
    assert answered.user_information.extended_negotiations == (ExtendedNegotiation(CLASS, agreed),)
    assert agree(request, answered).extended == {CLASS: agreed}


def test_extended_negotiation_is_answered_only_where_asked_and_once() -> None:
    proposed = (
        ExtendedNegotiation(CLASS, b"\1"),
        ExtendedNegotiation(CLASS, b"\0"),
        ExtendedNegotiation("1.2.9", b"\1"),
    )
    common = (CommonExtendedNegotiation(CLASS, "1.2"),)
    information = replace(extended(*proposed), common_extended_negotiations=common)
    terms = replace(TERMS, extended_support={CLASS: b"\1", "1.2.3": b"\1"})
    answered = answer(replace(REQUEST, user_information=information), terms).user_information
    assert answered.extended_negotiations == proposed[:1]
    assert answered.common_extended_negotiations == ()


def test_what_is_answered_without_having_been_proposed_is_not_agreed_on() -> None:
    answered = answer(REQUEST, TERMS)
    unasked = replace(answered, user_information=extended(ExtendedNegotiation(CLASS, b"\1")))
    assert agree(REQUEST, unasked).extended == {}
    assert agree(REQUEST, answered).extended == {}


@pytest.mark.parametrize(
    ("identity", "response"),
    [
        (None, None),
        (UserIdentityRQ(1, is_response_requested=False, primary_field=b"user"), None),
        (UserIdentityRQ(1, is_response_requested=True, primary_field=b"user"), b"ticket"),
    ],
)
def test_identity_is_answered_only_if_asked(
    identity: UserIdentityRQ | None, response: bytes | None
) -> None:
    request = replace(REQUEST, user_information=UserInformation(user_identity=identity))
    terms = replace(TERMS, user_identity_response=b"ticket")
    assert answer(request, terms).user_information.user_identity_response == response
