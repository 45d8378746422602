"""What the conformance statement says of Query/Retrieve as SCU, from the program."""

import inspect
from collections import defaultdict
from collections.abc import Mapping

from contrib.docs.sections import Section, code, table
from pacsd.app.cli import get as get_command
from pacsd.app.conf.docs import toml_value
from pacsd.app.searching import Search
from pacsd.app.wanted import Wanted
from pacsd.dicom.identifier import Manner
from pacsd.dicom.level import Level
from pacsd.dicom.query_keys import read_keys
from pacsd.dicom.registry import sop_class, uid_name
from pacsd.dicom.status import Status
from pacsd.net.get_contexts import propose_get_of, usual_sop_classes
from pacsd.net.invoking import CANCEL_GRACE_S
from pacsd.net.query_retrieve_scu import QueryModel
from pacsd.net.requested_association import RELEASE_GRACE_S
from pacsd.net.scu import propose
from pacsd.net.settings import DimseSettings
from pacsd.net.store_contexts import MAX_CONTEXTS

SUB_OPERATION_STATUSES: tuple[tuple[Status, str], ...] = (
    (Status.SUCCESS, "the file is on the medium under its name, or lay there already, the same"),
    (Status.INVALID_SOP_INSTANCE, "the Affected SOP Instance UID is no UID"),
    (
        Status.SOP_CLASS_NOT_SUPPORTED,
        (
            "the Affected SOP Class UID is not the abstract syntax of the presentation context, or "
            "none of which we proposed to be SCP"
        ),
    ),
    (Status.OUT_OF_RESOURCES, "the file cannot be written; Error Comment says why"),
    (Status.UNABLE_TO_PROCESS, "a file of its name is there with other content; it stays"),
)
"""Every status that a sub-operation of our C-GET is answered with, and when."""

_FLAGS = (
    (
        "relational queries",
        Manner(is_relational=True),
        "`--relational`; also before a C-GET with relational retrieval",
    ),
    ("combined date and time matching", Manner(combines_datetimes=True), "`--combined`"),
    ("fuzzy semantic matching of person names", Manner(is_fuzzy=True), "`--fuzzy`"),
)


def sections() -> dict[str, Section]:
    """What is written between the marks of conformance.md."""
    return {
        "scu-models": _models,
        "scu-extended-negotiation": _extended_negotiation,
        "scu-get-contexts": _get_contexts,
        "scu-sub-operations": _sub_operations,
        "scu-timers": _timers,
    }


def _models() -> str:
    rows = [
        (uid_name(uid), code(uid), levels, _syntaxes(uid), code(_command(model, command)))
        for model in QueryModel
        for command, uid in (("find", model.find), ("move", model.move), ("get", model.get))
        if sop_class(uid) is not None and _is_asked(model, command)
        for levels in [", ".join(level.term for level in model.levels)]
    ]
    return table(("SOP class", "UID", "Levels", "Transfer syntaxes proposed", "By"), rows)


def _command(model: QueryModel, command: str) -> str:
    option = " --composite" if model is QueryModel.COMPOSITE_INSTANCE_ROOT else ""
    return f"pacsd {command}{option}"


def _is_asked(model: QueryModel, command: str) -> bool:
    """Whether a command proposes it: by Patient/Study Only nothing is retrieved."""
    return command == "find" or model is not QueryModel.PATIENT_STUDY_ONLY


def _syntaxes(sop_class_uid: str) -> str:
    (context,) = propose((sop_class_uid,))
    return ", ".join(map(uid_name, context.transfer_syntaxes))


def _extended_negotiation() -> str:
    model, no_keys = QueryModel.STUDY_ROOT, read_keys(())
    rows = [
        ("FIND", words, code(_hex(Search(model, Level.STUDY, no_keys, manner).extended)), option)
        for words, manner, option in _FLAGS
    ]
    one_series = Wanted(model, Level.SERIES, read_keys(["SeriesInstanceUID=1.2"]))
    bare = code(_hex(one_series.extended(model.move)))
    why = "the keys leave out one of a level above"
    rows.append(("MOVE, GET", "relational retrieval", bare, why))
    return table(("SOP classes", "Proposed", "Service class application information", "If"), rows)


def _hex(extended: Mapping[str, bytes]) -> str:
    (flags,) = extended.values()
    return flags.hex(" ")


def _get_contexts() -> str:
    classes = defaultdict[str, list[str]](list)
    model = QueryModel.STUDY_ROOT
    for context in propose_get_of(model, usual_sop_classes()):
        if context.abstract_syntax != model.get:
            syntaxes = ", ".join(map(uid_name, context.transfer_syntaxes))
            classes[syntaxes].append(uid_name(context.abstract_syntax))
    rows = [
        (syntaxes, len(names), ", ".join(names) if len(names) < len(usual_sop_classes()) else "all")
        for syntaxes, names in classes.items()
    ]
    count = f"{len(usual_sop_classes())} SOP classes in {MAX_CONTEXTS} presentation contexts"
    head = ("Transfer syntaxes of a context", "SOP classes", "Which")
    names = ", ".join(map(uid_name, usual_sop_classes()))
    return f"{count}: {names}.\n\n{table(head, rows)}"


def _sub_operations() -> str:
    rows = [(code(f"{status:04X}"), when) for status, when in SUB_OPERATION_STATUSES]
    return table(("Status", "When"), rows)


def _timers() -> str:
    slow = inspect.signature(get_command.get).parameters["timeout"].default
    fields = DimseSettings.model_fields
    connect, message = (fields[name].default for name in ("connect_timeout_s", "dimse_timeout_s"))
    rows = (
        ("the TCP connection", code("dimse.connect_timeout_s"), toml_value(connect)),
        ("a response of C-FIND", "`--timeout`, else `dimse.dimse_timeout_s`", toml_value(message)),
        ("a response of C-MOVE or C-GET", code("--timeout"), slow),
        ("the final response after C-CANCEL, then A-ABORT", "", CANCEL_GRACE_S),
        ("A-RELEASE-RP, then A-ABORT", "", RELEASE_GRACE_S),
    )
    return table(("Longest wait for", "Set by", "Default, seconds"), rows)
