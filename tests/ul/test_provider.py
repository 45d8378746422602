from dataclasses import replace

import pytest

from pacsd.ul.items import UserInformation
from pacsd.ul.pdu import AssociateRJ, AssociateRQ
from pacsd.ul.provider import refusal_of
from tests.ul.transcripts import REQUEST


def refused(request: AssociateRQ) -> tuple[AssociateRJ, str]:
    refusal = refusal_of(request)
    assert refusal is not None
    return refusal


@pytest.mark.parametrize("version", [1, 3, 0xFFFF])
def test_only_bit_0_of_the_version_counts(version: int) -> None:
    assert refusal_of(replace(REQUEST, protocol_version=version)) is None


@pytest.mark.parametrize("version", [0, 2, 0x0100, 0xFFFE])
def test_d08_version_bit_0_clear(version: int) -> None:
    rejection, why = refused(replace(REQUEST, protocol_version=version))
    assert rejection == AssociateRJ(1, 2, 2)
    assert why == f"protocol version {version:04X}H lacks bit 0 (PS3.8 section 9.3.2)"


@pytest.mark.parametrize("name", ["", "1.2.3", "1.2.840.10008.3.1.1.1.1", "1\n2"])
def test_d09_unknown_application_context(name: str) -> None:
    rejection, why = refused(replace(REQUEST, application_context=name))
    assert rejection == AssociateRJ(1, 1, 2)
    assert why.isprintable()
    assert "PS3.7 Annex A.2.1" in why


@pytest.mark.parametrize("max_length", [1, 7])
def test_d24_maximum_length_without_room(max_length: int) -> None:
    info = UserInformation(max_length=max_length)
    rejection, why = refused(replace(REQUEST, user_information=info))
    assert rejection == AssociateRJ(1, 1, 1)
    assert why.startswith(f"maximum length {max_length} has no room for a PDV")


@pytest.mark.parametrize("max_length", [None, 0, 8, 0xFFFFFFFF])
def test_d24_maximum_length_with_room(max_length: int | None) -> None:
    info = UserInformation(max_length=max_length)
    assert refusal_of(replace(REQUEST, user_information=info)) is None
