"""The base of every settings table, the core's and the plugins'."""

from pathlib import PurePath
from typing import Unpack

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo


class Settings(BaseModel):
    """A table of the TOML, decoded strictly: unknown keys are errors, values never change later.

    Each field carries a `description`; the example file, the documentation and the error messages
    are generated from it, so a setting is declared once.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        validate_default=True,
        str_strip_whitespace=True,
        use_attribute_docstrings=True,
    )

    def __init_subclass__(cls, **options: Unpack[ConfigDict]) -> None:
        """Write defaults that are paths as text, which is all that strict decoding takes for one.

        A validator could do that, too, but what a function has looked at is decoded less strictly.
        """
        super().__init_subclass__(**options)
        for name, value in list(vars(cls).items()):
            if isinstance(value, FieldInfo) and isinstance(value.default, PurePath):
                value.default = str(value.default)
            elif isinstance(value, PurePath):
                setattr(cls, name, str(value))
