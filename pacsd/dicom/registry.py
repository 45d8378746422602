"""What PS3.6 Annex A registers: SOP Classes by service (PS3.4), and Transfer Syntaxes.

The rows stand in `_registry_data.py`, written by `make registry` from other implementations'
registries.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from pacsd.dicom import _registry_data

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"


class Service(StrEnum):
    """The service classes of PS3.4, named by annex (and PS3.22)."""

    VERIFICATION = "verification"
    STORAGE = "storage"
    QUERY_RETRIEVE = "query-retrieve"
    MPPS = "mpps"
    PRINT = "print"
    MEDIA_STORAGE = "media-storage"
    STORAGE_COMMITMENT = "storage-commitment"
    WORKLIST = "worklist"
    APPLICATION_EVENT_LOGGING = "application-event-logging"
    RELEVANT_PATIENT = "relevant-patient"
    INSTANCE_AVAILABILITY = "instance-availability"
    MEDIA_CREATION = "media-creation"
    HANGING_PROTOCOL = "hanging-protocol"
    SUBSTANCE_ADMINISTRATION = "substance-administration"
    COLOR_PALETTE = "color-palette"
    IMPLANT_TEMPLATE = "implant-template"
    UPS = "ups"
    RT_MACHINE_VERIFICATION = "rt-machine-verification"
    DISPLAY_SYSTEM = "display-system"
    NON_PATIENT_OBJECT = "non-patient-object"
    DEFINED_PROCEDURE = "defined-procedure"
    PROTOCOL_APPROVAL = "protocol-approval"
    INVENTORY = "inventory"
    STORAGE_MANAGEMENT = "storage-management"
    REAL_TIME_COMMUNICATION = "real-time-communication"
    RETIRED = "retired"
    """Services that PS3.4 no longer describes; peers may still propose them."""


@dataclass(frozen=True, slots=True)
class SOPClass:
    """One registered SOP Class; Meta SOP Classes are among them."""

    uid: str
    name: str
    keyword: str
    service: Service
    is_retired: bool


@dataclass(frozen=True, slots=True)
class TransferSyntax:
    """One registered Transfer Syntax (PS3.5 Annex A).

    `is_deflated`: the whole data set is; `is_encapsulated`: Pixel Data comes in fragments;
    `is_storable`: it makes self-contained data sets, which a file can keep (PS3.10).
    """

    uid: str
    name: str
    keyword: str
    is_little_endian: bool
    is_implicit_vr: bool
    is_deflated: bool
    is_encapsulated: bool
    is_retired: bool
    is_storable: bool


def sop_class(uid: str) -> SOPClass | None:
    """The registered SOP Class of this UID; None for private and unknown ones."""
    return _sop_classes_by_uid().get(uid)


def transfer_syntax(uid: str) -> TransferSyntax | None:
    """The registered Transfer Syntax of this UID; None for private and unknown ones."""
    return _transfer_syntaxes_by_uid().get(uid)


@cache
def sop_classes(service: Service) -> tuple[SOPClass, ...]:
    """Every registered SOP Class of a service, retired ones too, in the order of their UIDs."""
    rows = _registry_data.SOP_CLASSES.get(service, ())
    return tuple(SOPClass(uid, name, keyword, service, gone) for uid, name, keyword, gone in rows)


@cache
def transfer_syntaxes() -> tuple[TransferSyntax, ...]:
    """Every registered Transfer Syntax, retired ones too, in the order of their UIDs."""
    return tuple(TransferSyntax(*row) for row in _registry_data.TRANSFER_SYNTAXES)


def uid_name(uid: str) -> str:
    """The registered name of a UID, or the UID itself."""
    named = sop_class(uid) or transfer_syntax(uid)
    return named.name if named is not None else _registry_data.WELL_KNOWN_UIDS.get(uid, uid)


@cache
def _sop_classes_by_uid() -> MappingProxyType[str, SOPClass]:
    return MappingProxyType(
        {each.uid: each for service in Service for each in sop_classes(service)}
    )


@cache
def _transfer_syntaxes_by_uid() -> MappingProxyType[str, TransferSyntax]:
    return MappingProxyType({each.uid: each for each in transfer_syntaxes()})
