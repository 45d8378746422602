import pytest

from pacsd.app.usual_keys import with_defaults
from pacsd.dicom.level import Level
from pacsd.dicom.query_keys import Key, name_of, read_keys
from pacsd.dicom.vr import VR

NAME = 0x00100010
STUDY_ROOT = (Level.STUDY, Level.SERIES, Level.INSTANCE)


def named(keys: tuple[Key, ...]) -> list[str]:
    return [name_of(key.tag) for key in keys]


def test_what_is_told_when_nobody_says() -> None:
    keys = with_defaults(Level.STUDY, STUDY_ROOT, read_keys(["PatientSex=F", "PatientName=A*"]))
    assert named(keys)[:3] == ["StudyDate", "StudyTime", "PatientName"]
    assert named(keys)[-2:] == ["StudyInstanceUID", "PatientSex"]
    assert {key.tag: key.value for key in keys}[NAME] == "A*"


def test_what_is_told_when_somebody_says() -> None:
    keys = with_defaults(Level.SERIES, STUDY_ROOT, read_keys(["Modality", "StudyInstanceUID=1.2"]))
    assert named(keys) == ["Modality", "StudyInstanceUID", "SeriesInstanceUID"]
    assert keys[1].value == "1.2"
    inner = with_defaults(Level.STUDY, STUDY_ROOT, read_keys(["ProcedureCodeSequence.CodeValue"]))
    assert named(inner) == ["ProcedureCodeSequence", "StudyInstanceUID"]


@pytest.mark.parametrize("level", Level)
def test_each_level_has_what_is_usual(level: Level) -> None:
    keys = with_defaults(level, tuple(Level), ())
    assert len(keys) >= 4
    assert all(key.vr != VR.UN for key in keys)
