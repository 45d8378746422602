import pytest

from pacsd.dicom import open_attributes
from pacsd.dicom.errors import NativeModelError
from pacsd.dicom.json_encoding import Place
from pacsd.dicom.open_attributes import MAX_LEFT_OUT, Budget, OpenAttribute, OpenDataSet


def closed(tag: int, creator: str = "", values: list[object] | None = None) -> OpenAttribute:
    return OpenAttribute(Place("there", "LO"), tag, creator, values=values or [])


def test_what_an_attribute_says() -> None:
    assert closed(1).said() == {"vr": "LO"}
    assert closed(1, values=["a", None]).said() == {"vr": "LO", "Value": ["a", None]}
    bulk = OpenAttribute(Place("there", "OW"), 1, "", content={"BulkDataURI": "x"})
    assert bulk.said() == {"vr": "OW", "BulkDataURI": "x"}


def test_a_data_set_has_an_attribute_once() -> None:
    data_set = OpenDataSet()
    data_set.add(closed(0x00100020, values=["1"]))
    with pytest.raises(NativeModelError, match="there: stands twice in a data set"):
        data_set.add(closed(0x00100020))
    assert data_set.model(Budget(0)) == {"00100020": {"vr": "LO", "Value": ["1"]}}


def test_a_private_creator_that_is_given_is_counted() -> None:
    data_set = OpenDataSet("in item 1 ")
    for number in (1, 2):
        data_set.add(closed(0x00090000 + number, "A"))
    budget = Budget(1)
    assert list(data_set.model(budget)) == ["00090010", "00091001", "00091002"]
    with pytest.raises(NativeModelError, match="in item 1 Private Creator: more than 1 elements"):
        data_set.model(budget)


def test_w12_headers_have_a_bound() -> None:
    budget = Budget(3)
    budget.take_headers("there")
    budget.take_headers("there", 2)
    with pytest.raises(NativeModelError, match=r"^there: more than 3 elements and items"):
        budget.take_headers("there")


def test_w12_values_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_attributes, "MAX_VALUES", 3)
    budget = Budget(1)
    budget.take_values("there", 0)
    budget.take_values("there", 1)
    with pytest.raises(NativeModelError, match=r"^there: more than 3 values"):
        budget.take_values("there", 0)


def test_w12_what_is_left_out_has_a_bound() -> None:
    budget = Budget(1)
    budget.take_values("there", MAX_LEFT_OUT)
    with pytest.raises(NativeModelError, match=f"leaves out more than {MAX_LEFT_OUT} values"):
        budget.take_values("there", MAX_LEFT_OUT + 1)
