import pytest

from pacsd.dicom import errors


@pytest.mark.parametrize(
    "name",
    [
        "UIDError",
        "AETitleError",
        "TagError",
        "Part10Error",
        "ScanError",
        "InflateError",
        "ReencodeError",
        "FrameError",
        "JsonModelError",
    ],
)
def test_every_refusal_of_the_room_is_a_dicom_error(name: str) -> None:
    error = getattr(errors, name)
    assert issubclass(error, errors.DicomError)
    assert issubclass(error, ValueError)
    assert name in (errors.__doc__ or "")
