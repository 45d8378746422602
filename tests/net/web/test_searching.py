"""QIDO-RS: searches."""

from dataclasses import replace
from pathlib import Path

import pytest

from pacsd.api.query_results import QueryResults
from pacsd.archive.finding import QueryLimits
from pacsd.dicom.level import Level
from pacsd.index.records import Scope
from pacsd.net.results import Change, Results
from pacsd.net.web.desk import Terms
from pacsd.testing.objects import data_set
from tests.dicom.written import element, item, sequence
from tests.net.web.serving import MAX_RESULTS, Answer, Served, serving

STUDIES = 4
STUDY_UID, SERIES_UID, SOP_UID = "0020000D", "0020000E", "00080018"
URL, AVAILABLE = "00081190", "00080056"


def content(study: int, series: int, instance: int) -> tuple[bytes, str]:
    uid = f"1.2.{study}.{series}.{instance}"
    data = data_set(
        {
            "SOPInstanceUID": uid,
            "StudyInstanceUID": f"1.2.{study}",
            "SeriesInstanceUID": f"1.2.{study}.{series}",
            "StudyDate": f"202601{10 + study}",
            "PatientName": f"Meier^Anna{study}",
            "PatientID": f"P{study}",
            "Modality": "CT" if series == 1 else "MR",
            "InstanceNumber": str(instance),
            "StudyDescription": f"study {study}",
            "SeriesDescription": f"series {series}",
        }
    )
    code = element(0x00080100, "SH", f"CODE{study} ".encode())
    return data + sequence(0x00400275, item(element(0x00400007, "LO", b"step") + code)), uid


async def fill(served: Served) -> None:
    """Studies of two series of two instances each; the last study came last and is the newest."""
    for study in range(1, STUDIES + 1):
        for series in (1, 2):
            for instance in (1, 2):
                await served.add(*content(study, series, instance))


def values(found: list[dict[str, dict[str, list[str]]]], tag: str) -> list[str]:
    return [each[tag]["Value"][0] for each in found]


def uids(*studies: int) -> list[str]:
    return [f"1.2.{study}" for study in studies]


@pytest.mark.parametrize(
    ("target", "tag", "expected"),
    [
        ("/studies", STUDY_UID, uids(4, 3, 2, 1)),
        ("/studies?PatientID=P2", STUDY_UID, uids(2)),
        ("/studies?00100020=P2", STUDY_UID, uids(2)),
        ("/studies?PatientName=meier*", STUDY_UID, uids(4, 3, 2, 1)),
        ("/studies?PatientName=Meier%5EAnna3", STUDY_UID, uids(3)),
        ("/studies?StudyDate=20260112-20260113", STUDY_UID, uids(3, 2)),
        ("/studies?StudyInstanceUID=1.2.1,1.2.3", STUDY_UID, uids(3, 1)),
        ("/studies?StudyInstanceUID=1.2.1%5C1.2.3", STUDY_UID, uids(3, 1)),
        ("/studies?ModalitiesInStudy=MR&PatientID=P1", STUDY_UID, uids(1)),
        ("/studies?ModalitiesInStudy=US", STUDY_UID, []),
        ("/studies?PatientID=nobody", STUDY_UID, []),
        ("/studies?SeriesInstanceUID=1.2.1.1", STUDY_UID, uids(1)),
        ("/studies?SOPInstanceUID=1.2.3.1.1", STUDY_UID, uids(3)),
        ("/series?SOPInstanceUID=1.2.3.1.9", SERIES_UID, []),
        ("/studies?PatientID=", STUDY_UID, uids(4, 3, 2, 1)),
        ("/studies?limit=2", STUDY_UID, uids(4, 3)),
        ("/studies?limit=2&offset=1", STUDY_UID, uids(3, 2)),
        ("/studies?offset=3", STUDY_UID, uids(1)),
        ("/studies?offset=4", STUDY_UID, []),
        ("/studies?limit=0", STUDY_UID, []),
        ("/studies/1.2.1/series", SERIES_UID, ["1.2.1.1", "1.2.1.2"]),
        ("/studies/1.2.1/series?Modality=MR", SERIES_UID, ["1.2.1.2"]),
        ("/studies/1.2.1/series?StudyInstanceUID=1.2.1", SERIES_UID, ["1.2.1.1", "1.2.1.2"]),
        ("/studies/1.9/series", SERIES_UID, []),
        ("/series?PatientID=P2&Modality=CT", SERIES_UID, ["1.2.2.1"]),
        ("/studies/1.2.1/series/1.2.1.2/instances", SOP_UID, ["1.2.1.2.1", "1.2.1.2.2"]),
        ("/studies/1.2.2/series/1.2.1.2/instances", SOP_UID, []),
        ("/studies/1.2.1/instances?InstanceNumber=2", SOP_UID, ["1.2.1.1.2", "1.2.1.2.2"]),
        ("/instances?SOPInstanceUID=1.2.3.1.1", SOP_UID, ["1.2.3.1.1"]),
        ("/instances?limit=1&offset=5", SOP_UID, ["1.2.2.1.2"]),
        (
            "/instances?RequestAttributesSequence.ScheduledProcedureStepID=no",
            SOP_UID,
            [],
        ),
    ],
)
async def test_what_matches(served: Served, target: str, tag: str, expected: list[str]) -> None:
    await fill(served)
    answer = await served.get(target)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/dicom+json")
    assert values(answer.json, tag) == expected
    assert "Warning" not in answer.headers or "limit" in target


async def test_each_says_where_it_is(served: Served) -> None:
    await fill(served)
    for target in ("/studies", "/series", "/instances", "/studies/1.2.1/instances"):
        for found in (await served.get(target)).json:
            assert found[AVAILABLE]["Value"] == ["ONLINE"]
            (url,) = found[URL]["Value"]
            assert (await served.get(url.removeprefix(served.root))).status == 200
    (one,) = (await served.get("/instances?SOPInstanceUID=1.2.3.1.1")).json
    expected = f"{served.root}/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.1"
    assert one[URL] == {"vr": "UR", "Value": [expected]}


STUDY_TAGS = {
    "00080020", "00080030", "00080050", "00080056", "00080061", "00080090", "00080201", "00081190",
    "00100010", "00100020", "00100030", "00100040", "0020000D", "00200010", "00201206", "00201208",
}  # fmt: skip
SERIES_TAGS = {
    "00080060", "00080201", "0008103E", "00081190", "0020000E", "00200011", "00201209", "00400244",
    "00400245", "00400275",
}  # fmt: skip
INSTANCE_TAGS = {
    "00080016", "00080018", "00080056", "00080201", "00081190", "00200013", "00280010", "00280011",
    "00280100", "00280008",
}  # fmt: skip


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/studies", STUDY_TAGS),
        ("/studies/1.2.1/series", SERIES_TAGS | {AVAILABLE}),
        ("/series", STUDY_TAGS | SERIES_TAGS),
        ("/studies/1.2.1/series/1.2.1.1/instances", INSTANCE_TAGS),
        ("/studies/1.2.1/instances", SERIES_TAGS | INSTANCE_TAGS),
        ("/instances", STUDY_TAGS | SERIES_TAGS | INSTANCE_TAGS),
    ],
)
async def test_what_is_always_told(served: Served, target: str, expected: set[str]) -> None:
    await fill(served)
    for found in (await served.get(target)).json:
        missing = expected - found.keys()
        assert not missing, missing


async def test_values_of_a_study(served: Served) -> None:
    await fill(served)
    (found,) = (await served.get("/studies?PatientID=P2")).json
    assert found["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "Meier^Anna2"}]}
    assert found["00201206"] == {"vr": "IS", "Value": [2]}
    assert found["00201208"] == {"vr": "IS", "Value": [4]}
    assert sorted(found["00080061"]["Value"]) == ["CT", "MR"]
    assert found["00080020"] == {"vr": "DA", "Value": ["20260112"]}


@pytest.mark.parametrize(
    ("query", "tag", "expected"),
    [
        ("includefield=StudyDescription", "00081030", ["study 1"]),
        ("includefield=00081030", "00081030", ["study 1"]),
        ("includefield=PatientAge,StudyDescription", "00081030", ["study 1"]),
        ("includefield=PatientAge&includefield=StudyDescription", "00081030", ["study 1"]),
        ("includefield=all", "00081030", ["study 1"]),
        ("StudyDescription=study*", "00081030", ["study 1"]),
    ],
)
async def test_what_is_told_beside(
    served: Served, query: str, tag: str, expected: list[str]
) -> None:
    await fill(served)
    (plain,) = (await served.get("/studies?PatientID=P1")).json
    assert tag not in plain
    (found,) = (await served.get(f"/studies?PatientID=P1&{query}")).json
    assert found[tag]["Value"] == expected


async def test_what_is_told_of_items(served: Served) -> None:
    await fill(served)
    name = "RequestAttributesSequence.ScheduledProcedureStepDescription"
    for field in (name, "00400275.00400007"):
        target = f"/studies/1.2.1/series?Modality=CT&includefield={field}"
        (found,) = (await served.get(target)).json
        (inner,) = found["00400275"]["Value"]
        assert inner["00400007"]["Value"] == ["step"]
        assert "00080100" not in inner


async def test_keys_within_sequences_match(served: Served) -> None:
    await fill(served)
    for value, count in (("CODE2", 2), ("CODE9", 0)):
        target = f"/series?RequestAttributesSequence.CodeValue={value}"
        assert len((await served.get(target)).json) == count


async def test_all_is_all_there_is_at_that_level(served: Served) -> None:
    await fill(served)
    (found,) = (await served.get("/instances?SOPInstanceUID=1.2.1.1.1&includefield=all")).json
    assert found["00080060"]["Value"] == ["CT"]
    assert found["0008103E"]["Value"] == ["series 1"]
    assert found["00081030"]["Value"] == ["study 1"]


async def test_names_that_sound_alike(served: Served) -> None:
    await fill(served)
    for fuzzy, count in (("true", STUDIES), ("false", 0)):
        target = f"/studies?PatientName=Mayer&fuzzymatching={fuzzy}"
        assert len((await served.get(target)).json) == count


@pytest.mark.parametrize(("is_exact", "count"), [(False, 1), (True, 0)])
async def test_case_of_names(tmp_path: Path, is_exact: bool, count: int) -> None:
    async with serving(tmp_path, names_are_exact=is_exact) as served:
        await served.add(*content(1, 1, 1))
        assert len((await served.get("/studies?PatientName=MEIER*")).json) == count


async def test_what_is_cut_is_said(served: Served) -> None:
    await fill(served)
    cut = await served.get("/studies?limit=3")
    text = "There are additional results that can be requested"
    assert cut.headers["Warning"] == f'299 {served.root}: "{text}"'
    for target in ("/studies?limit=4", "/studies?limit=3&offset=1", "/studies"):
        assert "Warning" not in (await served.get(target)).headers


async def test_w16_no_answer_has_more_than_the_most(served: Served) -> None:
    for number in range(MAX_RESULTS + 2):
        await served.add(data_set({"SOPInstanceUID": f"1.2.3.{number}"}), f"1.2.3.{number}")
    for target in ("/instances", "/instances?limit=1000000000", "/instances?limit=101"):
        answer = await served.get(target)
        assert len(answer.json) == MAX_RESULTS
        assert "additional results" in answer.headers["Warning"]
    rest = await served.get(f"/instances?offset={MAX_RESULTS}")
    assert values(rest.json, SOP_UID) == ["1.2.3.100", "1.2.3.101"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("SliceThickness=99", "SliceThickness"),
        ("includefield=Modality", "Modality"),
        ("RequestAttributesSequence.CodeValue=CODE9", "RequestAttributesSequence"),
        ("includefield=SOPInstanceUID", "SOPInstanceUID"),
        ("includefield=Rows", "Rows"),
        ("includefield=Rows,Columns", "Rows, Columns"),
    ],
)
async def test_what_means_nothing_is_said(served: Served, query: str, names: str) -> None:
    await fill(served)
    answer = await served.get(f"/studies?{query}")
    assert len(answer.json) == STUDIES
    text = f"The following attributes are neither matched nor told: {names}"
    assert answer.headers["Warning"] == f'299 {served.root}: "{text}"'


@pytest.mark.parametrize(
    ("query", "names", "count"),
    [
        ("Modality=CT", "Modality", STUDIES),
        ("Modality=US", "Modality", 0),
        ("Modality=CT&includefield=Modality", "Modality", STUDIES),
        (
            "SeriesDescription=series%201&BodyPartExamined=ARM",
            "SeriesDescription, BodyPartExamined",
            0,
        ),
    ],
)
async def test_what_is_matched_below_a_study_is_said(
    served: Served, query: str, names: str, count: int
) -> None:
    await fill(served)
    answer = await served.get(f"/studies?{query}")
    assert len(answer.json) == count
    text = f"The following attributes are matched, but not told: {names}"
    assert answer.headers["Warning"] == f'299 {served.root}: "{text}"'


async def test_how_a_value_is_encoded_is_no_attribute_that_was_asked_for(served: Served) -> None:
    await fill(served)
    answer = await served.get("/studies?PatientName=M%C3%A4ier*")
    assert answer.status == 200
    assert "Warning" not in answer.headers


async def test_each_warning_has_its_own_words(served: Served) -> None:
    await fill(served)
    answer = await served.get("/studies?limit=1&Modality=CT&SliceThickness=9")
    warning = answer.headers["Warning"]
    assert warning.count("299 ") == 3
    assert 'neither matched nor told: SliceThickness"' in warning
    assert 'matched, but not told: Modality"' in warning
    assert "additional results" in warning


@pytest.mark.parametrize(
    "target",
    [
        "/studies?nonsense=1",
        "/studies?PatientId=1",
        "/studies?limit=-1",
        "/studies?limit=x",
        "/studies?limit=1&limit=2",
        "/studies?offset=-1",
        "/studies?offset=1000000000000000000",
        "/studies?fuzzymatching=maybe",
        "/studies?includefield=nonsense",
        "/studies?PatientID=1&00100020=2",
        "/studies?StudyInstanceUID=,",
        "/studies?StudyDate=yesterday",
        "/studies?PatientName=%FF",
        "/studies?PatientName=%0A",
        "/studies?PatientName=%zz",
        "/studies?PatientName=" + "x" * 2_000,
        "/studies?PatientName.CodeValue=1",
        "/studies?" + "&".join(["accept=a/b"] * 500),
        "/studies/1.2.1/series?StudyInstanceUID=1.2.2",
        "/studies/1.2.1/series?0020000D=1.2.1,1.2.2",
        "/studies/1.2.1/series/1.2.1.1/instances?SeriesInstanceUID=1.2.1.2",
        "/studies/1.2.x/series",
    ],
)
async def test_w16_what_cannot_be_asked(served: Served, target: str) -> None:
    await fill(served)
    answer = await served.get(target)
    assert answer.status == 400
    assert answer.why


async def test_w16_many_wildcards(served: Served) -> None:
    await fill(served)
    assert (await served.get("/studies?PatientName=" + "*a" * 500)).json == []


async def test_what_is_misspelt_is_told_in_words(served: Served) -> None:
    assert "did you mean PatientID?" in (await served.get("/studies?PatientId=1")).why


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "application/dicom+json"),
        ("*/*", "application/dicom+json"),
        ("application/json", "application/json"),
        ("application/json, application/dicom+json;q=0.9", "application/json"),
    ],
)
async def test_media_types(served: Served, accept: str | None, media_type: str) -> None:
    answer = await served.get("/studies", accept)
    assert (answer.status, answer.headers["Content-Type"]) == (200, media_type)
    assert answer.json == []


async def test_w15_what_nobody_takes(served: Served) -> None:
    assert (await served.get("/studies", "text/html")).status == 406
    answer = await served.get("/studies?accept=application/json", "text/html")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")


async def test_what_is_deleted_is_not_found(served: Served) -> None:
    await fill(served)
    gone = [f"1.2.1.{series}.{number}" for series in (1, 2) for number in (1, 2)]
    await served.index.instances.delete(Scope(), gone, "test")
    assert values((await served.get("/studies")).json, STUDY_UID) == uids(4, 3, 2)
    assert (await served.get("/instances?SOPInstanceUID=1.2.1.1.1")).json == []


async def test_what_was_corrected_is_found_corrected(served: Served) -> None:
    await fill(served)
    await served.correct(Level.STUDY, "1.2.1", 0x00100010, "Röe^Jane")
    (found,) = (await served.get("/studies?PatientName=R%C3%B6e*")).json
    assert found["00100010"]["Value"] == [{"Alphabetic": "Röe^Jane"}]
    assert found["00080005"]["Value"] == ["ISO_IR 192"]


async def test_head(served: Served) -> None:
    await fill(served)
    head, whole = await served.ask("HEAD", "/studies"), await served.get("/studies")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]


async def test_w16_what_takes_too_long(tmp_path: Path) -> None:
    async with serving(tmp_path, limits=QueryLimits(budget_s=-1)) as served:
        await fill(served)
        answer = await served.get("/studies?PatientName=Meier&fuzzymatching=true")
        assert answer.status == 413
        assert "query.budget_s" in answer.why


async def test_w16_a_study_of_too_many_instances(tmp_path: Path) -> None:
    async with serving(tmp_path, limits=QueryLimits(max_results=3)) as served:
        await fill(served)
        answer = await served.get("/studies/1.2.1")
        assert answer.status == 413
        assert "query.max_results" in answer.why
        assert (await served.get("/studies/1.2.1/series/1.2.1.1")).status == 200


async def test_links_behind_a_proxy(tmp_path: Path) -> None:
    terms = Terms(public_url="https://pacs.example/dicomweb")
    async with serving(tmp_path, terms) as served:
        await served.add(*content(1, 1, 1))
        answer = await served.get("/studies?Modality=CT")
        assert values(answer.json, URL) == ["https://pacs.example/dicomweb/studies/1.2.1"]
        assert answer.headers["Warning"].startswith("299 https://pacs.example/dicomweb: ")


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "offset=1000000000000000000",
        "fuzzymatching=" + "t" * 65_536,
        "&".join(["PatientName=a"] * 500),
        "&".join(["x"] * 500),
        "includefield=" + ",".join(["all"] * 1_001),
        "PatientName=" + "*" * 1_025,
    ],
    ids=lambda query: query[:20],
)
async def test_w16_queries_without_measure(served: Served, query: str) -> None:
    assert (await served.get(f"/studies?{query}")).status == 400
    assert (await served.get("/studies?limit=1000000000")).status == 200


@pytest.mark.parametrize(
    ("target", "total"),
    [
        ("/studies", "4"),
        ("/studies?limit=2", "4"),
        ("/studies?limit=2&offset=1", "4"),
        ("/studies?limit=2&offset=3", "4"),
        ("/studies?offset=9", "4"),
        ("/studies?limit=0", "4"),
        ("/studies?PatientID=nobody&limit=0", "0"),
        ("/instances?Modality=CT&limit=1", "8"),
        # Headers would have to be looked at, but for a page that shows the end.
        ("/series?SeriesDescription=ser*&KVP=&limit=1", "8"),
        ("/series?RequestAttributesSequence.ScheduledProcedureStepDescription=step&limit=1", None),
        ("/instances?SoftwareVersions=2", "0"),
    ],
)
async def test_how_many_there_are_in_all(tmp_path: Path, target: str, total: str | None) -> None:
    terms = Terms(cors_origins=("https://viewer.example",))
    async with serving(tmp_path, terms, tells_totals=True) as served:
        await fill(served)
        answer = await served.get(target, Origin="https://viewer.example")
        assert answer.status == 200
        assert answer.headers.get("X-Total-Count") == total
        assert "X-Total-Count" in answer.headers["Access-Control-Expose-Headers"]


async def test_by_default_nothing_is_counted(served: Served) -> None:
    await fill(served)
    assert "X-Total-Count" not in (await served.get("/studies?limit=1")).headers


async def told_by(folder: Path, target: str, change: Change) -> tuple[Answer, str]:
    async with serving(folder, results=Results(lambda: change)) as served:
        await fill(served)
        return await served.get(target), served.root


async def test_what_plugins_change_is_told(tmp_path: Path) -> None:
    asked: list[QueryResults] = []

    async def change(results: QueryResults) -> QueryResults:
        asked.append(results)
        return results.with_values(lambda _: {"PatientName": "Müller", "StudyDescription": "CT"})

    answer, root = await told_by(tmp_path, "/studies?limit=1", change)
    [study] = answer.json
    assert study["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "Müller"}]}
    assert study["00081030"] == {"vr": "LO", "Value": ["CT"]}  # asked for by nobody, but of studies
    assert study["00080005"]["Value"] == ["ISO_IR 192"]
    assert study[URL]["Value"] == [f"{root}/studies/1.2.4"]
    [page] = asked
    assert (page.door, page.peer_host, page.level) == ("http", "127.0.0.1", "STUDY")
    assert (page.principal.name, page.principal.is_authenticated) == ("", False)
    assert "PatientName" in page.asked
    assert [each.values["PatientName"] for each in page.matches] == ["Meier^Anna4"]


async def test_requests_of_a_series_are_among_what_plugins_change(tmp_path: Path) -> None:
    async def change(results: QueryResults) -> QueryResults:
        [match] = results.matches
        assert len(match.sequences["RequestAttributesSequence"]) == 1
        return replace(results, matches=(replace(match, sequences={}),))

    answer, _ = await told_by(tmp_path, "/instances?SOPInstanceUID=1.2.1.1.1", change)
    [instance] = answer.json
    assert instance["00400275"] == {"vr": "SQ"}


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("SliceThickness=2", "told, but not matched: SliceThickness"),
        ("includefield=SliceThickness", None),
    ],
)
async def test_what_plugins_add_is_not_said_to_be_missing(
    tmp_path: Path, query: str, what: str | None
) -> None:
    async def change(results: QueryResults) -> QueryResults:
        return results.with_values(lambda _: {"SliceThickness": "2.5"})

    answer, root = await told_by(tmp_path, f"/studies?limit=1&{query}", change)
    [study] = answer.json
    assert study["00180050"] == {"vr": "DS", "Value": [2.5]}
    text = f"The following attributes are {what}"
    cut = "There are additional results that can be requested"
    texts = ([text] if what else []) + [cut]
    expected = ", ".join(f'299 {root}: "{each}"' for each in texts)
    assert answer.headers["Warning"] == expected


async def test_p04_what_cannot_be_told_is_503(tmp_path: Path) -> None:
    async def fails(_: QueryResults) -> None:
        """A plugin has failed, and the log names it."""

    answer, _ = await told_by(tmp_path, "/studies", fails)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
    assert answer.why == "what was found cannot be told now: try again"
