import json

import pytest

from pacsd.api.reception import Reception
from pacsd.archive.file_meta import encode_preface
from pacsd.archive.instance import InstanceRequest
from pacsd.dicom.errors import Part10Error
from pacsd.dicom.part10 import decode_file_meta

RECEPTION = Reception(1, "CT1", "PACSD", "192.0.2.7", 1_700_000_000_000_001, "dimse")


def test_names_the_instance_and_how_it_came() -> None:
    preface = encode_preface(InstanceRequest("1.2.3", "1.2.3.4", "1.2.840.10008.1.2", RECEPTION))
    meta, offset = decode_file_meta(preface)
    assert offset == len(preface)
    assert preface[:128] == bytes(128)
    assert meta.media_storage_sop_class_uid == "1.2.3"
    assert meta.media_storage_sop_instance_uid == "1.2.3.4"
    assert meta.transfer_syntax_uid == "1.2.840.10008.1.2"
    assert meta.source_ae_title == meta.sending_ae_title == "CT1"
    assert meta.receiving_ae_title == "PACSD"


@pytest.mark.parametrize("address", ["192.0.2.7", "192.0.2.70"])
def test_private_information_is_json_of_even_length(address: str) -> None:
    reception = Reception(3, "CT1", "PACSD", address, 5, "dimse")
    preface = encode_preface(InstanceRequest("1.2.3", "1.2.3.4", "1.2.840.10008.1.2", reception))
    meta, _ = decode_file_meta(preface)
    assert len(meta.private_information) % 2 == 0
    assert json.loads(meta.private_information) == {
        "partition": 3,
        "peer_address": address,
        "received_at_us": 5,
        "origin": "dimse",
    }


def test_an_empty_uid_is_refused() -> None:
    with pytest.raises(Part10Error):
        encode_preface(InstanceRequest("1.2.3", "", "1.2.840.10008.1.2", RECEPTION))
