"""A coercion file as it is written: TOML, decoded strictly.

[groups]
scanners = ["CT*", "MR*"]                      # AE titles; rules name it as "@scanners"

[[in]]                                         # as it comes: laid over, the original stays
name = "what the scanners call us"
from = ["@scanners"]
match = { Modality = "CT" }
coerce = "house"

[[coercion.house.step]]
set = { InstitutionName = "St Elsewhere" }
[[coercion.house.step]]
map = { attribute = "StudyDescription", table = { "CT THX" = "CT CHEST" }, otherwise = "keep" }

[[coercion.research.step]]                     # as it leaves, where a route says so
deidentify = { options = ["retain-device", "modified-dates"] }
[[coercion.research.step]]
set = { ClinicalTrialProtocolID = "STUDY-7" }
[[coercion.research.step]]
character_set = { to = "ISO_IR 192" }
"""

import difflib
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator

from pacsd.api.settings import Settings
from pacsd.dicom.text import printable
from pacsd_coerce.errors import CoercionFileError

MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_COERCIONS = 1_000
MAX_STEPS = 100
MAX_RULES = 1_000


def _listed(value: object) -> object:
    """One text stands for a list of one, as everywhere in the configuration."""
    return [value] if isinstance(value, str) else value


Texts = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_listed)]
Keys = dict[str, Annotated[tuple[str, ...], BeforeValidator(_listed)]]
Option = Literal[
    "retain-uids",
    "retain-device",
    "retain-institution",
    "retain-patient-characteristics",
    "full-dates",
    "modified-dates",
    "clean-descriptors",
    "retain-safe-private",
]


class MapTable(Settings):
    """Values of an attribute and what they become, in the file itself or in one of its own."""

    attribute: str
    """The attribute's keyword."""

    table: dict[str, str] = Field(default_factory=dict)
    """Values as they are, and as they shall be."""

    file: Path | None = None
    """A CSV file of two columns, the same way; a relative path is seen from this file's folder."""

    otherwise: Literal["keep", "refuse"] = "keep"
    """What becomes of an object whose value is in no row."""


class IssuerTable(Settings):
    """The issuer of Patient IDs."""

    name: str = Field(min_length=1, max_length=64)
    """What it says."""

    replace: bool = False
    """Also where the object has one."""


class CharacterSetTable(Settings):
    """Specific Character Set (0008,0005) in which the text of the object is written anew."""

    to: str
    """The value, several terms joined by backslashes."""

    otherwise: Literal["refuse", "utf-8"] = "refuse"
    """What becomes of an object with text that these sets do not hold."""


class DeidentifyTable(Settings):
    """The Basic Application Level Confidentiality Profile (PS3.15 section E.2), and its options."""

    options: tuple[Option, ...] = ()
    """Options of PS3.15 section E.3."""

    burned_in: Literal["refuse", "refuse-unless-no", "allow"] = "refuse"
    """Objects whose Burned In Annotation (0028,0301) is YES, or is anything but NO."""

    keep_descriptions: Texts = ()
    """With clean-descriptors: descriptions that are kept, as patterns with wild cards."""

    safe_private: Texts = ()
    """With retain-safe-private: elements that are kept, as `CREATOR:GGGGxxEE`."""

    patient_prefix: str = Field(default="", max_length=32)
    """What pseudonyms of patients begin with."""


class StepTable(Settings):
    """One step: one of these, and no more."""

    set: dict[str, str] | None = None
    """Attributes and their values; '' for none."""

    remove: Texts | None = None
    """Attributes that are left out."""

    template: dict[str, str] | None = None
    """Attributes and their values, with those of others as `{Keyword}` in them."""

    map: MapTable | None = None
    """An attribute whose value is looked up."""

    issuer: IssuerTable | None = None
    """Issuer of Patient ID (0010,0021)."""

    character_set: CharacterSetTable | None = None
    """Other character sets."""

    remap_uids: bool | None = None
    """UIDs of objects replaced by those that the key makes of them, wherever they are named."""

    deidentify: DeidentifyTable | None = None
    """De-identification."""

    @model_validator(mode="after")
    def _is_one(self) -> "StepTable":
        if len(self.verbs) != 1:
            raise ValueError("a step has one key that says what it does")
        return self

    @property
    def verbs(self) -> list[str]:
        """The keys that are given."""
        return [name for name in type(self).model_fields if getattr(self, name) is not None]


class CoercionTable(Settings):
    """Steps, done in their order."""

    step: tuple[StepTable, ...] = Field(min_length=1, max_length=MAX_STEPS)
    """The steps."""

    tell_originals: bool = False
    """Copies that leave name the values they had, in Original Attributes Sequence (0400,0561)."""


class InTable(Settings):
    """Which instances are coerced as they come. All that is given has to hold."""

    name: str = Field(min_length=1, max_length=200)
    """What it is called, wherever somebody is told why something was coerced."""

    from_: Texts = Field(default=(), alias="from")
    """AE titles of senders, with wild cards, and groups as `@NAME`."""

    called: Texts = ()
    """AE titles that were called, the same way."""

    match: Keys = Field(default_factory=dict)
    """Attributes and what they have to be, as in a C-FIND; of several values one is enough."""

    unless: Keys = Field(default_factory=dict)
    """The same; if all of them match, the rule does not."""

    coerce: str
    """The coercion."""


class CoercionFile(Settings):
    """All coercions, and what is coerced as it comes."""

    groups: dict[str, Texts] = Field(default_factory=dict)
    """AE titles by a name of your own, with wild cards."""

    coercion: dict[str, CoercionTable] = Field(default_factory=dict, max_length=MAX_COERCIONS)
    """The coercions by name."""

    in_: tuple[InTable, ...] = Field(default=(), alias="in", max_length=MAX_RULES)
    """What is coerced on its way in. All rules that match count, the first one first."""


def read_coercion_file(text: str) -> CoercionFile:
    """Decode a coercion file.

    Raises:
        CoercionFileError: it is none; says everything that is wrong.
    """
    if len(text) > MAX_FILE_BYTES:
        raise CoercionFileError(f"has {len(text)} characters, {MAX_FILE_BYTES} are the most")
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CoercionFileError(f"is no TOML: {error}") from None
    try:
        return CoercionFile.model_validate(table)
    except ValidationError as error:
        raise CoercionFileError("; ".join(_said(error))) from None


def _said(error: ValidationError) -> list[str]:
    return [
        f"{_where(each['loc'])}: {_unknown(each['loc']) or each['msg']}"
        if each["type"] == "extra_forbidden"
        else f"{_where(each['loc'])}: {each['msg']}"
        for each in error.errors(include_url=False)
    ]


def _where(path: tuple[int | str, ...]) -> str:
    """The keys, with places counted from 1."""
    words = [f"{part + 1}" if isinstance(part, int) else printable(part) for part in path]
    return ".".join(words)


def _unknown(path: tuple[int | str, ...]) -> str:
    """What is said of a key that there is not."""
    match path:
        case (_,):
            known = _keys(CoercionFile)
        case ("in", *_):
            known = _keys(InTable)
        case ("coercion", _, _):
            known = _keys(CoercionTable)
        case ("coercion", _, "step", _, _):
            known = _keys(StepTable)
        case _:
            tables = (MapTable, IssuerTable, CharacterSetTable, DeidentifyTable)
            known = [key for each in tables for key in _keys(each)]
    near = difflib.get_close_matches(str(path[-1]), known, 1)
    return f"no such key{f'; did you mean {near[0]}?' if near else ''}"


def _keys(table: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in table.model_fields.items()]
