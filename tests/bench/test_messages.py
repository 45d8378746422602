from pathlib import Path

from pydicom import dcmread

from contrib.bench import messages
from pacsd.dimse.command_codec import decode_command
from pacsd.dimse.commands import CStoreRQ
from pacsd.ul.decode import decode_p_data
from pacsd.ul.pdu import PDV


def pdvs(message: bytes) -> list[PDV]:
    found: list[PDV] = []
    while message:
        end = 6 + int.from_bytes(message[2:6], "big")
        found += decode_p_data(memoryview(message)[6:end]).pdvs
        message = message[end:]
    return found


def test_a_store_message_keeps_to_the_maximum_length() -> None:
    command, *fragments = pdvs(messages.store_message(16_384))
    assert isinstance(decode_command(bytes(command.data)), CStoreRQ)
    assert max(len(fragment.data) for fragment in fragments) == 16_384 - 6
    assert [fragment.is_last for fragment in fragments] == [False] * (len(fragments) - 1) + [True]


def test_every_object_has_its_own_uid_in_command_and_data_set() -> None:
    command, *fragments = pdvs(messages.with_uid(messages.store_message(131_072), 7))
    request = decode_command(bytes(command.data))
    assert isinstance(request, CStoreRQ)
    uid = request.affected_sop_instance_uid
    assert uid.endswith("000007")
    assert bytes(fragments[0].data).count(uid.encode()) == 1


def test_the_data_set_can_be_read_by_others(tmp_path: Path) -> None:
    data_set = b"".join(bytes(pdv.data) for pdv in pdvs(messages.store_message(131_072))[1:])
    path = tmp_path / "data_set"
    path.write_bytes(data_set)
    read = dcmread(path, force=True)
    assert read.SOPInstanceUID == messages.PLACEHOLDER_UID
    assert len(read.PixelData) == read.Rows * read.Columns * 2
