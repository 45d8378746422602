"""The sections of the conformance statement (PS3.2) that follow from the program."""

from collections.abc import Iterable

from contrib.docs import conformance_queries, conformance_scu, conformance_web
from contrib.docs.sections import Section, code, table
from pacsd import __version__
from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.settings import Settings
from pacsd.app.conf.docs import toml_value
from pacsd.app.conf.setting_keys import setting_keys
from pacsd.archive.answers import CONFLICT, DELETED, answer_fault
from pacsd.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacsd.dicom.reencode import REENCODABLE
from pacsd.dicom.registry import (
    APPLICATION_CONTEXT,
    VERIFICATION,
    Service,
    sop_classes,
    transfer_syntax,
    transfer_syntaxes,
    uid_name,
)
from pacsd.dicom.status import Status, describe
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.net.ae import ApplicationEntity
from pacsd.net.delivery import Terms
from pacsd.net.settings import AESettings, DimseSettings
from pacsd.net.store_contexts import StoredAs, propose
from pacsd.ul.errors import AbortReason, AbortSource
from pacsd.ul.negotiation import MIN_MAX_LENGTH, SEND_LENGTH_CAP
from pacsd.ul.pdu import AssociateRJ
from pacsd.ul.rejection import (
    ACSEReason,
    PresentationReason,
    UserReason,
    rejected_by_acse,
    rejected_by_user,
    rejected_for_now,
)
from pacsd.ul.rejection import describe as describe_rejection

REJECTIONS: tuple[tuple[AssociateRJ, str], ...] = (
    (
        rejected_by_user(UserReason.NO_REASON_GIVEN),
        (
            "`ae_reject_detail` is false and an AE title was not recognized; or a plugin that is "
            "asked does not recognize the user identity; or the requestor's "
            f"maximum length is 1 to {MIN_MAX_LENGTH - 1} bytes, too small for a PDV"
        ),
    ),
    (
        rejected_by_user(UserReason.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED),
        f"the application context is not {APPLICATION_CONTEXT}",
    ),
    (
        rejected_by_user(UserReason.CALLING_AE_TITLE_NOT_RECOGNIZED),
        (
            "the calling AE title is unknown or no AE title, calls from an address it may not call "
            "from, or may not call this AE title"
        ),
    ),
    (
        rejected_by_user(UserReason.CALLED_AE_TITLE_NOT_RECOGNIZED),
        "the called AE title is none of ours",
    ),
    (
        rejected_by_acse(ACSEReason.PROTOCOL_VERSION_NOT_SUPPORTED),
        "bit 0 of the protocol version is clear",
    ),
    (
        AssociateRJ(2, 1, 1),
        (
            "a plugin that takes part in the decision failed or was late; a plugin may also send a "
            "rejection of its own choice"
        ),
    ),
    (
        rejected_for_now(PresentationReason.TEMPORARY_CONGESTION),
        (
            "the server is shutting down; or the requestor proposes storage only, while storing is "
            "suspended or the store nearly full (`store.min_free_bytes`, `store.min_free_inodes`)"
        ),
    ),
    (
        rejected_for_now(PresentationReason.LOCAL_LIMIT_EXCEEDED),
        "a limit of associations is reached: overall, for the called AE title or for the peer",
    ),
)
"""Every A-ASSOCIATE-RJ we send, and when."""

ABORTS: tuple[tuple[AbortSource, AbortReason, str], ...] = (
    (
        AbortSource.SERVICE_USER,
        AbortReason.NOT_SPECIFIED,
        (
            "before an association: an invalid or unexpected PDU; later: DIMSE fragments out of "
            "order, a command set that cannot be answered, more operations than negotiated, a data "
            "set longer than `max_data_set_bytes`, no message within `dimse_timeout_s` or "
            "`idle_timeout_s`; an operator or the shutdown ends the association"
        ),
    ),
    (
        AbortSource.SERVICE_PROVIDER,
        AbortReason.NOT_SPECIFIED,
        "a PDU has not arrived whole within `network_timeout_s`; a PDU after the association's end",
    ),
    (
        AbortSource.SERVICE_PROVIDER,
        AbortReason.UNRECOGNIZED_PDU,
        "a PDU type that does not exist",
    ),
    (
        AbortSource.SERVICE_PROVIDER,
        AbortReason.UNEXPECTED_PDU,
        "a PDU that table 9-10 of PS3.8 does not allow in this state",
    ),
    (
        AbortSource.SERVICE_PROVIDER,
        AbortReason.INVALID_PDU_PARAMETER,
        (
            "lengths or values that a PDU must not have; a PDV on a presentation context that was "
            "not accepted; a P-DATA-TF longer than twice the announced maximum (with `strict`: "
            "longer than that maximum)"
        ),
    ),
)
"""Every A-ABORT we send, and when."""

_COMMITMENT = "N-ACTION, N-EVENT-REPORT"

STATUSES: tuple[tuple[int, str, str], ...] = (
    (
        Status.SUCCESS,
        "any",
        (
            "C-STORE: the object is durable and indexed, or the same data set was before; of an "
            "object that names another patient than its study has: durable, not shown until "
            "somebody decides; C-FIND: all matches were told; C-MOVE, C-GET: all was sent"
        ),
    ),
    (
        Status.PROCESSING_FAILURE,
        "any",
        (
            "the command group length contradicts the command set; N-ACTION, N-EVENT-REPORT: it "
            "cannot be noted now; as Failure Reason: [4.8](#48-storage-commitment)"
        ),
    ),
    (
        Status.NO_SUCH_SOP_INSTANCE,
        _COMMITMENT,
        "the SOP Instance UID of the command is not the Push Model's; as Failure Reason: 4.8",
    ),
    (
        Status.NO_SUCH_EVENT_TYPE,
        "N-EVENT-REPORT",
        "the Event Type ID is none of storage commitment",
    ),
    (
        Status.INVALID_ARGUMENT_VALUE,
        _COMMITMENT,
        "the data set says nothing of a transaction; N-EVENT-REPORT: or of none of ours",
    ),
    (Status.INVALID_SOP_INSTANCE, "C-STORE", "the Affected SOP Instance UID is empty or no UID"),
    (
        Status.NO_SUCH_SOP_CLASS,
        _COMMITMENT,
        "the SOP Class UID of the command is not the abstract syntax of the presentation context",
    ),
    (Status.CLASS_INSTANCE_CONFLICT, "N-ACTION", "as Failure Reason alone: 4.8"),
    (Status.NO_SUCH_ACTION, "N-ACTION", "the Action Type ID is none of storage commitment"),
    (
        Status.DUPLICATE_TRANSACTION_UID,
        "N-ACTION",
        "a transaction of that UID and calling AE title is open",
    ),
    (
        Status.RESOURCE_LIMITATION,
        _COMMITMENT,
        "more instances than one transaction may have, or more transactions than a peer may",
    ),
    (
        Status.NOT_AUTHORIZED,
        "C-STORE, C-FIND, C-MOVE, C-GET, N-ACTION, N-EVENT-REPORT",
        (
            "a plugin does not allow it (`pacsd_authorize`), or fails to say what may be seen "
            "(`pacsd_restrict_query`); N-EVENT-REPORT: the calling AE title is not in the peers "
            "file; else without such a plugin it never comes"
        ),
    ),
    (
        Status.SOP_CLASS_NOT_SUPPORTED,
        "C-STORE, C-FIND, C-MOVE, C-GET",
        "the Affected SOP Class UID is not the abstract syntax of the presentation context",
    ),
    (Status.DUPLICATE_INVOCATION, "any", "the Message ID belongs to an operation still open"),
    (Status.UNRECOGNIZED_OPERATION, "any", "no DIMSE operation, or one we do not perform"),
    (
        Status.MISTYPED_ARGUMENT,
        "any",
        (
            "an element of the command set is absent, of a wrong length or undefined value, or "
            "contradicts the operation"
        ),
    ),
    (
        Status.OUT_OF_RESOURCES,
        "C-STORE, C-FIND",
        (
            "C-STORE: the object is not acknowledged and may be sent again; Error Comment says "
            "why, see below, or that quarantine, where a plugin wants it, is full; C-FIND: there "
            "are more matches than `query.max_results`, and those "
            "were told, or the search took longer than `query.budget_s`"
        ),
    ),
    (
        Status.UNABLE_TO_CALCULATE_MATCHES,
        "C-MOVE, C-GET",
        "more instances than `query.max_results`, or a search longer than `query.budget_s`",
    ),
    (
        Status.UNABLE_TO_PERFORM_SUB_OPERATIONS,
        "C-MOVE, C-GET",
        "no instance could be sent; the data set lists them",
    ),
    (
        Status.MOVE_DESTINATION_UNKNOWN,
        "C-MOVE",
        (
            "the Move Destination is no peer with `move_destination = true`, or one of our own "
            "AE titles"
        ),
    ),
    (
        Status.DATA_SET_MISMATCH,
        "C-STORE, C-FIND, C-MOVE, C-GET",
        (
            "C-STORE: SOP Class or Instance UID of the data set is not that of the command; else: "
            "a level, unique key or range that is none; Offending Element names it"
        ),
    ),
    (
        Status.SUB_OPERATIONS_FAILED,
        "C-MOVE, C-GET",
        (
            "some instances could not be sent, or were taken with a warning; the data set lists "
            "those that failed, as many as it has room for"
        ),
    ),
    (
        Status.UNABLE_TO_PROCESS,
        "C-FIND, C-MOVE, C-GET",
        (
            "the index cannot be read, or a plugin fails to say what is told of what was found "
            "(`pacsd_query_results`); Error Comment says which"
        ),
    ),
    (Status.CANCEL, "C-FIND, C-MOVE, C-GET", "after C-CANCEL, with what was done by then"),
    (
        Status.PENDING,
        "C-FIND, C-MOVE, C-GET",
        "a match; or how far a retrieval is: as objects are sent, at least every five seconds",
    ),
    (
        Status.PENDING_WARNING,
        "C-FIND",
        "a match, of a query with keys that entities of its level do not have",
    ),
    (
        Status.COERCION,
        "C-STORE",
        "instead of C010, to a peer with conflict_answer = `warning`, if the version was kept",
    ),
    (
        Status.DATA_SET_MISMATCH_WARNING,
        "C-STORE",
        (
            "instead of 0000, to a peer with quirk_answer = `warning`: stored as sent, but the "
            "data set or its UIDs break the standard; Error Comment says how"
        ),
    ),
    (
        Status.CANNOT_UNDERSTAND,
        "C-STORE",
        (
            "the data set cannot be read, nests deeper than 64 sequences, or has no Study or "
            "Series Instance UID, or one that is no UID"
        ),
    ),
    (
        CONFLICT,
        "C-STORE",
        (
            "another data set has this SOP Instance UID: that one stays, this one is kept in "
            "quarantine, or dropped when that is full, as Error Comment says"
        ),
    ),
    (
        DELETED,
        "C-STORE",
        (
            "the instance that has this SOP Instance UID was deleted; nothing is kept. To a peer "
            "with resend_deleted = `restore` as well, unless it sends the same data set, byte for "
            "byte"
        ),
    ),
)
"""Every DIMSE status we send as SCP: the operations it answers, and when."""

_ANY_OTHER = "any other"
_WINDOW = str(Terms.__dataclass_fields__["operations_window"].default)
_MODELS: dict[str, type[Settings]] = {"ae": AESettings, "dimse": DimseSettings}
_FAULTS_OF_INGEST = [
    kind
    for kind in IndexFaultKind
    if kind not in {IndexFaultKind.VERSION, IndexFaultKind.UNREADABLE}
]
_FAULTS_OF_READING = (
    StoreFault.NOT_FOUND,
    StoreFault.OUT_OF_RANGE,
    StoreFault.NOT_CONFIGURED,
)


def sections() -> dict[str, Section]:
    """What is written between the marks of conformance.md."""
    return {
        "identity": _identity,
        "limits": _limits,
        "verification": _verification,
        "storage-sop-classes": _storage_classes,
        "storage-transfer-syntaxes": _storage_syntaxes,
        "storage-as-scu": _storage_as_scu,
        "rejections": _rejections,
        "aborts": _aborts,
        "statuses": _statuses,
        "error-comments": _error_comments,
        "timers": _timers,
        **conformance_queries.sections(),
        **conformance_web.sections(),
        **conformance_scu.sections(),
    }


def _identity() -> str:
    rows = (
        ("Product", f"pacsd {__version__}"),
        ("Application context name", code(APPLICATION_CONTEXT)),
        ("Implementation class UID", code(IMPLEMENTATION_CLASS_UID)),
        ("Implementation version name", code(IMPLEMENTATION_VERSION_NAME)),
    )
    return table(("Item", "Value"), rows)


def _limits() -> str:
    rows = (
        ("Maximum PDU length received", *_default("ae", "max_pdu_length_bytes")),
        ("Maximum PDU length sent", "the peer's, at most", str(SEND_LENGTH_CAP)),
        ("Associations accepted at once", *_default("dimse", "max_associations")),
        ("Of these kept for known peers", *_default("dimse", "reserved_associations")),
        ("Associations accepted from one peer", *_default("dimse", "max_associations_per_peer")),
        ("Operations outstanding, as acceptor", *_default("dimse", "max_operations_window")),
        ("Operations outstanding, as requestor", "`--window` of `pacsd send`", _WINDOW),
        ("Largest data set, in bytes", *_default("dimse", "max_data_set_bytes")),
    )
    return table(("Limit", "Key", "Default"), rows)


def _verification() -> str:
    syntaxes = _default_entity().supported[VERIFICATION]
    rows = [
        (known.name, code(known.uid), _syntax_names(syntaxes), "SCU and SCP")
        for known in sop_classes(Service.VERIFICATION)
    ]
    return table(("SOP class", "UID", "Transfer syntaxes", "Role"), rows)


def _storage_classes() -> str:
    supported = _default_entity().supported
    rows = [
        (known.name, code(known.uid), "yes" if known.is_retired else "")
        for known in sop_classes(Service.STORAGE)
        if known.uid in supported
    ]
    return f"{len(rows)} SOP classes, all as SCP.\n\n{table(('SOP class', 'UID', 'Retired'), rows)}"


def _storage_syntaxes() -> str:
    supported = _default_entity().supported
    accepted = supported[sop_classes(Service.STORAGE)[0].uid]
    rows = [
        (known.name, code(known.uid), code(known.keyword), "yes" if known.is_retired else "")
        for known in transfer_syntaxes()
        if known.uid in accepted
    ]
    return table(("Transfer syntax", "UID", "Keyword", "Retired"), rows)


def _storage_as_scu() -> str:
    """What is proposed for an object, by the Transfer Syntax it is stored in."""
    class_uid = sop_classes(Service.STORAGE)[0].uid
    rows = []
    for uid in (*REENCODABLE, _ANY_OTHER):
        contexts = (each.transfer_syntaxes for each in propose([StoredAs(class_uid, uid)]))
        alone, *others = (", ".join(map(uid_name, syntaxes)) for syntaxes in contexts)
        rows.append((uid_name(uid), alone, "".join(others) or "not offered"))
    return table(("Stored in", "A context with", "Another with, to be re-encoded"), rows)


def _rejections() -> str:
    rows = [
        (f"({each.result:d},{each.source:d},{each.reason:d})", describe_rejection(each), when)
        for each, when in REJECTIONS
    ]
    return table(("Result, source, reason", "In words", "When"), rows)


def _aborts() -> str:
    rows = [
        (f"({source:d},{reason:d})", f"{_words(source)}: {_words(reason)}", when)
        for source, reason, when in ABORTS
    ]
    return table(("Source, reason", "In words", "When"), rows)


def _statuses() -> str:
    rows = []
    for status, operations, when in STATUSES:
        words = describe(status, Service.STORAGE).partition(" ")[2]
        rows.append((code(f"{status:04X}"), words, operations, when))
    return table(("Status", "In words", "Answers", "When"), rows)


def _error_comments() -> str:
    faults = [fault for fault in StoreFault if fault not in _FAULTS_OF_READING]
    errors: list[StoreError | IndexFault] = [StoreError(fault, "") for fault in faults]
    errors += [IndexFault(kind, "") for kind in _FAULTS_OF_INGEST]
    comments = (answer_fault(error, 0).comment for error in errors)
    return "\n".join(f"- {code(comment)}" for comment in comments)


def _timers() -> str:
    rows = [
        (code(f"dimse.{key.path[-1]}"), toml_value(key.default), key.documentation)
        for key in setting_keys(DimseSettings)
        if key.path[-1].endswith("_s")
    ]
    return table(("Key", "Default, seconds", "Meaning"), rows)


def _default(where: str, name: str) -> tuple[str, str]:
    """A key and its default."""
    return code(f"{where}.{name}"), toml_value(_MODELS[where].model_fields[name].default)


def _default_entity() -> ApplicationEntity:
    return ApplicationEntity.of(AESettings(), DimseSettings())


def _syntax_names(uids: Iterable[str]) -> str:
    known = (transfer_syntax(uid) for uid in sorted(uids))
    return ", ".join(each.name for each in known if each is not None)


def _words(member: AbortSource | AbortReason) -> str:
    return member.name.lower().replace("_", " ")
