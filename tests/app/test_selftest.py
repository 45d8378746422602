"""The self test, against a daemon and against what is none."""

import pytest

from pacsd.app.selftest import SelfTest, Step, Subject, encoded, made_object, part10
from pacsd.dicom.data_set import read_data_set
from pacsd.net.endpoint import Endpoint
from tests.dicom.written import EXPLICIT
from tests.interop.peers import free_port


def test_the_object_is_always_the_same() -> None:
    assert encoded(made_object()) == encoded(made_object())
    read = read_data_set(encoded(made_object()), EXPLICIT)
    assert list(read.texts(0x00100020)) == ["PACSD-SELFTEST"]


def test_the_same_as_a_file() -> None:
    file = part10(made_object())
    assert file[128:132] == b"DICM"
    assert file.endswith(encoded(made_object()))


def steps(endpoint: Endpoint) -> list[Step]:
    def refuse(_: int) -> None:
        raise PermissionError("no guests today")

    return list(SelfTest(Subject(endpoint, "PACSD", "SELFTEST"), refuse).steps())


@pytest.mark.timeout(180)
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of pynetdicom's sockets
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_where_nobody_is_each_step_says_so() -> None:
    first, *others = steps(Endpoint("127.0.0.1", free_port()))
    assert first.failure == "PermissionError: no guests today"
    assert {step.failure for step in others} == {
        "no association: nobody answers there, or it was aborted"
    }
    assert len(others) == 9
