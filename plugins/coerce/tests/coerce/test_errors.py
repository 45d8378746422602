import pytest
from pacsd_coerce import errors
from pacsd_coerce.errors import CoercionFileError

from pacsd.api import coercion


def test_a_file_that_is_wrong_is_a_wrong_value_an_object_is_not() -> None:
    assert errors.NotCoerced is coercion.NotCoerced
    with pytest.raises(ValueError, match="step 1"):
        raise CoercionFileError("coercion a: step 1")
    assert not issubclass(errors.NotCoerced, CoercionFileError)
