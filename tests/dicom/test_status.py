import pynetdicom.status
import pytest

from contrib.registry import generate
from pacsd.dicom import _status_data
from pacsd.dicom.registry import Service
from pacsd.dicom.status import Status, StatusCategory, category, describe


def test_generated_words_are_current() -> None:
    committed = generate.ROOM / "_status_data.py"
    assert committed.read_text(encoding="utf-8") == generate.render_statuses()


def test_tables_are_of_services_and_operations() -> None:
    assert set(_status_data.STATUSES) <= {*Service, "general", "find", "get", "move"}


@pytest.mark.parametrize("service", sorted(generate.STATUSES))
def test_categories_and_words_are_pynetdicoms(service: str) -> None:
    for code, (expected, words) in generate.STATUSES[service].items():
        assert category(code) == expected.lower(), f"{code:04X}"
        described = describe(code, None if service == "general" else service)
        assert generate.WORDS.get(code, words).replace("an any", "and any") in described


def test_categories_of_all_codes_are_pynetdicoms() -> None:
    for code in range(0x10000):
        oracle = pynetdicom.status.code_to_category(code)
        # A code of no class is not known to have done anything: a failure.
        expected = "failure" if oracle == "Unknown" else oracle.lower()
        assert category(code) is StatusCategory(expected), f"{code:04X}"


@pytest.mark.parametrize("status", Status)
def test_every_named_code_has_words(status: Status) -> None:
    services = (None, Service.STORAGE, "find", "get", "move")
    assert any(len(describe(status, service)) > len("A700 (failure)") for service in services)


@pytest.mark.parametrize(
    ("code", "service", "words"),
    [
        (0x0000, None, "0000 Success (success)"),
        (0xA700, Service.STORAGE, "A700 Refused: Out of Resources (failure)"),
        (0xA7AB, None, "A7AB Refused: Out of Resources (failure)"),
        (0xA801, Service.QUERY_RETRIEVE, "A801 Move destination unknown (failure)"),
        (0xB000, "storage", "B000 Coercion of Data Elements (warning)"),
        (0xB000, "move", "B000 Sub-operations completed, one or more failures (warning)"),
        (0xB123, None, "B123 (warning)"),
        (0xC123, Service.STORAGE, "C123 Cannot Understand (failure)"),
        (0xC123, None, "C123 Cannot Understand or Unable to Process (failure)"),
        (0x0122, Service.STORAGE, "0122 Refused: SOP Class Not Supported (failure)"),
        (0x0124, "no such service", "0124 Refused: Not Authorized (failure)"),
        (0xFF00, "get", "FF00 Sub-operations are continuing (pending)"),
        (0xFFFF, None, "FFFF (failure)"),
    ],
)
def test_describe(code: int, service: str | None, words: str) -> None:
    assert describe(code, service) == words
