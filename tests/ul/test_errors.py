import pytest

from pacsd.ul.errors import (
    AbortReason,
    AbortSource,
    LocalProtocolError,
    PDUError,
    RemoteProtocolError,
    ULError,
)


@pytest.mark.parametrize("error", [LocalProtocolError, RemoteProtocolError, PDUError])
def test_one_root(error: type[Exception]) -> None:
    assert issubclass(error, ULError)


def test_remote_error_carries_the_abort() -> None:
    error = RemoteProtocolError("why", AbortSource.SERVICE_PROVIDER, AbortReason.UNEXPECTED_PDU)
    assert (str(error), error.source, error.reason) == ("why", 2, 2)


def test_remote_error_is_no_timeout_unless_said() -> None:
    assert not RemoteProtocolError("why", 0, 0).is_timeout
    assert RemoteProtocolError("why", 0, 0, is_timeout=True).is_timeout


def test_pdu_error_is_an_invalid_parameter_unless_said() -> None:
    assert PDUError("why").reason == 6
    assert PDUError("why", AbortReason.UNRECOGNIZED_PDU).reason == 1
