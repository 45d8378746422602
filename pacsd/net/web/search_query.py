"""What a search over the web asks for, as the same query that C-FIND asks (PS3.18 section 10.6)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.errors import IdentifierError
from pacsd.dicom.header_stream import known_syntax
from pacsd.dicom.identifier import (
    INSTANCE_AVAILABILITY,
    PATIENT_ROOT,
    UNIQUE_KEYS,
    Manner,
    read_query,
)
from pacsd.dicom.level import Level
from pacsd.dicom.level_attributes import attributes_of
from pacsd.dicom.query import Query
from pacsd.dicom.query_keys import (
    Key,
    Path,
    QueryKeyError,
    checked_value,
    encode_identifier,
    name_of,
)
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR
from pacsd.dicomweb.errors import BadRequest
from pacsd.dicomweb.parameters import SearchParameters
from pacsd.dicomweb.required_attributes import SEARCHES
from pacsd.dicomweb.targets import Target

RETRIEVE_URL: Tag = 0x00081190
SAID_OF_ALL = frozenset({RETRIEVE_URL, INSTANCE_AVAILABILITY})

_SYNTAX = known_syntax(EXPLICIT_VR_LITTLE_ENDIAN)


@dataclass(frozen=True, slots=True)
class WebQuery:
    """A query, and the keys of it that mean nothing to us and so match everything."""

    query: Query
    unmatched: tuple[Tag, ...]


def web_query(
    target: Target,
    asked: SearchParameters,
    told: Sequence[Path],
    *,
    names_are_exact: bool,
) -> WebQuery:
    """The query of a search; `told` are attributes that its answers have in any case.

    Raises:
        BadRequest: a key has a value that cannot be looked for.
    """
    level = SEARCHES[target.kind][-1]
    manner = Manner(is_relational=True, is_fuzzy=asked.is_fuzzy, names_are_exact=names_are_exact)
    everything = attributes_of(level) if asked.includes_all else ()
    returned = (*_of_entities(told), *asked.includes, *((tag,) for tag in everything))
    matched = (*_of_target(target), *asked.matches)
    try:
        if _has_inner(matched):
            return _web_query(level, matched, returned, manner)
        keys, values = _keys_alone(level, returned), _web_query(level, matched, (), manner)
    except (QueryKeyError, IdentifierError) as error:
        raise BadRequest("query", str(error), "cannot be asked for") from error
    return _together(keys, values)


def _web_query(
    level: Level, matched: Iterable[tuple[Path, str]], returned: Iterable[Path], manner: Manner
) -> WebQuery:
    """The query of one identifier with all of these keys."""
    root = _Draft()
    for path, value in matched:
        root.at(path).give(path, value)
    for path in returned:
        root.at(path)
    identifier = encode_identifier(level, root.keys(), _SYNTAX)
    found = read_query(identifier, _SYNTAX, PATIENT_ROOT, manner)
    return WebQuery(found.query, found.unmatched)


def _has_inner(matched: Iterable[tuple[Path, str]]) -> bool:
    """Whether any of them stands within a sequence, which may have other keys as well."""
    return any(len(path) > 1 for path, _ in matched)


@lru_cache(maxsize=128)
def _keys_alone(level: Level, returned: tuple[Path, ...]) -> WebQuery:
    """A query that has these keys without values: each client asks for the same in most."""
    return _web_query(level, (), returned, Manner(is_relational=True))


def _together(keys: WebQuery, values: WebQuery) -> WebQuery:
    """The same query as from one identifier, where no value stands within a sequence."""
    returned = {key.tag: key for key in (*values.query.returned, *keys.query.returned)}
    query = replace(
        values.query,
        returned=tuple(returned[tag] for tag in sorted(returned)),
        creators={**keys.query.creators, **values.query.creators},
    )
    return WebQuery(query, (*keys.unmatched, *values.unmatched))


def _of_entities(told: Sequence[Path]) -> Iterable[Path]:
    """What of that is looked up, and not said of everything that is found."""
    return (path for path in told if path[0] not in SAID_OF_ALL)


def _of_target(target: Target) -> Iterable[tuple[Path, str]]:
    """The keys that the resource stands for."""
    if target.study_instance_uid:
        yield (UNIQUE_KEYS[Level.STUDY],), target.study_instance_uid
    if target.series_instance_uid:
        yield (UNIQUE_KEYS[Level.SERIES],), target.series_instance_uid


@dataclass(slots=True)
class _Draft:
    """A key as far as it is known, and those of its items."""

    value: str = ""
    inner: "dict[Tag, _Draft]" = field(default_factory=dict)

    def at(self, path: Path) -> "_Draft":
        draft = self
        for tag in path:
            draft = draft.inner.setdefault(tag, _Draft())
        return draft

    def give(self, path: Path, value: str) -> None:
        if self.value and value and self.value != value:
            name = ".".join(map(name_of, path))
            raise BadRequest(name, value, "is not what the path of the request names")
        self.value = self.value or value

    def keys(self, above: Path = ()) -> tuple[Key, ...]:
        return tuple(each._key((*above, tag)) for tag, each in self.inner.items())  # noqa: SLF001

    def _key(self, path: Path) -> Key:
        vr = VR.SQ if self.inner else vr_of(path[-1]) or VR.UN
        name = ".".join(map(name_of, path))
        return Key(path[-1], vr, checked_value(name, vr, self.value), self.keys(path))
