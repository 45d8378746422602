"""What an association request and its answer agree on (PS3.8 section 7.1, PS3.7 Annex D.3).

Both sides end with the same `Negotiated` record, seen from no side in particular: its numbers are
named after the requestor and the acceptor, as PS3.7 names them.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from pacsd.ul.errors import LocalProtocolError, PDUError
from pacsd.ul.items import (
    ExtendedNegotiation,
    OperationsWindow,
    RoleSelection,
    UserInformation,
)
from pacsd.ul.pdu import (
    PDV_HEADER_LENGTH,
    AssociateAC,
    AssociateRQ,
    ContextAnswer,
    ContextResult,
    ProposedContext,
)

MIN_MAX_LENGTH = PDV_HEADER_LENGTH + 2
"""A maximum length below this has no room for a PDV with a fragment: fragments are even."""

_MAX_MAX_LENGTH = 0xFFFF_FFFF

SEND_LENGTH_CAP = 131_072
"""What we send to a peer that names no limit, or a larger one, in bytes of P-DATA-TF field."""

_UNREAD_SYNTAX = IMPLICIT_VR_LITTLE_ENDIAN
"""A rejected context carries a transfer syntax that nobody reads (PS3.8 section 9.3.3.2)."""

# Named for every context of a request: a name is faster than an attribute of an enumeration.
_ACCEPTANCE = ContextResult.ACCEPTANCE
_NO_ABSTRACT_SYNTAX = ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED
_NO_TRANSFER_SYNTAX = ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED


@dataclass(frozen=True, slots=True)
class AcceptorTerms:
    """What an acceptor agrees to.

    `supported` maps an abstract syntax to the transfer syntaxes it may come in. `scu_classes` are
    the SOP classes for which the acceptor itself can act as SCU, so that the requestor may be SCP;
    `scp_classes` those for which it acts as SCP, None if for all. `extended_support` says for a SOP
    class, byte by byte, what it supports of that extended negotiation.
    """

    supported: Mapping[str, Container[str]]
    max_length: int
    implementation_class_uid: str
    implementation_version_name: str
    max_operations_window: int = 1
    scu_classes: Container[str] = frozenset()
    scp_classes: Container[str] | None = None
    extended_support: Mapping[str, bytes] = field(default_factory=dict)
    user_identity_response: bytes | None = field(default=None, repr=False)

    def is_scp_of(self, sop_class_uid: str) -> bool:
        """Whether the requestor may be SCU of this SOP class."""
        return self.scp_classes is None or sop_class_uid in self.scp_classes


@dataclass(frozen=True, slots=True)
class PresentationContext:
    """An accepted presentation context."""

    context_id: int
    abstract_syntax: str
    transfer_syntax: str
    requestor_is_scu: bool = True
    requestor_is_scp: bool = False


@dataclass(frozen=True, slots=True)
class Negotiated:
    """What both sides agreed on.

    `to_requestor` and `to_acceptor` are the longest P-DATA-TF variable fields, in bytes, that may
    be sent towards each. `requestor_window` operations may be outstanding that the requestor
    invoked, `acceptor_window` that the acceptor invoked (PS3.7 section D.3.3.3). `extended` is the
    acceptor's answer to each SOP class extended negotiation that was proposed (section D.3.3.5).
    """

    contexts: Mapping[int, PresentationContext]
    to_requestor: int
    to_acceptor: int
    requestor_window: int = 1
    acceptor_window: int = 1
    extended: Mapping[str, bytes] = field(default_factory=dict)


def answer(request: AssociateRQ, terms: AcceptorTerms) -> AssociateAC:
    """The A-ASSOCIATE-AC that accepts a request on these terms.

    Raises:
        LocalProtocolError: the terms announce a maximum length that cannot be.
    """
    check_announced(terms.max_length)
    info = request.user_information
    scp_roles = {role.sop_class_uid for role in info.role_selections if role.scp_role}
    return AssociateAC(
        called_ae=request.called_ae,
        calling_ae=request.calling_ae,
        contexts=tuple(_answer_context(each, terms, scp_roles) for each in request.contexts),
        user_information=UserInformation(
            max_length=terms.max_length,
            implementation_class_uid=terms.implementation_class_uid,
            implementation_version_name=terms.implementation_version_name,
            operations_window=_answer_window(info.operations_window, terms.max_operations_window),
            role_selections=_answer_roles(info, terms),
            extended_negotiations=_answer_extended(info, terms),
            user_identity_response=_answer_identity(info, terms),
        ),
        bytes_11_to_74=request.bytes_11_to_74,
    )


def agree(request: AssociateRQ, accepted: AssociateAC) -> Negotiated:
    """What a request and its acceptance mean together, for either side.

    Raises:
        PDUError: the answer accepts a transfer syntax that was not proposed, or its maximum length
            has no room for a PDV.
    """
    rq_info, ac_info = request.user_information, accepted.user_information
    window = _agreed_window(rq_info.operations_window, ac_info.operations_window)
    return Negotiated(
        contexts=_accepted_contexts(request, accepted),
        to_requestor=_send_length(rq_info),
        to_acceptor=_send_length(ac_info),
        requestor_window=window.max_invoked,
        acceptor_window=window.max_performed,
        extended=_agreed_extended(rq_info, ac_info),
    )


def check_announced(max_length: int) -> None:
    """Whether we can announce this maximum length; LocalProtocolError if not."""
    if max_length and not MIN_MAX_LENGTH <= max_length <= _MAX_MAX_LENGTH:
        raise LocalProtocolError(
            f"maximum length {max_length} is not 0 or {MIN_MAX_LENGTH} to {_MAX_MAX_LENGTH} "
            "(PS3.8 Annex D.1)"
        )


def _answer_context(
    context: ProposedContext, terms: AcceptorTerms, scp_roles: Container[str]
) -> ContextAnswer:
    """Accept what is supported in at least one of the roles (PS3.7 section D.3.3.4)."""
    uid = context.abstract_syntax
    syntaxes = terms.supported.get(uid)
    has_role = terms.is_scp_of(uid) or (uid in scp_roles and uid in terms.scu_classes)
    if syntaxes is None or not has_role:
        return ContextAnswer(context.context_id, _NO_ABSTRACT_SYNTAX, _UNREAD_SYNTAX)
    chosen = _choose_transfer_syntax(context.transfer_syntaxes, syntaxes)
    if chosen is None:
        return ContextAnswer(context.context_id, _NO_TRANSFER_SYNTAX, _UNREAD_SYNTAX)
    return ContextAnswer(context.context_id, _ACCEPTANCE, chosen)


def _choose_transfer_syntax(proposed: tuple[str, ...], syntaxes: Container[str]) -> str | None:
    """The requestor's first acceptable one, but Explicit before Implicit VR Little Endian.

    Many requestors put Implicit VR first by habit; Explicit VR keeps the VR of private elements.
    """
    for uid in proposed:
        if uid not in syntaxes:
            continue
        if (
            uid == IMPLICIT_VR_LITTLE_ENDIAN
            and EXPLICIT_VR_LITTLE_ENDIAN in proposed
            and EXPLICIT_VR_LITTLE_ENDIAN in syntaxes
        ):
            return EXPLICIT_VR_LITTLE_ENDIAN
        return uid
    return None


def _answer_window(proposed: OperationsWindow | None, cap: int) -> OperationsWindow | None:
    if proposed is None:
        return None
    return OperationsWindow(
        min(proposed.max_invoked or cap, cap), min(proposed.max_performed or cap, cap)
    )


def _agreed_window(
    proposed: OperationsWindow | None, answered: OperationsWindow | None
) -> OperationsWindow:
    """Without both sub-items, (1,1) stands; an answer never widens a proposal."""
    if proposed is None or answered is None:
        return OperationsWindow(1, 1)
    return OperationsWindow(
        _smaller(proposed.max_invoked, answered.max_invoked),
        _smaller(proposed.max_performed, answered.max_performed),
    )


def _smaller(one: int, other: int) -> int:
    """The smaller number of operations, where 0 stands for no limit."""
    return min(one or 0xFFFF, other or 0xFFFF)


def _answer_roles(info: UserInformation, terms: AcceptorTerms) -> tuple[RoleSelection, ...]:
    """One answer for each SOP class we know: a peer's list must not make ours too long to send."""
    answers: dict[str, RoleSelection] = {}
    for role in info.role_selections:
        uid = role.sop_class_uid
        if uid in terms.supported and uid not in answers:
            scp_role = role.scp_role and uid in terms.scu_classes
            answers[uid] = RoleSelection(uid, role.scu_role and terms.is_scp_of(uid), scp_role)
    return tuple(answers.values())


def _answer_extended(
    info: UserInformation, terms: AcceptorTerms
) -> tuple[ExtendedNegotiation, ...]:
    """Of each byte that both sides know: what they have in common, else 0.

    Only what was proposed is answered, a SOP class once: the answer is no longer than the proposal.
    """
    answers: dict[str, ExtendedNegotiation] = {}
    for proposed in info.extended_negotiations:
        uid = proposed.sop_class_uid
        support = terms.extended_support.get(uid)
        if support is not None and uid not in answers:
            pairs = zip(support, proposed.application_information, strict=False)
            common = bytes(own if own == asked else 0 for own, asked in pairs)
            answers[uid] = ExtendedNegotiation(uid, common)
    return tuple(answers.values())


def _answer_identity(info: UserInformation, terms: AcceptorTerms) -> bytes | None:
    identity = info.user_identity
    if identity is None or not identity.is_response_requested:
        return None
    return terms.user_identity_response


def _accepted_contexts(
    request: AssociateRQ, accepted: AssociateAC
) -> dict[int, PresentationContext]:
    proposed = {context.context_id: context for context in request.contexts}
    roles = _agreed_roles(request.user_information, accepted.user_information)
    contexts: dict[int, PresentationContext] = {}
    for item in accepted.contexts:
        context = proposed.get(item.context_id)
        if item.result != _ACCEPTANCE or context is None:
            continue
        if item.transfer_syntax not in context.transfer_syntaxes:
            raise PDUError(
                f"A-ASSOCIATE-AC: presentation context {item.context_id} accepted with "
                f"{item.transfer_syntax}, which was not proposed (PS3.8 section 9.3.3.2)"
            )
        scu, scp = roles.get(context.abstract_syntax, (True, False))
        contexts[item.context_id] = PresentationContext(
            item.context_id, context.abstract_syntax, item.transfer_syntax, scu, scp
        )
    return contexts


def _agreed_roles(
    proposed: UserInformation, answered: UserInformation
) -> dict[str, tuple[bool, bool]]:
    """A role needs both sides' yes; without an answer the default roles stand (D.3.3.4)."""
    answers = {role.sop_class_uid: role for role in answered.role_selections}
    roles: dict[str, tuple[bool, bool]] = {}
    for role in proposed.role_selections:
        yes = answers.get(role.sop_class_uid)
        if yes is not None:
            roles[role.sop_class_uid] = (
                role.scu_role and yes.scu_role,
                role.scp_role and yes.scp_role,
            )
    return roles


def _agreed_extended(proposed: UserInformation, answered: UserInformation) -> dict[str, bytes]:
    """The answers to what was proposed; without one nothing is agreed on."""
    asked = {extended.sop_class_uid for extended in proposed.extended_negotiations}
    return {
        extended.sop_class_uid: extended.application_information
        for extended in answered.extended_negotiations
        if extended.sop_class_uid in asked
    }


def _send_length(info: UserInformation) -> int:
    """How long a P-DATA-TF field may be towards the sender of `info`: even, and never unbounded."""
    length = min(info.max_length or SEND_LENGTH_CAP, SEND_LENGTH_CAP)
    if length < MIN_MAX_LENGTH:
        raise PDUError(
            f"maximum length {length} has no room for a PDV, {MIN_MAX_LENGTH} is the least "
            "(PS3.8 Annex D.1)"
        )
    return length & ~1
