import json

import pytest

from pacsd.api.reception import Reception
from pacsd.archive.file_meta import decode_reception, encode_preface
from pacsd.archive.instance import InstanceRequest
from pacsd.dicom.errors import Part10Error
from pacsd.dicom.implementation import IMPLEMENTATION_CLASS_UID
from pacsd.dicom.part10 import FileMeta, decode_file_meta

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


def test_reception_facts_come_back() -> None:
    request = InstanceRequest("1.2.3", "1.2.3.4", "1.2.840.10008.1.2", RECEPTION)
    meta, _ = decode_file_meta(encode_preface(request))
    assert decode_reception(meta) == RECEPTION


def test_a_file_of_another_program_has_no_reception_facts() -> None:
    meta = FileMeta("1.2.3", "1.2.3.4", "1.2.840.10008.1.2", "1.2.999")
    with pytest.raises(Part10Error, match="not written by pacsd"):
        decode_reception(meta)


@pytest.mark.parametrize("facts", [b"", b"{}", b"[1]", b'{"partition": "x"}', b"[" * 9999, b"\xff"])
def test_facts_that_somebody_changed_are_none(facts: bytes) -> None:
    meta = FileMeta(
        "1.2.3",
        "1.2.3.4",
        "1.2.840.10008.1.2",
        IMPLEMENTATION_CLASS_UID,
        private_information_creator_uid=IMPLEMENTATION_CLASS_UID,
        private_information=facts,
    )
    with pytest.raises(Part10Error, match="no reception facts"):
        decode_reception(meta)


@pytest.mark.parametrize("number", ["-1", "9223372036854775808", "1e300", "9" * 5_000])
def test_a_number_that_no_index_holds_is_none(number: str) -> None:
    meta = FileMeta(
        "1.2.3",
        "1.2.3.4",
        "1.2.840.10008.1.2",
        IMPLEMENTATION_CLASS_UID,
        private_information_creator_uid=IMPLEMENTATION_CLASS_UID,
        private_information=f'{{"partition":{number},"peer_address":"","received_at_us":1,'
        '"origin":"dimse"}'.encode(),
    )
    with pytest.raises(Part10Error, match="no reception facts"):
        decode_reception(meta)


def test_d35_its_preamble_is_that_of_the_request() -> None:
    preamble = b"II*\0".ljust(128, b"\1")
    request = InstanceRequest("1.2.3", "1.2.3.4", "1.2.840.10008.1.2", RECEPTION, preamble=preamble)
    preface = encode_preface(request)
    assert preface[:128] == preamble
    assert decode_reception(decode_file_meta(preface)[0]) == RECEPTION
