"""`pacsd find` at pynetdicom as an independent SCP."""

import json
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner, Result

from pacsd.app.cli.main import build
from pacsd.net.query_retrieve_scu import QueryModel
from tests.app.archive_peer import Archive, instance, serving
from tests.app.web_service import web_service
from tests.net.web_client.answering import answer

RUNNER = CliRunner(env={"PACSD_CONFIG": None})


@pytest.fixture
def archive() -> Iterator[Archive]:
    with serving(Archive([instance(1), instance(2), instance(3, study="1.2.2")])) as served:
        yield served


def find(archive: Archive, *arguments: object) -> Result:
    return RUNNER.invoke(build(), ["find", archive.address, *map(str, arguments)])


def test_studies_in_a_table(archive: Archive) -> None:
    done = find(archive, "PatientName=Müll*", "--calling-ae", "OTHER")
    assert done.exit_code == 0, done.output
    assert "StudyDate" in done.stdout
    assert done.stdout.count("20260131") == 2
    assert "Müller^2" in done.stdout
    assert "Schädel" in done.stdout
    assert "2 matches" in done.stderr
    assert archive.callers == ["OTHER"]
    (asked,) = archive.asked
    assert (asked.QueryRetrieveLevel, asked.PatientName) == ("STUDY", "Müll*")
    assert asked.SpecificCharacterSet == "ISO_IR 192"
    assert asked.StudyInstanceUID == ""


def test_json_an_object_a_line(archive: Archive) -> None:
    done = find(archive, "--json", "PatientName", "--level", "image")
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    names = [line["00100010"]["Value"][0]["Alphabetic"] for line in lines]
    assert names == ["Müller^1", "Müller^2", "Müller^3"]
    assert done.stdout.isascii()
    assert done.stderr == ""
    assert "SpecificCharacterSet" not in archive.asked[0]


def test_patients_are_looked_for_in_the_patient_root(archive: Archive) -> None:
    done = find(archive, "--level", "patient")
    assert done.exit_code == 0, done.output
    assert archive.asked[0].QueryRetrieveLevel == "PATIENT"
    assert "1 match" in done.stderr


def test_a_search_ends_at_its_limit(archive: Archive) -> None:
    archive.goes_on = True
    done = find(archive, "--limit", 2)
    assert done.exit_code == 0, done.output
    assert "2 matches, the limit" in done.stderr
    assert archive.cancelled == 1


def test_a_refusal_is_told_in_words(archive: Archive) -> None:
    archive.objects, archive.status, archive.comment = [], 0xA900, "no such key"
    done = find(archive, "--level", "series")
    assert done.exit_code == 1
    assert "C-FIND: A900" in done.stderr
    assert ": no such key; at level SERIES it may want StudyInstanceUID=VALUE" in done.stderr
    assert "no match" not in done.stderr
    assert "it may want" not in find(archive).stderr


def test_what_was_not_agreed_to_is_said(archive: Archive) -> None:
    done = find(archive, "--fuzzy", "--combined", "--relational", "--level", "series")
    assert done.exit_code == 0, done.output
    assert archive.extended == [{QueryModel.STUDY_ROOT.find: b"\1\1\1"}]
    for words in ("relational queries", "fuzzy matching of names", "combined date and time"):
        assert f"did not agree to {words}" in done.stderr


def test_no_match_is_no_failure(archive: Archive) -> None:
    done = find(archive, "StudyInstanceUID=9.9")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "no match" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["PatientNane=A"], "PatientName?"),
        (["--model", "study", "--level", "patient"], "no patient level"),
        (["--model", "patient-study", "--level", "series"], "no series level"),
        (["--limit", "0"], "limit"),
        (["--calling-ae", "MUCH TOO LONG FOR IT"], "AE title"),
    ],
)
def test_wrong_arguments(archive: Archive, arguments: list[str], why: str) -> None:
    done = find(archive, *arguments)
    assert done.exit_code == 2
    assert why in done.stderr
    assert archive.callers == []


def test_nobody_there() -> None:
    done = RUNNER.invoke(build(), ["find", "NOBODY=127.0.0.1:1"])
    assert done.exit_code == 1
    assert "NOBODY at 127.0.0.1:1: 127.0.0.1:1: Connect" in done.stderr


def test_a_peer_without_it() -> None:
    with serving(Archive([]), find=False) as archive:
        done = find(archive)
    assert done.exit_code == 1
    assert "the peer accepted no context for Study Root" in done.stderr


def test_an_interrupted_search(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("anyio.run", interrupted)
    done = find(archive)
    assert done.exit_code == 130
    assert "interrupted" in done.stderr


STUDY = {
    "0020000D": {"vr": "UI", "Value": ["1.2.1"]},
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Müller^1"}]},
    "00080020": {"vr": "DA", "Value": ["20260131"]},
}


def found(*matches: object, warning: str = "") -> bytes:
    return answer(json.dumps(matches).encode(), Warning=warning)


def test_a_dicomweb_service() -> None:
    warning = '299 http://a/: "The fuzzymatching parameter is not supported"'
    with web_service(found(STUDY, warning=warning)) as service:
        done = RUNNER.invoke(
            build(), ["find", service.root, "PatientName=Müll*", "StudyDate", "--fuzzy"]
        )
    assert done.exit_code == 0, done.output
    assert "Müller^1" in done.stdout
    assert f"{service.root}: 1 match" in done.stderr
    assert f"{service.root} warns: The fuzzymatching parameter is not supported" in done.stderr
    (asked,) = service.asked
    assert asked.target == ("/dicomweb/studies?PatientName=M%C3%BCll*&fuzzymatching=true&limit=100")


def test_what_is_told_of_studies_by_default_is_asked_for() -> None:
    with web_service(found(STUDY)) as service:
        done = RUNNER.invoke(build(), ["find", service.root, "--json", "--limit", "1"])
    assert json.loads(done.stdout)["0020000D"] == STUDY["0020000D"]
    assert done.stderr == ""
    assert service.asked[0].target == "/dicomweb/studies?includefield=StudyDescription&limit=1"


def test_w41_a_match_that_cannot_be_read_is_told() -> None:
    with web_service(found(STUDY, {"00080020": 7})) as service:
        done = RUNNER.invoke(build(), ["find", service.root])
    assert done.exit_code == 1
    assert "Müller^1" in done.stdout
    assert "a match that cannot be read: (0008,0020)" in done.stderr
    assert "1 of the matches cannot be read" in done.stderr


def test_a_service_that_refuses() -> None:
    with web_service(answer(b"<html>", "text/html", status=404)) as service:
        done = RUNNER.invoke(build(), ["find", service.root])
    assert done.exit_code == 1
    assert "is this the root of a DICOMweb service?" in done.stderr
    assert "no match" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--level", "patient"], "no patient level over DICOMweb"),
        (["--model", "study"], "one information model"),
        (["--relational"], "unique keys of the levels above"),
        (["--combined"], "does not combine"),
        (["--calling-ae", "ME"], "AE title over HTTP"),
        (["PatientNane=A"], "PatientName?"),
    ],
)
def test_what_no_service_is_asked(arguments: list[str], why: str) -> None:
    done = RUNNER.invoke(build(), ["find", "http://127.0.0.1:1/dicomweb", *arguments])
    assert done.exit_code == 2
    assert why in " ".join(done.stderr.replace("│", "").split())
