"""The base of every settings table, the core's and the plugins'."""

from pydantic import BaseModel, ConfigDict


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
