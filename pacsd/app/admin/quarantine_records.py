"""What the commands about quarantine answer.

Patient values stand in `VersionDetail` and `HeldSummary` only: nobody can decide without them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from pacsd.api.reception import Reception
from pacsd.dicom.dictionary import keyword_of
from pacsd.dicom.registry import uid_name
from pacsd.dicom.tag import Tag, format_tag
from pacsd.dicom.text import printable
from pacsd.index.records import (
    AsideKind,
    HeldInstance,
    InstanceState,
    NamedPatient,
    QuarantinedVersion,
    StoredInstance,
)

PATIENT_NAME: Tag = 0x00100010

MAX_UID_LENGTH = 80

_US = 1_000_000


@dataclass(frozen=True, slots=True)
class VersionSummary:
    """A version in quarantine; `received_at` is seconds since 1970, UTC. `why` names no patient.

    `origin` is the way in; where that is no association, the AE titles and the address are ''.
    """

    number: int
    received_at: float
    calling_ae: str
    called_ae: str
    peer_address: str
    sop_class: str
    transfer_syntax: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    size_bytes: int
    why: str
    origin: str = ""

    @classmethod
    def of(cls, version: QuarantinedVersion, stored: StoredInstance | None) -> Self:
        """The summary of a version; `stored` is the instance that has its UID."""
        new = version.version
        return cls(
            number=version.id,
            received_at=new.reception.received_at_us / _US,
            calling_ae=new.reception.calling_ae,
            called_ae=new.reception.called_ae,
            peer_address=new.reception.peer_address,
            sop_class=_named(new.sop_class_uid),
            transfer_syntax=_named(new.transfer_syntax_uid),
            sop_instance_uid=new.sop_instance_uid,
            study_instance_uid=new.study_instance_uid,
            series_instance_uid=new.series_instance_uid,
            size_bytes=new.copy.size_bytes,
            why=_why(version, stored),
            origin=new.reception.origin,
        )


@dataclass(frozen=True, slots=True)
class VersionDetail:
    """All about a version: what it says of itself, and what is stored under its UID, if anything.

    Attributes are those that are indexed, by keyword. `study_patient` is the patient that its study
    has already, as far as that is known; if that is another one, it is held once it is released.
    """

    summary: VersionSummary
    patient_id: str
    issuer_of_patient_id: str
    sha256: str
    key: str
    attributes: dict[str, str]
    stored: "StoredDetail | None"
    study_patient: NamedPatient | None = None
    would_be_held: bool = False

    @classmethod
    def of(
        cls,
        version: QuarantinedVersion,
        stored: StoredInstance | None,
        study_patient: NamedPatient | None = None,
    ) -> Self:
        """The details of a version, of the instance that has its UID and of its study's patient."""
        new = version.version
        key = (new.patient_id, new.issuer_of_patient_id)
        return cls(
            summary=VersionSummary.of(version, stored),
            patient_id=new.patient_id,
            issuer_of_patient_id=new.issuer_of_patient_id,
            sha256=new.copy.sha256.hex(),
            key=new.copy.key,
            attributes=_by_keyword(new.attributes),
            stored=None if stored is None else StoredDetail.of(stored),
            study_patient=study_patient,
            would_be_held=study_patient is not None and study_patient.key != key,
        )


@dataclass(frozen=True, slots=True)
class StoredDetail:
    """An instance as the archive has it."""

    state: str
    received_at: float
    study_instance_uid: str
    series_instance_uid: str
    patient_id: str
    issuer_of_patient_id: str
    size_bytes: int
    sha256: str
    key: str

    @classmethod
    def of(cls, stored: StoredInstance) -> Self:
        """The details of an instance; of its copies, the first."""
        copy = stored.copies[0]
        return cls(
            state=stored.state.name.lower(),
            received_at=stored.received_at_us / _US,
            study_instance_uid=stored.study_instance_uid,
            series_instance_uid=stored.series_instance_uid,
            patient_id=stored.patient_id,
            issuer_of_patient_id=stored.issuer_of_patient_id,
            size_bytes=copy.location.size_bytes,
            sha256=copy.sha256.hex(),
            key=copy.location.key,
        )


@dataclass(frozen=True, slots=True)
class HeldSummary:
    """An instance that names another `patient` than its study has, and which that is, if known.

    `received_at` is seconds since 1970, UTC; how it came is '' where its file does not say so.
    """

    number: int
    received_at: float
    calling_ae: str
    called_ae: str
    peer_address: str
    origin: str
    sop_class: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    size_bytes: int
    patient: NamedPatient
    study_patient: NamedPatient | None

    @classmethod
    def of(
        cls,
        held: HeldInstance,
        stored: StoredInstance,
        reception: Reception | None,
        study_patient: NamedPatient | None,
    ) -> Self:
        """The summary of a held instance, also known as `stored`, and of how it came."""
        name = held.attributes.get(PATIENT_NAME, "")
        return cls(
            number=held.id,
            received_at=stored.received_at_us / _US,
            calling_ae=reception.calling_ae if reception else "",
            called_ae=reception.called_ae if reception else "",
            peer_address=reception.peer_address if reception else "",
            origin=reception.origin if reception else "",
            sop_class=_named(stored.sop_class_uid),
            sop_instance_uid=held.sop_instance_uid,
            study_instance_uid=held.study_instance_uid,
            series_instance_uid=held.series_instance_uid,
            size_bytes=stored.copies[0].location.size_bytes,
            patient=NamedPatient(held.patient_id, held.issuer_of_patient_id, name),
            study_patient=study_patient,
        )


@dataclass(frozen=True, slots=True)
class ReleasedAnswer:
    """The instance that a released version has become, and the version that the former one is."""

    sop_instance_uid: str
    state: str
    superseded: int | None = None


def _why(version: QuarantinedVersion, stored: StoredInstance | None) -> str:
    new, aside = version.version, version.aside
    if aside is not None:
        is_held = aside.kind is AsideKind.HOLD
        what = "has it wait for its release" if is_held else "takes it for suspicious"
        return f"plugin {aside.actor} {what}: {aside.reason}"
    if stored is None:
        return "nothing else has its UID"
    if stored.state is InstanceState.DELETED:
        return "another data set has its UID, which is deleted"
    patient = (stored.patient_id, stored.issuer_of_patient_id)
    if patient != (new.patient_id, new.issuer_of_patient_id):
        return "another data set has its UID, of another patient"
    if stored.study_instance_uid != new.study_instance_uid:
        return "another data set has its UID, of another study"
    return "another data set has its UID"


def _named(uid: str) -> str:
    return printable(uid_name(uid), MAX_UID_LENGTH)


def _by_keyword(attributes: Mapping[Tag, str]) -> dict[str, str]:
    return {keyword_of(tag) or format_tag(tag): value for tag, value in attributes.items()}
