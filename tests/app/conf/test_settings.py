import pytest
from pydantic import ValidationError

from pacsd.app.conf.settings import Config, ExtraTagSettings


def test_defaults_serve_one_ae_on_loopback() -> None:
    config = Config()
    assert [ae.title for ae in config.ae] == ["PACSD"]
    assert all(endpoint.is_loopback for endpoint in config.dimse.listen)
    assert config.http.listen is not None
    assert config.http.listen.is_loopback


@pytest.mark.parametrize(
    ("tree", "key"),
    [
        ({"data_dir": ""}, ("data_dir",)),
        ({"data_dir": 5}, ("data_dir",)),
        ({"ae": []}, ("ae",)),
        ({"store": {"name": "../x"}}, ("store", "name")),
        ({"store": {"others": "store_s3,../x"}}, ("store", "others", 1)),
        ({"store": {"others": ["store_s3", "store_fs"]}}, ("store",)),
        ({"store": {"others": ["store_s3", "store_s3"]}}, ("store",)),
        ({"log": {"trace": "all"}}, ("log", "trace", 0)),
        ({"plugins": {"store_fs": 1}}, ("plugins", "store_fs")),
        ({"dimze": {}}, ("dimze",)),
        ({"events": {"series_complete_at": ["Images"]}}, ("events", "series_complete_at", 0)),
    ],
)
def test_what_is_refused(tree: dict[str, object], key: tuple[object, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate(tree)
    assert [details["loc"] for details in caught.value.errors()] == [key]


def test_the_first_store_and_the_others() -> None:
    assert Config().store.names == ("store_fs",)
    store = Config.model_validate({"store": {"others": "store_s3, second_fs"}}).store
    assert store.names == ("store_fs", "store_s3", "second_fs")


def test_plugin_tables_stay_raw() -> None:
    tree = {"plugins": {"store_fs": {"threads": "4", "nested": {"a": [1]}}}}
    assert Config.model_validate(tree).plugins == tree["plugins"]


@pytest.mark.parametrize(
    ("table", "number", "vr"),
    [
        ({"tag": "PatientSpeciesDescription"}, 0x00102201, "LO"),
        ({"tag": "(0010,2201)", "level": "study"}, 0x00102201, "LO"),
        ({"tag": "0009,A701", "private_creator": "ACME 1.1", "vr": "SH"}, 0x00090001, "SH"),
    ],
)
def test_an_extra_tag(table: dict[str, str], number: int, vr: str) -> None:
    settings = ExtraTagSettings.model_validate(table)
    assert (settings.number, settings.text_vr) == (number, vr)


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"tag": "PatientsSpecies"}, "is not two groups of four hexadecimal digits"),
        ({"tag": "0009,1001"}, "needs private_creator"),
        ({"tag": "0009,1001", "private_creator": "ACME"}, "vr is needed"),
        ({"tag": "PatientID", "private_creator": "ACME"}, "only a private tag"),
        ({"tag": "PatientID", "level": "patient"}, "level"),
    ],
)
def test_an_extra_tag_that_cannot_be(table: dict[str, str], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        ExtraTagSettings.model_validate(table)


def test_what_says_how_many_instances_there_are() -> None:
    assert Config().events.complete_at == ((), ())
    tree = {"series_complete_at": "NumberOfSlices * NumberOfTimeSlices, ImagesInAcquisition"}
    found = Config.model_validate({"events": tree}).events.complete_at
    assert found == (("NumberOfSlices * NumberOfTimeSlices", "ImagesInAcquisition"), ())
