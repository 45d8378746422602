from pacsd.dicom.identifier import PATIENT_ROOT, PATIENT_STUDY_ONLY, STUDY_ROOT
from pacsd.dicom.registry import sop_class
from pacsd.net.information_models import (
    FIND_MODELS,
    GET_MODELS,
    INSTANCE_GET,
    INSTANCE_MOVE,
    MOVE_MODELS,
)

ROOTS = {
    "Patient Root": PATIENT_ROOT,
    "Study Root": STUDY_ROOT,
    "Patient/Study Only": PATIENT_STUDY_ONLY,
}


def test_the_registry_knows_each_class_by_its_model_and_service() -> None:
    services = {"FIND": FIND_MODELS, "MOVE": MOVE_MODELS, "GET": GET_MODELS}
    for service, models in services.items():
        assert list(models.values()) == list(ROOTS.values())
        for uid, model in models.items():
            known = sop_class(uid)
            assert known is not None
            root, _, _ = known.name.partition(" Query/Retrieve")
            assert ROOTS[root] is model
            assert known.name.endswith(service)


def test_composite_instances() -> None:
    for uid, service in ((INSTANCE_MOVE, "MOVE"), (INSTANCE_GET, "GET")):
        known = sop_class(uid)
        assert known is not None
        assert known.name == f"Composite Instance Root Retrieve - {service}"
