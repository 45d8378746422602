from pathlib import Path

from contrib.docs.generate import ROOT
from contrib.docs.hostile_rows import ROWS, UNNUMBERED, proofs, render


def test_every_row_that_a_test_names_is_in_the_table() -> None:
    assert set(proofs(ROOT)) <= set(ROWS)


def test_tests_without_a_number_exist() -> None:
    for file, _, test in (each.partition("::") for tests in UNNUMBERED.values() for each in tests):
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), test


def test_tests_are_found_by_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    source = "async def test_d03_d04_together(): ...\ndef test_d10(): ...\ndef other_d01(): ..."
    (tmp_path / "tests/test_it.py").write_text(source)
    found = {row: tests for row, tests in proofs(tmp_path).items() if row not in UNNUMBERED}
    assert found == {
        "D03": ["[tests/test_it.py](../../tests/test_it.py): `test_d03_d04_together`"],
        "D04": ["[tests/test_it.py](../../tests/test_it.py): `test_d03_d04_together`"],
        "D10": ["[tests/test_it.py](../../tests/test_it.py): `test_d10`"],
    }


def test_a_row_without_a_test_says_so(tmp_path: Path) -> None:
    assert "no test has its number yet" in render(tmp_path)
