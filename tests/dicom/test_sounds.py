import pytest

from pacsd.dicom import sounds
from pacsd.dicom.sounds import sound_codes, soundex, sounds_alike


@pytest.mark.parametrize(
    ("word", "code"),
    [
        # The examples of the National Archives of the United States.
        ("washington", "w252"),
        ("lee", "l000"),
        ("gutierrez", "g362"),
        ("pfister", "p236"),
        ("jackson", "j250"),
        ("tymczak", "t522"),
        ("vandeusen", "v532"),
        ("ashcraft", "a261"),
        ("robert", "r163"),
        ("rupert", "r163"),
        ("honeyman", "h555"),
        ("山田", "山田"),
    ],
)
def test_codes(word: str, code: str) -> None:
    assert soundex(word) == code


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("smyth", "Smith^John"),
        ("jon smith", "Smith^John"),
        ("Meier", "Mayer^Anna"),
        ("Muller", "Müller^Jörg"),
        ("山田", "Yamada^Tarou=山田^太郎"),
    ],
)
def test_alike(wanted: str, name: str) -> None:
    assert sounds_alike(wanted, name)


@pytest.mark.parametrize(
    ("wanted", "name"),
    [("smith jane", "Smith^Robert"), ("jones", "Smith"), ("", "Smith"), ("1", "")],
)
def test_not_alike(wanted: str, name: str) -> None:
    assert not sounds_alike(wanted, name)


def test_codes_of_long_names_are_not_kept() -> None:
    before = sounds._kept_codes.cache_info().currsize
    long = " ".join(f"name{'abcdefgh'[at % 8]}" for at in range(50))
    assert len(sound_codes(long)) > 1
    assert sounds._kept_codes.cache_info().currsize == before
    assert sounds._kept_codes.cache_info().maxsize == 1_024


def test_a_name_has_a_code_for_each_word() -> None:
    assert sound_codes("Smith-Jones^Robert") == {"s530", "j520", "r163"}
