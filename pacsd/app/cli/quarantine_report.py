"""What `pacsd quarantine` says: a few lines for each entry, so that no UID is broken over two."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pacsd.app.cli.with_daemon import local_time

if TYPE_CHECKING:
    from pacsd.app.admin.quarantine_records import (
        HeldSummary,
        ReleasedAnswer,
        StoredDetail,
        VersionDetail,
        VersionSummary,
    )
    from pacsd.index.records import NamedPatient


def describe_version(version: "VersionSummary") -> Iterator[str]:
    """A version in quarantine."""
    yield f"version {version.number}: {version.why}"
    yield f"  received {local_time(version.received_at)} from {came_from(version)}"
    yield f"  {version.sop_class}, {version.transfer_syntax}, {version.size_bytes:,} bytes"
    yield f"  SOP Instance UID {version.sop_instance_uid}"
    yield f"  Study Instance UID {version.study_instance_uid}"


def describe_held(held: "HeldSummary") -> Iterator[str]:
    """A held instance, and whom it contradicts."""
    yield f"instance {held.number}: names another patient than its study has"
    yield f"  names the patient {describe_patient(held.patient)}"
    yield f"  its study is of {_whom(held.study_patient)}"
    yield f"  received {local_time(held.received_at)} from {came_from(held)}"
    yield f"  {held.sop_class}, {held.size_bytes:,} bytes"
    yield f"  SOP Instance UID {held.sop_instance_uid}"
    yield f"  Study Instance UID {held.study_instance_uid}"
    yield f"  Series Instance UID {held.series_instance_uid}"


def describe_detail(detail: "VersionDetail") -> Iterator[str]:
    """All about a version, values of the patient among them."""
    version = detail.summary
    yield f"version {version.number}: {version.why}"
    yield f"  received {local_time(version.received_at)} from {came_from(version)}"
    yield f"  {version.sop_class}, {version.transfer_syntax}"
    yield f"  SOP Instance UID {version.sop_instance_uid}"
    yield f"  Study Instance UID {version.study_instance_uid}"
    yield f"  Series Instance UID {version.series_instance_uid}"
    yield f"  patient {_patient(detail)}"
    yield f"  {version.size_bytes:,} bytes in {detail.key}, data set sha256 {detail.sha256}"
    for keyword, value in detail.attributes.items():
        yield f"  {keyword} = {shown(value)}"
    if detail.stored is not None:
        yield from _describe_stored(detail.stored)
    if detail.would_be_held:
        yield from warn_of_release(detail)


def warn_of_release(detail: "VersionDetail") -> Iterator[str]:
    """What happens to a version that is not of its study's patient, once it is released."""
    own = describe_patient(_own_patient(detail))
    yield f"version {detail.summary.number} names another patient than its study has:"
    yield f"  it names {own}"
    yield f"  its study is of {_whom(detail.study_patient)}"
    yield (
        "released, it will be held, and what is stored now goes to quarantine: "
        "then neither is shown"
    )


def describe_released(number: int, released: "ReleasedAnswer") -> Iterator[str]:
    """What a version has become, and what that was until now."""
    is_held, former = released.state == "held", released.superseded
    not_shown = ": it is not shown" if is_held else ""
    yield f"version {number} is {released.sop_instance_uid} now, {released.state}{not_shown}"
    if former is not None:
        undo = f", and not shown either; to undo this: pacsd quarantine release {former}"
        yield f"what was stored is version {former} now{undo if is_held else ''}"


def came_from(record: "VersionSummary | HeldSummary") -> str:
    """From whom, or by which way where nobody sent it."""
    if not (record.calling_ae or record.called_ae):
        return record.origin or "nobody knows whom"
    return f"{record.calling_ae} to {record.called_ae} at {record.peer_address}"


def describe_patient(patient: "NamedPatient") -> str:
    """ID, issuer and name, as far as they are there."""
    issuer = patient.issuer_of_patient_id
    parts = (
        shown(patient.patient_id) or "without a Patient ID",
        f"issued by {shown(issuer)}" if issuer else "",
        shown(patient.patient_name),
    )
    return ", ".join(part for part in parts if part)


def shown(value: str) -> str:
    """A value that no terminal obeys."""
    return "".join(each if each.isprintable() else "?" for each in value)


def _whom(patient: "NamedPatient | None") -> str:
    return "a patient that is not known here" if patient is None else describe_patient(patient)


def _own_patient(detail: "VersionDetail") -> "NamedPatient":
    from pacsd.index.records import NamedPatient

    name = detail.attributes.get("PatientName", "")
    return NamedPatient(detail.patient_id, detail.issuer_of_patient_id, name)


def _describe_stored(stored: "StoredDetail") -> Iterator[str]:
    yield f"stored under its UID: {stored.state}"
    yield f"  received {local_time(stored.received_at)}"
    yield f"  Study Instance UID {stored.study_instance_uid}"
    yield f"  Series Instance UID {stored.series_instance_uid}"
    yield f"  patient {_patient(stored)}"
    yield f"  {stored.size_bytes:,} bytes in {stored.key}, data set sha256 {stored.sha256}"


def _patient(record: "VersionDetail | StoredDetail") -> str:
    issuer = f", issued by {shown(record.issuer_of_patient_id)}"
    return shown(record.patient_id) + (issuer if record.issuer_of_patient_id else "")
