"""Hypothesis strategies for the PDUs and sub-items, as their records."""

from hypothesis import strategies as st

from pacsd.ul.items import (
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    OperationsWindow,
    RoleSelection,
    UserIdentityRQ,
    UserInformation,
)
from pacsd.ul.pdu import (
    PDV,
    Abort,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    ContextAnswer,
    PDataTF,
    ProposedContext,
)

octets = st.integers(0, 255)
us = st.integers(0, 0xFFFF)
uids = st.lists(st.integers(0, 10**8), min_size=1, max_size=4).map(
    lambda components: ".".join(("2", *map(str, components)))
)
_graphic = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="\\")
ae_titles = st.text(_graphic, min_size=1, max_size=16)
context_ids = st.integers(0, 127).map(lambda number: 2 * number + 1)

windows = st.builds(OperationsWindow, us, us)
# pynetdicom refuses to write a selection of neither role; `test_user_information.py` reads one.
roles = st.builds(RoleSelection, uids, st.just(True), st.booleans()) | st.builds(
    RoleSelection, uids, st.just(False), st.just(True)
)
extended = st.builds(ExtendedNegotiation, uids, st.binary(min_size=1, max_size=40))
common_extended = st.builds(
    CommonExtendedNegotiation, uids, uids, st.lists(uids, max_size=4).map(tuple), st.just(0)
)
# Types 1 to 5 of PS3.7 table D.3-14; only type 2 has a secondary field.
user_identities = st.builds(
    UserIdentityRQ, st.sampled_from((1, 3, 4, 5)), st.booleans(), st.binary(min_size=1, max_size=99)
) | st.builds(
    UserIdentityRQ,
    st.just(2),
    st.booleans(),
    st.binary(min_size=1, max_size=99),
    st.binary(min_size=1, max_size=99),
)


def _one_per_class(strategy: st.SearchStrategy[ExtendedNegotiation]) -> st.SearchStrategy[object]:
    return st.lists(strategy, max_size=3, unique_by=lambda each: each.sop_class_uid).map(tuple)


def user_informations(*, is_request: bool) -> st.SearchStrategy[UserInformation]:
    """Request and answer differ in who may negotiate what."""
    nothing = st.none()
    return st.builds(
        UserInformation,
        max_length=st.integers(8, 0xFFFFFFFF) | st.just(0),
        implementation_class_uid=uids,
        implementation_version_name=st.just("") | ae_titles,
        operations_window=nothing | windows,
        role_selections=st.lists(roles, max_size=3, unique_by=lambda r: r.sop_class_uid).map(tuple),
        extended_negotiations=_one_per_class(extended),
        common_extended_negotiations=(
            st.lists(common_extended, max_size=2, unique_by=lambda c: c.sop_class_uid).map(tuple)
            if is_request
            else st.just(())
        ),
        user_identity=nothing | user_identities if is_request else nothing,
        user_identity_response=(
            nothing if is_request else nothing | st.binary(min_size=1, max_size=50)
        ),
    )


proposed_contexts = st.builds(
    ProposedContext, context_ids, uids, st.lists(uids, min_size=1, max_size=4).map(tuple)
)
context_answers = st.builds(ContextAnswer, context_ids, st.just(0), uids) | st.builds(
    ContextAnswer, context_ids, st.integers(1, 4), st.just("")
)

associate_rqs = st.builds(
    AssociateRQ,
    called_ae=ae_titles,
    calling_ae=ae_titles,
    contexts=st.lists(
        proposed_contexts, min_size=1, max_size=5, unique_by=lambda c: c.context_id
    ).map(tuple),
    user_information=user_informations(is_request=True),
    application_context=uids,
)
associate_acs = st.builds(
    AssociateAC,
    called_ae=ae_titles,
    calling_ae=ae_titles,
    contexts=st.lists(
        context_answers, min_size=1, max_size=5, unique_by=lambda c: c.context_id
    ).map(tuple),
    user_information=user_informations(is_request=False),
    application_context=uids,
)
associate_rjs = st.builds(AssociateRJ, octets, octets, octets)
aborts = st.builds(Abort, octets, octets)
pdvs = st.builds(PDV, octets, st.booleans(), st.booleans(), st.binary(max_size=60))
p_data_tfs = st.builds(PDataTF, st.lists(pdvs, min_size=1, max_size=4).map(tuple))
