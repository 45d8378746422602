from pathlib import Path

import pytest

from pacsd.app.dicom_files import DicomFile, examine
from pacsd.app.web_file_sending import WebFile, send_web_files, web_file
from pacsd.dicom.part10 import decode_file_meta
from pacsd.net.web_client.errors import NotReached
from tests.app.dicom_folder import CT, data_set, write
from tests.app.test_file_sending import Heard
from tests.dicom.written import DEFLATED, EXPLICIT, IMPLICIT
from tests.net.web_client.answering import answering
from tests.net.web_client.test_delivery import response


def found(path: Path) -> WebFile:
    file = examine(path)
    assert isinstance(file, DicomFile)
    return web_file(file)


async def content(file: WebFile) -> bytes:
    data = b"".join([piece async for piece in file.open()])
    assert len(data) == file.size_bytes
    return data


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, DEFLATED])
async def test_a_file_goes_as_it_lies(tmp_path: Path, syntax: object) -> None:
    path = write(tmp_path / "1", data_set("1.2.3", syntax), syntax_uid=syntax.uid)  # type: ignore[attr-defined, arg-type]
    file = found(path)
    assert await content(file) == path.read_bytes()
    assert (file.sop_instance_uid, file.transfer_syntax_uid) == ("1.2.3", syntax.uid)  # type: ignore[attr-defined]


async def test_a_bare_data_set_gets_file_meta_information(tmp_path: Path) -> None:
    (tmp_path / "1").write_bytes(data_set("1.2.3", IMPLICIT))
    data = await content(found(tmp_path / "1"))
    meta, offset = decode_file_meta(data)
    assert data[offset:] == data_set("1.2.3", IMPLICIT)
    assert meta.media_storage_sop_class_uid == CT
    assert (meta.media_storage_sop_instance_uid, meta.transfer_syntax_uid) == (
        "1.2.3",
        IMPLICIT.uid,
    )


async def test_what_names_another_instance_is_corrected(tmp_path: Path) -> None:
    path = write(tmp_path / "1", data_set("1.2.3"), uid="9.9")
    path.write_bytes(b"II*\0" + path.read_bytes()[4:])
    data = await content(found(path))
    meta, offset = decode_file_meta(data)
    assert meta.media_storage_sop_instance_uid == "1.2.3"
    assert data[:4] == b"II*\0"
    assert data[offset:] == data_set("1.2.3")


async def test_a_folder_is_sent(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / str(number), uid=f"1.2.{number}")
    (tmp_path / "readme").write_text("no DICOM")
    heard = Heard()
    async with answering(response("1.2.0", "1.2.1", failed=["1.2.2"], status=202)) as served:
        await send_web_files([tmp_path, tmp_path / "gone"], served.server(), 2, heard)
    statuses = {name: outcome.status for name, outcome in heard.outcomes.items()}
    assert statuses == {"0": 0, "1": 0, "2": 0x0110}
    assert heard.others == ["readme", "gone: No such file or directory"]


async def test_nobody_there(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / str(number), uid=f"1.2.{number}")
    heard = Heard()
    async with answering() as served:
        pass
    with pytest.raises(NotReached):
        await send_web_files([tmp_path], served.server(), 1, heard)
    assert (heard.outcomes, heard.untried) == ({}, 3)
