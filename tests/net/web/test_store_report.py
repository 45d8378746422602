"""What is said of instances that came over the web."""

import orjson
import pytest
from aiohttp.test_utils import make_mocked_request

from pacsd.dicomweb.store_response import read_store_response
from pacsd.dicomweb.targets import Kind, Target
from pacsd.net.web.exchange import DICOM_JSON, Exchange
from pacsd.net.web.store_report import (
    OFFERS,
    TRANSFER_SYNTAX_NOT_SUPPORTED,
    NotStored,
    Stored,
    report,
)

OK = Stored("1.1", "1.2", 0x0000)
COERCED = Stored("1.1", "1.3", 0xB007)
CONFLICT = Stored("1.1", "1.4", 0xC010)
FULL = Stored("1.1", "1.5", 0xA700)
NOBODY = Stored()


def exchange(study: str = "") -> Exchange:
    request = make_mocked_request("POST", "/dicomweb/studies")
    kind = Kind.STUDY if study else Kind.ALL_STUDIES
    return Exchange(request, Target(kind, study), "", "http://pacs/dicomweb")


@pytest.mark.parametrize(
    ("results", "status"),
    [
        ([OK], 200),
        ([OK, OK], 200),
        ([OK, COERCED], 202),
        ([COERCED], 202),
        ([OK, CONFLICT], 202),
        ([OK, NOBODY], 202),
        ([OK, FULL], 202),
        ([CONFLICT], 409),
        ([NOBODY], 409),
        ([FULL, CONFLICT], 409),
        ([FULL, FULL], 503),
    ],
)
async def test_the_status_that_sums_it_up(results: list[Stored], status: int) -> None:
    answer = await report(exchange(), DICOM_JSON, results)
    assert answer.status == status
    assert ("Retry-After" in answer.headers) == (status == 503)


async def test_what_is_said_of_each() -> None:
    answer = await report(exchange("1.9"), DICOM_JSON, [OK, COERCED, CONFLICT, NOBODY])
    assert isinstance(answer.body, bytes)
    named = {"00081150": {"vr": "UI", "Value": ["1.1"]}}
    assert orjson.loads(answer.body) == {
        "00081190": {"vr": "UR", "Value": ["http://pacs/dicomweb/studies/1.9"]},
        "00081198": {
            "vr": "SQ",
            "Value": [
                {
                    **named,
                    "00081155": {"vr": "UI", "Value": ["1.4"]},
                    "00081197": {"vr": "US", "Value": [0xC010]},
                }
            ],
        },
        "00081199": {
            "vr": "SQ",
            "Value": [
                {**named, "00081155": {"vr": "UI", "Value": ["1.2"]}},
                {
                    **named,
                    "00081155": {"vr": "UI", "Value": ["1.3"]},
                    "00081196": {"vr": "US", "Value": [0xB007]},
                },
            ],
        },
        "0008119A": {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [0xC000]}}]},
    }


async def test_the_same_file_twice_is_told_twice() -> None:
    again = Stored("1.1", "1.4", 0xC010)
    answer = await report(exchange(), DICOM_JSON, [CONFLICT, again])
    assert isinstance(answer.body, bytes)
    assert len(orjson.loads(answer.body)["00081198"]["Value"]) == 2


async def test_why_is_said_in_words() -> None:
    failed = [Stored("1.1", f"1.{why}", 0xC000, why) for why in ("a", "b", 'c"\r\nX: d', "a", "e")]
    answer = await report(exchange(), DICOM_JSON, [OK, *failed])
    said = answer.headers["Warning"]
    assert said.count("299 http://pacs/dicomweb: ") == 3
    assert said.startswith('299 http://pacs/dicomweb: "a", 299 http://pacs/dicomweb: "b", ')
    assert said.isprintable()
    assert "Warning" not in (await report(exchange(), DICOM_JSON, [OK])).headers


async def test_of_what_is_stored_something_may_be_to_be_known() -> None:
    held = Stored("1.1", "1.3", 0x0000, "held")
    answer = await report(exchange(), DICOM_JSON, [OK, held])
    assert answer.status == 200
    assert answer.headers["Warning"] == '299 http://pacs/dicomweb: "held"'
    assert isinstance(answer.body, bytes)
    assert read_store_response(answer.body, DICOM_JSON).statuses == {"1.2": 0, "1.3": 0}


def test_a_reason_has_its_status() -> None:
    assert NotStored("why").status == 0xC000
    refused = NotStored("syntax", TRANSFER_SYNTAX_NOT_SUPPORTED)
    assert (refused.status, str(refused)) == (0xC122, "syntax")


@pytest.mark.parametrize("media_type", [each.media_type for each in OFFERS])
async def test_it_says_the_same_in_whatever_it_is(media_type: str) -> None:
    answer = await report(exchange("1.9"), media_type, [OK, COERCED, CONFLICT, NOBODY])
    assert (answer.status, answer.headers["Content-Type"]) == (202, media_type)
    assert isinstance(answer.body, bytes)
    said = read_store_response(answer.body, media_type)
    assert said.statuses == {"1.2": 0, "1.3": 0xB007, "1.4": 0xC010}
    assert said.unnamed == (0xC000,)
