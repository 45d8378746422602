"""The SOP classes of Query/Retrieve, and the information model of each (PS3.4 section C.6)."""

from collections.abc import Mapping

from pacsd.dicom.identifier import PATIENT_ROOT, PATIENT_STUDY_ONLY, STUDY_ROOT, Model

_MODELS = {"1": PATIENT_ROOT, "2": STUDY_ROOT, "3": PATIENT_STUDY_ONLY}
_ROOT = "1.2.840.10008.5.1.4.1.2"


def _classes(service: str) -> Mapping[str, Model]:
    return {f"{_ROOT}.{number}.{service}": model for number, model in _MODELS.items()}


FIND_MODELS = _classes("1")
MOVE_MODELS = _classes("2")
GET_MODELS = _classes("3")

INSTANCE_MOVE = f"{_ROOT}.4.2"
INSTANCE_GET = f"{_ROOT}.4.3"
"""Composite Instance Root Retrieve: instances by their UIDs alone."""
