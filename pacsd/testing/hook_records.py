"""The records that hooks are asked about, with what most tests do not care about filled in."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pacsd.api.acceptance import AssociationClosed, AssociationRequest
from pacsd.api.access import AccessRequest, Action, Door, Login, Principal
from pacsd.api.event_subject import EventSubject
from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.api.query_results import Attributes, QueryResults
from pacsd.api.receiving import ReceivedInstance
from pacsd.api.reception import DEFAULT_PARTITION, Reception
from pacsd.api.removal import RemovalRequest
from pacsd.testing.objects import CT_IMAGE_STORAGE, DEFAULTS

EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"

REQUEST = AssociationRequest(
    calling_ae="CT1",
    called_ae="PACSD",
    peer_host="192.0.2.7",
    peer_port=50_000,
    user_identity_type=None,
    abstract_syntaxes=(CT_IMAGE_STORAGE,),
    implementation_class_uid="1.2.3",
    implementation_version_name="CT SOFT 1",
)

CLOSED = AssociationClosed(
    number=7,
    calling_ae="CT1",
    called_ae="PACSD",
    peer_host="192.0.2.7",
    seconds=2.5,
    outcome="released",
)

RECEPTION = Reception(
    partition=DEFAULT_PARTITION,
    calling_ae="CT1",
    called_ae="PACSD",
    peer_address="192.0.2.7",
    received_at_us=1_700_000_000_000_000,
    origin="dimse",
)

REMOVAL = RemovalRequest(
    study_instance_uid="1.2.3",
    series_instance_uid="",
    sop_instance_uid="",
    actor="admin",
    reason="sent by mistake",
)

LOGIN = Login(Door.HTTP, "192.0.2.7", "bearer", "a-token")

ACCESS = AccessRequest(
    principal=Principal("viewer"),
    door=Door.HTTP,
    peer_host="192.0.2.7",
    action=Action.RETRIEVE,
    study_instance_uid="1.2.3",
)


def association_request(**fields: Any) -> AssociationRequest:
    """REQUEST, with other fields."""
    return replace(REQUEST, **fields)


def association_closed(**fields: Any) -> AssociationClosed:
    """CLOSED, with other fields."""
    return replace(CLOSED, **fields)


def removal_request(**fields: Any) -> RemovalRequest:
    """REMOVAL, with other fields."""
    return replace(REMOVAL, **fields)


def login(secret: str = LOGIN.secret, **fields: Any) -> Login:
    """LOGIN with this secret, and with other fields."""
    return replace(LOGIN, secret=secret, **fields)


def access_request(**fields: Any) -> AccessRequest:
    """ACCESS, with other fields."""
    return replace(ACCESS, **fields)


def query_results(*matches: Mapping[str, str], level: str = "STUDY", **fields: Any) -> QueryResults:
    """What the principal of ACCESS finds: these matches, asked for all that they have."""
    results = QueryResults(
        principal=ACCESS.principal,
        door=ACCESS.door,
        peer_host=ACCESS.peer_host,
        level=level,
        asked=tuple(dict.fromkeys(keyword for each in matches for keyword in each)),
        matches=tuple(map(Attributes, matches)),
    )
    return replace(results, **fields)


def event_subject(
    attributes: Mapping[str, str] | None = None,
    kind: EventKind = EventKind.STUDY_QUIET,
    **reception: Any,
) -> EventSubject:
    """What is to be routed: an event about an object as `objects.data_set` makes it.

    `attributes` are as in `received_instance`, `reception` other fields of RECEPTION. Of a quiet
    study there is `ModalitiesInStudy` in the place of `Modality`.
    """
    found = received_instance(attributes).attributes
    study, series, instance = (
        found.get(keyword, "")
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    )
    series = "" if kind is EventKind.STUDY_QUIET else series
    instance = instance if kind is EventKind.INSTANCE_STORED else ""
    told = dict(found)
    if kind is EventKind.STUDY_QUIET and "Modality" in told:
        told["ModalitiesInStudy"] = told.pop("Modality")
    event = ArchiveEvent("e-1", kind, RECEPTION.received_at_us, study, series, instance)
    return EventSubject(event, replace(RECEPTION, **reception), told)


def received_instance(
    attributes: Mapping[str, str] | None = None, **reception: Any
) -> ReceivedInstance:
    """An instance on its way in, as `objects.data_set` makes it with these attributes.

    `attributes` are values by keyword, beside and instead of DEFAULTS; '' leaves one out.
    `reception` are other fields of RECEPTION.
    """
    given = {**{key: str(value) for key, value in DEFAULTS.items()}, **(attributes or {})}
    found = {keyword: value for keyword, value in given.items() if value != ""}
    return ReceivedInstance(
        reception=replace(RECEPTION, **reception),
        sop_class_uid=found.get("SOPClassUID", ""),
        sop_instance_uid=found.get("SOPInstanceUID", ""),
        transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN,
        study_instance_uid=found.get("StudyInstanceUID", ""),
        series_instance_uid=found.get("SeriesInstanceUID", ""),
        patient_id=found.get("PatientID", ""),
        issuer_of_patient_id=found.get("IssuerOfPatientID", ""),
        attributes=found,
    )
