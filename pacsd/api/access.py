"""Who somebody is, and what somebody wants to do."""

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

    `scheme` is that of an Authorization header, in lower case ("basic", "bearer" ...); `secret` is
    what stands behind it, of "basic" `user:password` as text. It is in no log, and not in the
    representation of a Login.
    """

    door: Door
    peer_host: str
    scheme: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who somebody is. Over DIMSE without a login the name is the calling AE title.

    `roles` mean what the plugins agree on. Nothing is remembered of it beyond `valid_for_s`, such
    as a token's rest of life.
    """

    name: str
    roles: tuple[str, ...] = ()
    valid_for_s: float = 30.0


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
