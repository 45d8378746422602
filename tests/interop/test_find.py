"""C-FIND: every model and level, asked by every peer; the answers are known to the last one."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pynetdicom import AE
from typer.testing import CliRunner

from pacsd.app.cli.main import build
from pacsd.testing.daemon import Running, running
from tests.dicom.by_pydicom import keys
from tests.interop import peers
from tests.interop.known_studies import BY_UID, NAMES, QUERIES, Asked, store_all

FIND = "1.2.840.10008.5.1.4.1.2.{}.1"
NUMBERS = {"P": "1", "S": "2", "O": "3"}
RELATIONAL, COMBINED, FUZZY = b"\1", b"\0\1", b"\0\0\1"


@pytest.fixture(scope="module")
def filled() -> Iterator[Running]:
    with running("--http", "") as daemon:
        store_all(daemon.port)
        yield daemon
        assert daemon.stop() == 0
        assert [line for line in daemon.lines if line.get("level") == "error"] == []


@pytest.fixture
def port(filled: Running) -> int:
    return filled.port


def ask(
    port: int, asked: Dataset, model: str = "S", extended: bytes = b""
) -> tuple[int, list[Dataset]]:
    """The final status and the answers that pynetdicom gets."""
    uid = FIND.format(NUMBERS[model])
    ae = AE("FINDER")
    ae.add_requested_context(uid)
    items: list[Any] = []
    if extended:
        from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation  # noqa: PLC0415

        item = SOPClassExtendedNegotiation()
        item.sop_class_uid, item.service_class_application_information = uid, extended
        items.append(item)
    association: Any = ae.associate("127.0.0.1", port, ae_title="PACSD", ext_neg=items)
    assert association.is_established
    answers: list[Dataset] = []
    status = -1
    for response, identifier in association.send_c_find(asked, uid):
        status = response.Status
        if identifier is not None:
            answers.append(identifier)
    association.release()
    return status, answers


def identifier(query: Asked) -> Dataset:
    return keys(
        QueryRetrieveLevel=query.level,
        **{
            keyword: value.split("\\") if "\\" in value else value
            for keyword, value in query.all_keys.items()
        },
    )


def found(query: Asked, answers: Sequence[Dataset]) -> list[str]:
    return sorted(str(answer[query.unique].value) for answer in answers)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: f"{query.level} {query.keys}")
def test_pynetdicom(port: int, query: Asked) -> None:
    status, answers = ask(port, identifier(query), query.model)
    assert status == 0
    assert found(query, answers) == sorted(query.found)
    assert {answer.RetrieveAETitle for answer in answers} <= {"PACSD"}
    assert {answer.QueryRetrieveLevel for answer in answers} <= {query.level}


def findscu(port: int, query: Asked, folder: Path, *options: str) -> list[Dataset]:
    given = [f"{keyword}={value}" for keyword, value in query.all_keys.items()]
    every = (f"QueryRetrieveLevel={query.level}", *given)
    wanted = [part for each in every for part in ("-k", each)]
    command = [peers.program("findscu"), f"-{query.model}", "-X", "-od", folder, *options]
    peers.run(*command, *wanted, "-aec", "PACSD", peers.LOOPBACK, port)
    return [dcmread(path, force=True) for path in sorted(folder.glob("rsp*.dcm"))]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: f"{query.level} {query.keys}")
def test_findscu(port: int, query: Asked, tmp_path: Path) -> None:
    assert found(query, findscu(port, query, tmp_path)) == sorted(query.found)


def test_dcmjs(port: int) -> None:
    asked = [query for query in QUERIES if query.model == "S"]  # it knows no other
    script = peers.dcmjs_script(peers.DCMJS_FIND, peers.LOOPBACK, port, "PACSD")
    queries = [{"level": query.level, "keys": query.all_keys} for query in asked]
    said = peers.run(*script, given=json.dumps(queries))
    answered = [json.loads(line) for line in said.splitlines()]
    assert [each["status"] for each in answered] == [0] * len(asked)
    for query, each in zip(asked, answered, strict=True):
        got = sorted(str(answer[query.unique]) for answer in each["answers"])
        assert got == sorted(query.found), query


def test_orthanc(filled: Running, tmp_path: Path) -> None:
    levels = {"PATIENT": "Patient", "STUDY": "Study", "SERIES": "Series", "IMAGE": "Instance"}
    with peers.orthanc(tmp_path, filled.port) as orthanc:
        for query in QUERIES:
            if query.model == "O":
                continue
            body = {"Level": levels[query.level], "Query": query.all_keys, "Normalize": False}
            made = orthanc.post("/modalities/pacsd/query", json.dumps(body).encode())
            answers = json.loads(orthanc.ask(f"{made['Path']}/answers?expand&simplify"))
            assert sorted(each[query.unique] for each in answers) == sorted(query.found), query


def test_pacsd_find(port: int) -> None:
    by_process, *others = QUERIES
    command = asked_by_pacsd(by_process, port)
    assert_found(by_process, peers.run(*peers.PACSD, *command))
    # A process for each of them would take a minute to start.
    runner, command_line = CliRunner(), build()
    for query in others:
        ran = runner.invoke(command_line, asked_by_pacsd(query, port))
        assert ran.exit_code == 0, (query, ran.stderr)
        assert_found(query, ran.stdout)


def asked_by_pacsd(query: Asked, port: int) -> list[str]:
    models = {"P": "patient", "S": "study", "O": "patient-study"}
    given = [f"{keyword}={value}" for keyword, value in query.all_keys.items()]
    options = ["--level", query.level.lower(), "--model", models[query.model], "--json"]
    return ["find", f"PACSD={peers.LOOPBACK}:{port}", *options, *given]


def assert_found(query: Asked, said: str) -> None:
    answers = [Dataset.from_json(line) for line in said.splitlines() if line.startswith("{")]
    assert found(query, answers) == sorted(query.found), query


# Names as their owners write them


@pytest.mark.parametrize("number", NAMES)
def test_a_patient_is_found_by_the_name_as_its_owner_writes_it(port: int, number: int) -> None:
    study = BY_UID[f"2.25.{number}"]
    asked = keys(SpecificCharacterSet="ISO_IR 192", QueryRetrieveLevel="STUDY", StudyInstanceUID="")
    asked.PatientName = NAMES[number]
    status, (answer,) = ask(port, asked)
    assert status == 0
    assert answer.StudyInstanceUID == study.uid
    assert str(answer.PatientName) == study.patient_name


@pytest.mark.parametrize("number", [number for number in NAMES if number != 12])
def test_in_the_character_set_of_the_object_too(port: int, number: int) -> None:
    study = BY_UID[f"2.25.{number}"]
    asked = keys(
        SpecificCharacterSet=study.charset, QueryRetrieveLevel="STUDY", StudyInstanceUID=""
    )
    asked.PatientName = NAMES[number]
    status, (answer,) = ask(port, asked)
    assert (status, answer.StudyInstanceUID) == (0, study.uid)
    assert str(answer.PatientName) == study.patient_name
    assert answer.SpecificCharacterSet == study.charset


def test_a_peer_that_declares_nothing_is_answered_in_unicode(port: int) -> None:
    asked = keys(QueryRetrieveLevel="STUDY", StudyInstanceUID="2.25.9", PatientName="")
    _, (answer,) = ask(port, asked)
    assert answer.SpecificCharacterSet == "ISO_IR 192"
    assert str(answer.PatientName) == BY_UID["2.25.9"].patient_name


def test_findscu_is_answered_in_its_character_set(port: int, tmp_path: Path) -> None:
    query = Asked("STUDY", {"PatientName": "", "StudyInstanceUID": "2.25.4"}, ())
    (answer,) = findscu(port, query, tmp_path, "-k", "SpecificCharacterSet=ISO_IR 100")
    assert answer.SpecificCharacterSet == "ISO_IR 100"
    assert str(answer.PatientName) == "Müller^Jörg"


# What is told


def test_what_is_computed_over_a_study(port: int) -> None:
    asked = keys(
        QueryRetrieveLevel="STUDY",
        StudyInstanceUID="2.25.1",
        ModalitiesInStudy="",
        SOPClassesInStudy="",
        NumberOfStudyRelatedSeries="",
        NumberOfStudyRelatedInstances="",
        InstanceAvailability="",
    )
    _, (answer,) = ask(port, asked)
    assert list(answer.ModalitiesInStudy) == ["CT", "MR"]
    assert len(answer.SOPClassesInStudy) == 2
    assert (answer.NumberOfStudyRelatedSeries, answer.NumberOfStudyRelatedInstances) == (2, 6)
    assert answer.InstanceAvailability == "ONLINE"


def test_sequences_match_and_are_told(port: int) -> None:
    for value, numbers in (("CHEST", [4]), ("", range(1, 15)), ("OTHER", [])):
        asked = keys(QueryRetrieveLevel="STUDY", StudyInstanceUID="")
        asked.ProcedureCodeSequence = [keys(CodeValue=value, CodeMeaning="")]
        _, answers = ask(port, asked)
        assert {each.StudyInstanceUID for each in answers} == {f"2.25.{n}" for n in numbers}
    whole = keys(QueryRetrieveLevel="STUDY", StudyInstanceUID="2.25.4", ProcedureCodeSequence=[])
    (told,) = ask(port, whole)[1]
    code = told.ProcedureCodeSequence[0]
    assert (code.CodeValue, code.CodeMeaning) == ("CHEST", "Chest")


def test_an_empty_value_can_be_asked_for(port: int) -> None:
    asked = keys(QueryRetrieveLevel="STUDY", StudyInstanceUID="")
    asked.PatientName = '""'
    _, answers = ask(port, asked)
    assert [each.StudyInstanceUID for each in answers] == ["2.25.14"]


# What was negotiated


def test_relational_queries(port: int) -> None:
    asked = keys(QueryRetrieveLevel="IMAGE", SOPInstanceUID="", PatientID="P2")
    status, _ = ask(port, asked)
    assert status == 0xA900
    status, answers = ask(port, asked, extended=RELATIONAL)
    assert (status, [each.SOPInstanceUID for each in answers]) == (0, ["2.25.2.1.1"])


def test_names_that_sound_alike(port: int) -> None:
    asked = keys(QueryRetrieveLevel="STUDY", StudyInstanceUID="", PatientName="Smit")
    assert ask(port, asked)[1] == []
    _, answers = ask(port, asked, extended=FUZZY)
    assert sorted(each.StudyInstanceUID for each in answers) == ["2.25.1", "2.25.2", "2.25.3"]


def test_dates_and_times_as_one(port: int) -> None:
    asked = keys(
        QueryRetrieveLevel="STUDY", StudyInstanceUID="",
        StudyDate="20260101-20260103", StudyTime="0200-0300",
    )  # fmt: skip
    assert [each.StudyInstanceUID for each in ask(port, asked)[1]] == ["2.25.2"]
    _, answers = ask(port, asked, extended=COMBINED)
    assert [each.StudyInstanceUID for each in answers] == ["2.25.2"]
    asked.StudyTime = "0130-0330"
    _, answers = ask(port, asked, extended=COMBINED)
    assert [each.StudyInstanceUID for each in answers] == ["2.25.1", "2.25.2", "2.25.3"]


def test_c_cancel(port: int) -> None:
    ae = AE("FINDER")
    uid = FIND.format("2")
    ae.add_requested_context(uid)
    association: Any = ae.associate("127.0.0.1", port, ae_title="PACSD")
    asked = keys(QueryRetrieveLevel="STUDY", StudyInstanceUID="")
    responses = association.send_c_find(asked, uid, msg_id=7)
    association.send_c_cancel(7, query_model=uid)
    statuses = [response.Status for response, _ in responses]
    # It may have been answered to its end by then.
    assert statuses[-1] in {0xFE00, 0x0000}
    assert association.send_c_find(asked, uid) is not None
    association.release()


def test_nothing_of_a_query_is_in_the_log(filled: Running) -> None:
    ask(filled.port, keys(QueryRetrieveLevel="STUDY", PatientName="Secret^Name"))
    assert "Secret" not in json.dumps(filled.lines)
