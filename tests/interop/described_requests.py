"""Requests made up by Schemathesis from the OpenAPI document of a running daemon."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, cast

import orjson
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.data import get_testdata_file
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok
from schemathesis.openapi import from_dict, media_type

from pacsd.testing.daemon import Running
from tests.interop import peers
from tests.net.web.serving import RELATED, payload

TIMEOUT_S = 15.0
FILES = ("CT_small.dcm", "JPEG2000.dcm", "color3d_jpeg_baseline.dcm", "test-SR.dcm")
"""One in the native format, a frame and some frames in fragments, and one without pixels."""
DOOMED = {
    "DeleteStudy": "MR_small.dcm",
    "DeleteSeries": "waveform_ecg.dcm",
    "DeleteInstance": "SC_rgb.dcm",
}
"""What is deleted, each of a study of its own, so that all others find theirs."""
LEVELS = {"study": "StudyInstanceUID", "series": "SeriesInstanceUID", "instance": "SOPInstanceUID"}
PAYLOAD = 'multipart/related; type="application/dicom"'

load_all_checks()
RULES: list[Any] = [
    CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    )
]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)

_VALUES = ["*", "", '""', "20040119", "20040101-20041231", "-1200", "A\\B", "1.2,1.3", "a^b?", "CT"]
_TAKEN = ["*/*", "application/dicom", "application/json", "application/octet-stream", "image/*",
          "multipart/related", 'multipart/related; type="application/dicom"; transfer-syntax=*',
          'multipart/related; type="application/dicom+xml"', "text/html", "image/png"]  # fmt: skip
_LIKELY: Mapping[str, object] = {
    "frames": {"type": "array", "items": {"enum": [1, 2, 3]}, "minItems": 1, "maxItems": 4},
    "bulkdata": {"enum": ["7FE00010", "00100010", "00431029", "00081140"]},
    "includefield": {"type": "array", "items": {"enum": ["all", "PatientAge", "00431029"]}},
    "limit": {"enum": [0, 1, 5]},
    "offset": {"enum": [0, 1, 5]},
    "since": {"enum": [0, 3, "last"]},
    "epoch": {"enum": ["another"]},
    "changes.limit": {"enum": [1, 5]},
    "Last-Event-ID": {"enum": ["another:1"]},
    "accept": {"enum": _TAKEN},
    "charset": {"enum": ["utf-8"]},
    "reason": {"enum": ["a test", "to be seen \u2026"]},
    "Range": {"enum": ["bytes=0-99", "bytes=-5", "bytes=99999999-", "bytes=0-1,4-5", "lines=1"]},
}


def content(name: str) -> bytes:
    """A file of pydicom's."""
    path = get_testdata_file(name)
    assert isinstance(path, str)
    with open(path, "rb") as file:  # noqa: PTH123 - a path of pydicom's
        return file.read()


def uids(name: str) -> Mapping[str, str]:
    """The UIDs of one, by the variables of paths."""
    ds = dcmread(cast("str", get_testdata_file(name)), stop_before_pixels=True)
    return {variable: str(ds[keyword].value) for variable, keyword in LEVELS.items()}


def url_of(daemon: Running) -> str:
    return f"http://{peers.LOOPBACK}:{daemon.http_port}/dicomweb"


def store(daemon: Running) -> None:
    """Have all of them in the archive."""
    body = payload(*(content(name) for name in (*FILES, *DOOMED.values())))
    headers = {"Content-Type": RELATED}
    answer = requests.post(f"{url_of(daemon)}/studies", body, headers=headers, timeout=TIMEOUT_S)
    assert answer.status_code == 200, answer.text


@st.composite
def payloads(draw: st.DrawFn) -> bytes:
    """Payloads of some files, of which one may be cut, or changed in a byte."""
    chosen = draw(st.lists(st.sampled_from(FILES), max_size=3))
    body = payload(*map(content, chosen))
    place = draw(st.integers(0, len(body) - 1))
    changed = body[:place] + bytes([body[place] ^ draw(st.integers(1, 255))]) + body[place + 1 :]
    return draw(st.sampled_from([body, body, body[:place], changed]))


media_type("multipart/related", payloads(), aliases=[PAYLOAD])


def document_of(daemon: Running) -> dict[str, Any]:
    answer = requests.get(f"{url_of(daemon)}/openapi.json", timeout=TIMEOUT_S)
    document = cast("dict[str, Any]", orjson.loads(answer.content))
    # Nobody here waits for what does not happen.
    document["components"]["parameters"]["wait"]["schema"]["maximum"] = 0
    return document


def likely(document: dict[str, Any], files: Sequence[str]) -> dict[str, Any]:
    """The document with values that lead to what is stored, in the place of any values."""
    parameters = document["components"]["parameters"]
    for name, schema in _LIKELY.items():
        parameters[name]["schema"] = schema
    for variable in LEVELS:
        parameters[variable]["schema"] = {"enum": [uids(name)[variable] for name in files]}
    for methods in document["paths"].values():
        for parameter in methods.get("get", {}).get("parameters", []):
            if parameter.get("name") == "match":
                names = parameter["schema"]["properties"]
                parameter["schema"] = {
                    "type": "object",
                    "properties": {name: {"enum": _VALUES} for name in names},
                    "additionalProperties": False,
                    "maxProperties": 2,
                }
    return document


def ask(
    daemon: Running,
    document: dict[str, Any],
    operation_id: str,
    modes: Sequence[GenerationMode],
    examples: int,
) -> Counter[int]:
    """So many requests of an operation, always the same ones; how often which status came.

    Raises:
        FailureGroup: an answer is none of those that the document has, or of a server error.
    """
    schema = from_dict(document)
    (found,) = schema.include(operation_id=operation_id).get_all_operations()
    assert isinstance(found, Ok), found
    operation = found.ok()
    seen = Counter[int]()

    @given(st.one_of([operation.as_strategy(generation_mode=each) for each in modes]))
    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    def run(case: Case[Any]) -> None:
        headers = {"Content-Type": RELATED} if operation.method == "post" else {}
        answer = case.call(url_of(daemon), headers=headers, timeout=TIMEOUT_S)
        seen[answer.status_code] += 1
        case.validate_response(answer, checks=RULES)

    run()
    return seen
