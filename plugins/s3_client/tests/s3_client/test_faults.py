import pytest
from obstore.exceptions import AlreadyExistsError, GenericError, PermissionDeniedError
from pacsd_s3_client.faults import FarFault, far_error

from pacsd.api.errors import StoreFault


def said(status: int, code: str = "") -> str:
    body = f"<Error><Code>{code}</Code><Message>SECRET</Message></Error>" if code else ""
    answer = f"Server returned non-2xx status code: {status} X: {body}"
    return f"Error performing PUT http://h/SECRET - {answer}"


@pytest.mark.parametrize(
    ("text", "fault", "sentence"),
    [
        (said(404, "NoSuchBucket"), FarFault.DOWN, "the bucket does not exist (404 NoSuchBucket)"),
        (said(403, "RequestTimeTooSkewed"), FarFault.DOWN, "set the clock"),
        (said(403, "SignatureDoesNotMatch"), FarFault.DOWN, "secret access key"),
        (said(507), FarFault.FULL, "no space left (507)"),
        (said(503, "SlowDown"), FarFault.DOWN, "overloaded"),
        (said(500), FarFault.DOWN, "it fails (500)"),
        (said(400, "InvalidRequest"), FarFault.REFUSED, "refuses the request (400 InvalidRequest)"),
        (said(400, "EntityTooLarge"), FarFault.TOO_LARGE, "the object is too large for it (400"),
        (said(413), FarFault.TOO_LARGE, "a proxy before it (413)"),
        (said(400, "KMS.DisabledException"), FarFault.REFUSED, "(400 KMS.DisabledException)"),
        ("HTTP error: dns error, SECRET", FarFault.DOWN, "name cannot be resolved"),
        ("invalid peer certificate: UnknownIssuer", FarFault.DOWN, "certificate is not trusted"),
        ("received corrupt message of type InvalidContentType", FarFault.DOWN, "not speak TLS"),
        ("Os { code: 111, kind: ConnectionRefused }", FarFault.DOWN, "nobody listens"),
        ("operation timed out", FarFault.DOWN, "no answer in time"),
        ("kind: ConnectionReset", FarFault.DOWN, "the connection broke"),
        ("whatever SECRET", FarFault.DOWN, "no answer"),
    ],
)
def test_says_what_happened_and_no_secret(text: str, fault: FarFault, sentence: str) -> None:
    error = far_error(GenericError(text))
    assert error.fault is fault
    assert sentence in error.sentence
    assert "SECRET" not in str(error)


def test_classes_of_the_client_are_known() -> None:
    assert far_error(AlreadyExistsError("x")).fault is FarFault.EXISTS
    assert far_error(FileNotFoundError("x")).fault is FarFault.MISSING
    denied = far_error(PermissionDeniedError(said(403, "AccessDenied")))
    assert denied.sentence == "access is denied: the key has not all the rights it needs (403)"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (said(507), StoreFault.NO_SPACE),
        (said(403), StoreFault.INPUT_OUTPUT),
    ],
)
def test_becomes_what_the_core_is_told(text: str, fault: StoreFault) -> None:
    error = far_error(GenericError(text)).as_store_error("commit")
    assert error.fault is fault
    assert error.explanation.startswith("commit: far store: ")


def test_tells_what_is_of_one_object() -> None:
    assert far_error(GenericError(said(400))).is_of_object
    assert not far_error(GenericError(said(500))).is_of_object
