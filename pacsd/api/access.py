"""Who somebody is, and what somebody wants to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Door(StrEnum):
    """The way by which somebody comes."""

    DIMSE = "dimse"
    HTTP = "http"


class Action(StrEnum):
    """What can be done with what is archived; `manage` is what operators do, with jobs."""

    QUERY = "query"
    RETRIEVE = "retrieve"
    STORE = "store"
    DELETE = "delete"
    FOLLOW = "follow changes"
    PLUGIN = "use a plugin"
    MANAGE = "manage"


@dataclass(frozen=True, slots=True)
class Login:
    """What somebody shows to say who it is.

    Over HTTP `scheme` is that of an Authorization header, in lower case ("basic", "bearer" ...);
    over DIMSE what a user identity is made of (PS3.7 section D.3.3.7): "username", "basic" with a
    passcode, "kerberos", "saml", or "bearer" of a JSON Web Token. `secret` is what is shown: of
    "basic" `user:password` as text, of "kerberos" the ticket in base64. It is in no log, and not in
    the representation of a Login.
    """

    door: Door
    peer_host: str
    scheme: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who somebody is. Over DIMSE without a login the name is the calling AE title.

    `roles` mean what the plugins agree on. Nothing is remembered of it beyond `valid_for_s`, such
    as a token's rest of life: over an association that lasts longer its login is asked about again
    then, and allows nothing more if it is no good.

    Where `is_authenticated` is False nobody vouches for the name, be it that of somebody who logs
    in: it is a calling AE title, which anybody can send, or '' over HTTP, where nobody logs in.
    """

    name: str
    roles: tuple[str, ...] = ()
    valid_for_s: float = 30.0
    is_authenticated: bool = True


@dataclass(frozen=True, slots=True)
class NotRecognized:
    """What was shown is no good; `explanation` is for our log: no secret in it."""

    explanation: str


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Somebody wants to do something; `study_instance_uid` is '' where no study is named.

    `plugin` is the one whose route is to be used, else ''.
    """

    principal: Principal
    door: Door
    peer_host: str
    action: Action
    study_instance_uid: str
    plugin: str = ""


@dataclass(frozen=True, slots=True)
class SightRequest:
    """Somebody is about to query, retrieve, delete or follow changes: what may it see?"""

    principal: Principal
    door: Door
    peer_host: str


@dataclass(frozen=True, slots=True)
class Restriction:
    """Somebody sees only that of which an attribute has one of these values, for all attributes.

    They are attributes of patients, studies and series that the index keeps, by keyword; values
    match as those of C-FIND do, wild cards and ranges too ("MILLER*", "20260101-"). Without any
    value nothing is seen. Instances are seen with their series, a study and its patient if one of
    their series is.
    """

    conditions: Mapping[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        """See that nothing is restricted by chance: an empty value matches everything."""
        if not self.conditions:
            raise ValueError("conditions: there are none")
        for keyword, values in self.conditions.items():
            if not all(value.strip() and "\\" not in value for value in values):
                raise ValueError(f"{keyword}: a value is empty, or has a backslash")
