import pytest

from pacsd.api.acceptance import Refusal
from pacsd.api.ai import AiFindings, Prefetch, RunModel
from pacsd.api.hooks import HOOKS
from pacsd.app.isolation.errors import Misfit, Uncrossable
from pacsd.app.isolation.specifications import Specification, specifications
from tests.app.isolation.homes import HOOK, asks


def test_every_specification_is_found() -> None:
    found = specifications()
    assert {*found} == {*HOOKS}


def test_arguments_and_answers_cross() -> None:
    specification = specifications()[HOOK]
    written = specification.encode_arguments(asks("CT1"))
    assert specification.decode_arguments(written) == asks("CT1")
    refusal = Refusal(1, 1, 3, "no")
    assert specification.decode_answer(specification.encode_answer(refusal)) == refusal
    assert specification.decode_answer(specification.encode_answer(None)) is None
    assert specification.decode_arguments({}) == {}


@pytest.mark.parametrize("raw", [None, [], {"request": None}, {"other": 1}])
def test_other_arguments_are_refused(raw: object) -> None:
    with pytest.raises(Misfit):
        specifications()[HOOK].decode_arguments(raw)


def test_a_wrong_argument_is_named() -> None:
    with pytest.raises(Misfit, match="str instead of AssociationRequest at request"):
        specifications()[HOOK].encode_arguments({"request": "CT1"})


def test_either_answer_of_a_model_crosses() -> None:
    specification = specifications()["pacsd_infer"]
    for answer in (AiFindings("3 nodules", "{}"), RunModel("gpu", "nodules", deadline_s=60)):
        assert specification.decode_answer(specification.encode_answer(answer)) == answer
    with pytest.raises(Misfit, match="Prefetch instead of None"):
        specification.encode_answer(Prefetch())


def test_a_port_does_not_cross() -> None:
    specification = specifications()["pacsd_blob_store"]
    assert specification.why_not == "BlobStore is no type that crosses processes"
    assert specification.encode_answer(object()) is None
    with pytest.raises(Uncrossable, match="pacsd_blob_store"):
        specification.decode_answer(None)


def nested(deep: int) -> object:
    value: object = 1
    for _ in range(deep):
        value = (value,)
    return value


def test_a_value_nested_without_end_is_a_misfit() -> None:
    annotation: object = int
    for _ in range(400):
        annotation = tuple[annotation]  # type: ignore[valid-type]

    def deep() -> None: ...

    deep.__annotations__["return"] = annotation
    specification = Specification("deep", deep)
    assert specification.why_not == ""
    with pytest.raises(Misfit, match="nested without end"):
        specification.encode_answer(nested(400))
