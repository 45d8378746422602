"""The self test of DICOMweb against what answers wrongly, and against nobody."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

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
