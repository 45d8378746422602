import pytest
from pacsd_coerce import coercion_file
from pacsd_coerce.coercion_file import read_coercion_file
from pacsd_coerce.errors import CoercionFileError


def test_the_example_of_the_docstring_is_a_coercion_file() -> None:
    assert coercion_file.__doc__ is not None
    file = read_coercion_file(coercion_file.__doc__.partition("\n\n")[2])
    assert list(file.coercion) == ["house", "research"]
    assert [each.verbs for each in file.coercion["research"].step] == [
        ["deidentify"],
        ["set"],
        ["character_set"],
    ]
    [rule] = file.in_
    assert (rule.coerce, rule.match, rule.from_) == ("house", {"Modality": ("CT",)}, ("@scanners",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = [", "is no TOML: "),
        ("coercions = 1", "coercions: no such key; did you mean coercion?"),
        ("[coercion.a]\nstep = []", "coercion.a.step: Tuple should have at least 1 item"),
        ("[coercion.a]\nstep = [{}]", "coercion.a.step.1: Value error, a step has one key"),
        ("[coercion.a]\nstep = [{set={}, remove=[]}]", "coercion.a.step.1: Value error, a step"),
        ("[coercion.a]\nsteps = []", "coercion.a.steps: no such key; did you mean step?"),
        ("[coercion.a]\nstep = [{st = {}}]", "coercion.a.step.1.st: no such key; did you mean set"),
        (
            "[coercion.a]\nstep = [{deidentify = {option = []}}]",
            "deidentify.option: no such key; did you mean options?",
        ),
        (
            "[coercion.a]\nstep = [{deidentify = {options = ['clean-pixels']}}]",
            "coercion.a.step.1.deidentify.options.1: Input should be 'retain-uids'",
        ),
        (
            "[[in]]\nname = 'a'\ncoerce = 'b'\nform = 'c'",
            "in.1.form: no such key; did you mean from",
        ),
        ("[[in]]\nname = 'a'", "in.1.coerce: Field required"),
        ("#" * (coercion_file.MAX_FILE_BYTES + 1), "4194304 are the most"),
    ],
)
def test_what_may_not_stand_there_is_told(text: str, said: str) -> None:
    with pytest.raises(CoercionFileError) as raised:
        read_coercion_file(text)
    assert said in str(raised.value)
