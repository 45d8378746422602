import pytest
from pydantic import ValidationError

from pacsd.app.conf.settings import Config


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
        ({"log": {"trace": "all"}}, ("log", "trace", 0)),
        ({"plugins": {"store_fs": 1}}, ("plugins", "store_fs")),
        ({"dimze": {}}, ("dimze",)),
    ],
)
def test_what_is_refused(tree: dict[str, object], key: tuple[object, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate(tree)
    assert [details["loc"] for details in caught.value.errors()] == [key]


def test_plugin_tables_stay_raw() -> None:
    tree = {"plugins": {"store_fs": {"threads": "4", "nested": {"a": [1]}}}}
    assert Config.model_validate(tree).plugins == tree["plugins"]
