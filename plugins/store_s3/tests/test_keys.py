import pytest
from pacsd_store_s3.keys import Names, generation_of, is_key, make_key, spool_key_of


def test_a_key_has_the_generation_and_the_spools_key() -> None:
    key = make_key(0x1F, "1/000/00a.dcm")
    assert key == "001f/1/000/00a.dcm"
    assert (generation_of(key), spool_key_of(key)) == (0x1F, "1/000/00a.dcm")
    assert make_key(2, "0") > make_key(1, "9/zzz")


@pytest.mark.parametrize(
    "text", ["", "0001", "0001/", "0001/..", "0001/a/../b", "0001//a", "0001/a b", "0001/a\n"]
)
def test_what_is_no_key(text: str) -> None:
    assert not is_key(text)


def test_a_spool_with_other_keys_is_of_no_use() -> None:
    with pytest.raises(ValueError, match="spool key 'a b'"):
        make_key(1, "a b")


def test_names_lie_below_the_prefix() -> None:
    names = Names("hospital/")
    assert names.object("0001/a") == "hospital/objects/0001/a"
    assert names.key("hospital/objects/0001/a") == "0001/a"
    assert names.key("hospital/blocks/0001/a") is None
    assert names.marker == "hospital/pacsd-store.json"
    assert names.generation(10) == "hospital/generations/000a"
