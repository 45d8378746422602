"""Data sets in the Native DICOM Model."""

from xml.etree import ElementTree as ET

from tests.net.web.serving import STUDY, Served, image

XML = 'multipart/related; type="application/dicom+xml"'
NAMESPACE = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"


def said(body: bytes) -> dict[str, str]:
    model = ET.fromstring(body)  # noqa: S314 - our own
    assert model.tag == f"{NAMESPACE}NativeDicomModel"
    return {each.attrib["tag"]: "".join(each.itertext()) for each in model}


async def test_metadata_has_a_part_for_each_instance(served: Served) -> None:
    uids = ["1.2.3.4", "1.2.3.5"]
    for uid in uids:
        await served.add(image(uid=uid), uid)
    answer = await served.get(f"/studies/{STUDY}/metadata", XML)
    assert answer.headers["Content-Type"].startswith(XML)
    assert [said(part.body)["00080018"] for part in answer.parts] == uids
    bulk = ET.fromstring(answer.parts[0].body).find(f".//{NAMESPACE}BulkData")  # noqa: S314
    assert bulk is not None
    assert bulk.attrib["uri"].endswith("/instances/1.2.3.4/bulkdata/7FE00010")


async def test_a_search_has_a_part_for_each_match(served: Served) -> None:
    await served.add(image())
    answer = await served.get("/studies", XML)
    (part,) = answer.parts
    assert part.headers["content-type"] == "application/dicom+xml"
    assert said(part.body)["0020000D"] == STUDY
    none = await served.get("/studies?PatientID=nobody", XML)
    assert none.status == 200
    assert none.body.startswith(b"--")
