"""The self test of DICOMweb against what answers wrongly, and against nobody."""

import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.app import web_selftest
from pacsd.app.selftest import INSTANCE, SERIES, STUDY, Failed
from pacsd.app.web_selftest import MANNERS, Came, WebSelfTest
from pacsd.net.endpoint import Endpoint
from tests.interop.peers import free_port

Canned = tuple[int, str, bytes]
Answers = Callable[[str], Canned]


@contextmanager
def answering(answers: Answers, coding: str = "") -> Iterator[Endpoint]:
    """A server that answers each path as told, and whoever tests it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content_type, body = answers(self.path)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            if coding:
                self.send_header("Content-Encoding", coding)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, name="canned answers")
    thread.start()
    try:
        yield Endpoint("127.0.0.1", server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def saying(raw: bytes) -> Iterator[Endpoint]:
    """Who says this, whatever is asked, and closes."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            head, piece = b"", b"-"
            while piece and b"\r\n\r\n" not in head:
                piece = self.request.recv(65_536)
                head += piece
            self.wfile.write(raw)
            # Closed with bytes unread, a connection is reset, and what was said is lost.
            self.request.shutdown(socket.SHUT_WR)
            while self.request.recv(65_536):
                pass

    server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, name="raw answers")
    thread.start()
    try:
        yield Endpoint("127.0.0.1", server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def failures(answers: Answers, client: str = "strict", coding: str = "") -> dict[str, str]:
    with answering(answers, coding) as endpoint:
        return {step.name: step.failure for step in WebSelfTest(endpoint, MANNERS[client]).steps()}


@pytest.mark.parametrize("client", MANNERS)
def test_where_nobody_is_each_step_says_so(client: str) -> None:
    nobody = Endpoint("127.0.0.1", free_port())
    steps = list(WebSelfTest(nobody, MANNERS[client]).steps())
    assert len(steps) >= 6
    for step in steps:
        assert "Connection refused" in step.failure or "named no BulkDataURI" in step.failure


def test_an_error_is_told_with_what_the_server_says() -> None:
    why = b'{"error": "the store is full"}'
    failed = failures(lambda _: (503, "application/json", why))
    refused = 'status 503 instead of 200: {"error": "the store is full"}'
    assert failed["store (STOW-RS)"] == failed["metadata"] == failed["frame"] == refused
    assert failed["what nobody has is refused"].startswith("status 503 instead of 406")
    assert failed["what is not there is not found"].startswith("status 503 instead of 404")


def test_what_is_found_must_be_what_was_stored() -> None:
    failed = failures(lambda _: (200, "application/dicom+json", b"[]"))
    assert failed["store (STOW-RS)"] == "the answer is no data set in JSON"
    assert failed["search studies"] == "what was stored is not among the 0 that were found"
    assert failed["metadata"] == "the instance is there 0 times instead of once"
    assert failed["bulk data"] == "metadata named no BulkDataURI"
    assert "does not begin with multipart/related" in failed["frame"]
    assert "does not begin with multipart/related" in failed["file"]


def test_the_strict_mind_media_types() -> None:
    found = [{tag: {"vr": "UI", "Value": [uid]}} for tag, uid in
             (("0020000D", STUDY), ("0020000E", SERIES), ("00080018", INSTANCE))]  # fmt: skip
    body = json.dumps(found).encode()
    named = "Content-Type: application/json instead of application/dicom+json"
    assert failures(lambda _: (200, "application/json", body))["search series"] == named
    assert failures(lambda _: (200, "application/json", body), "ohif")["search series"] == ""
    coded = failures(lambda _: (200, "application/json", gzip.compress(body)), "ohif", "gzip")
    assert coded["search series"] == ""
    brotli = failures(lambda _: (200, "application/json", body), "ohif", "br")
    assert brotli["search series"] == "Content-Encoding: br, which is not understood"


def test_pixels_must_be_those_that_were_stored() -> None:
    def octets(path: str) -> Canned:
        return 200, "application/octet-stream", bytes(16) if "frames" in path else b""

    failed = failures(octets, "ohif")
    assert failed["frame"] == "16 bytes came that are not the 16 that were stored"
    assert failures(lambda _: (200, "text/plain", b""), "ohif")["frame"] == (
        "Content-Type: text/plain instead of application/octet-stream"
    )
    file = failures(lambda _: (200, "application/dicom", bytes(200)), "weasis")["file"]
    assert file == "the file that came back does not hold the object that was sent"


def test_parts() -> None:
    kind = "multipart/related; boundary=x"
    body = (
        b"--x\r\nContent-Type: a/b\r\n\r\none\r\n--x\r\nContent-Type: c/d\r\n\r\ntwo\r\n--x--\r\n"
    )
    assert Came(200, kind, body).parts() == [("a/b", b"one"), ("c/d", b"two")]
    assert Came(200, "a/b", b"one").parts() == [("a/b", b"one")]
    with pytest.raises(Failed, match="is not what its Content-Type says"):
        Came(200, kind, b"one").parts()


MULTIPART = 'multipart/related; type="application/octet-stream"; boundary=x'
NONSENSE: list[Canned] = [
    (200, "text/html", b"<!doctype html>\n<h1>It works!</h1>"),
    (404, "text/html; \x1b[2J", b"<h1>\n\x1b[31mNot Found\r\n\xff</h1>" * 100),
    (200, "", b""),
    (204, "application/dicom+json", b""),
    (200, "application/dicom+json", b""),
    (200, "application/dicom+json", b"[" * 200_000),
    (200, "application/dicom+json", b'{"00081199": [1], "7FE00010": 7}'),
    (200, "application/dicom+json", b'{"00081199": {"Value": {"a": 1}}}'),
    (200, "application/dicom+json", b'{"00081199": {"Value": [1, null, [], "x"]}}'),
    (200, "application/dicom+json", b'[{"00080018": 1, "7FE00010": []}, {}]'),
    (200, "application/dicom+json", b'[{"0020000D": {"Value": 5}}]'),
    (200, MULTIPART, b""),
    (200, MULTIPART, b"--y\r\n\r\nother boundary\r\n--y--\r\n"),
    (200, MULTIPART, b"--x\r\nContent-Type: application/octet-stream\r\n\r\ncut sh"),
    (200, MULTIPART, b"--x--\r\n"),
    (200, MULTIPART, b"--x\r\nContent-Type: text/html\r\n\r\n<h1>\r\n--x--\r\n"),
    (200, "multipart/related", b"no boundary"),
    (200, "multipart/\xff; boundary*0*=\xff'%zz", bytes(range(256))),
]


@pytest.mark.parametrize("client", MANNERS)
@pytest.mark.parametrize("answer", NONSENSE, ids=range(len(NONSENSE)))
def test_w41_nonsense_is_a_failure_in_a_line(client: str, answer: Canned) -> None:
    failed = failures(lambda _: answer, client)
    # A 404 is just what is asked for in the last step.
    failed.pop("what is not there is not found", None)
    for name, failure in failed.items():
        assert failure, name
        assert failure.isprintable()
        assert len(failure) < 500


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "RemoteDisconnected: "),
        (b"\x1b[2JSSH-2.0-OpenSSH_9\r\n", "BadStatusLine: "),
        (b"HTTP/1.1 abc\r\n\r\n", "BadStatusLine: "),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "breaks off: 6 bytes"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc", "IncompleteRead"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno\r\n", "IncompleteRead"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "HTTPException"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", "LineTooLong"),
    ],
)
def test_w41_what_is_no_answer_is_a_failure_in_a_line(raw: bytes, why: str) -> None:
    with saying(raw) as endpoint:
        steps = list(WebSelfTest(endpoint, MANNERS["strict"]).steps())
    for step in steps:
        assert why in step.failure or step.failure == "metadata named no BulkDataURI"
        assert step.failure.isprintable()


def test_w41_an_answer_is_read_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_selftest, "MAX_BODY_BYTES", 100_000)
    small = gzip.compress(bytes(100_000))
    longer = gzip.compress(bytes(100_001))

    def failure(body: bytes, coding: str = "") -> str:
        return failures(lambda _: (200, "a/b", body), "ohif", coding)["frame"]

    named = "Content-Type: a/b instead of application/octet-stream"
    assert failure(bytes(100_000)) == failure(small, "gzip") == named
    assert failure(bytes(100_001)) == "the answer has more than 100000 bytes"
    assert failure(longer, "gzip") == "the answer has more than 100000 bytes"
    assert failure(small[:-20], "gzip") == "the answer breaks off within its gzip coding"
    assert failure(b"none", "gzip").startswith("error: Error -3")


@given(st.text(max_size=60), st.binary(max_size=200), st.sampled_from(["", "--x\r\n"]))
def test_w41_any_payload_has_parts_or_fails(parameters: str, body: bytes, begin: str) -> None:
    came = Came(200, f"multipart/related; boundary=x; {parameters}", begin.encode() + body)
    parts, said = [], ""
    try:
        parts = came.parts()
    except (Failed, ValueError) as failed:  # the step tells either
        said = str(failed)
    assert said.isprintable()
    assert all(isinstance(data, bytes) for _, data in parts)
