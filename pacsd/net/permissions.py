"""Who may do what, as plugins say it, remembered for a short while.

What is remembered is what lets somebody in or through: a denial is asked for again each time.
"""

import hashlib
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from pacsd.api.access import AccessRequest, Login, NotRecognized, Principal, SightRequest
from pacsd.api.vote import Deny
from pacsd.archive.sight import EVERYTHING, Sight
from pacsd.dicom.text import printable

REMEMBERED_S = 30.0
MAX_REMEMBERED = 4_096

Authenticate = Callable[[Login], Awaitable[Principal | NotRecognized | None]]
Authorize = Callable[[AccessRequest], Awaitable[Deny | None]]
Restrict = Callable[[SightRequest], Awaitable[Sight | None]]
"""What somebody sees, None where that cannot be told; never raises, but for cancellation."""

Clock = Callable[[], float]

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

_log = structlog.get_logger("pacsd.access")


class ShortMemory(Generic[Key, Value]):
    """Values by key, each for its time; the oldest goes when there are too many.

    `age` rises when all is forgotten: an answer to what was asked before that is not kept.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.age = 0
        self._kept: dict[Key, tuple[float, Value]] = {}

    def get(self, key: Key) -> Value | None:
        """The value, None when there is none any more."""
        until, value = self._kept.get(key, (0.0, None))
        return value if self._clock() < until else None

    def keep(self, key: Key, value: Value, seconds: float, age: int) -> None:
        """Remember for so long what was asked for at this age."""
        if age != self.age:
            return
        self._kept.pop(key, None)
        self._kept[key] = (self._clock() + seconds, value)
        if len(self._kept) > MAX_REMEMBERED:
            del self._kept[next(iter(self._kept))]

    def forget(self) -> None:
        """Remember nothing."""
        self.age += 1
        self._kept.clear()


@dataclass(frozen=True, slots=True)
class Known:
    """Who somebody is, and until when that was said, by the clock of who keeps it."""

    principal: Principal
    until_s: float


class Logins:
    """Who somebody is. Of a secret only its digest is remembered; `refused` is told of refusals.

    `authenticate` gives who is asked now, None as long as nobody has to log in.
    """

    def __init__(
        self,
        authenticate: Callable[[], Authenticate | None],
        clock: Clock,
        refused: Callable[[Login, str], None] = lambda _login, _why: None,
    ) -> None:
        self._authenticate = authenticate
        self._clock = clock
        self._refused = refused
        self._memory: ShortMemory[tuple[str, ...], Known] = ShortMemory(clock)

    @property
    def are_asked_for(self) -> bool:
        """Whether somebody has to log in now."""
        return self._authenticate() is not None

    async def principal(self, login: Login) -> Principal | None:
        """Who that is, None when nobody says so; that is logged."""
        known = await self.known(login)
        return None if known is None else known.principal

    def is_over(self, known: Known) -> bool:
        """Whether that was said for a time that has passed."""
        return not self._clock() < known.until_s

    async def known(self, login: Login) -> Known | None:
        """Who that is and for how long, None when nobody says so; that is logged."""
        digest = hashlib.sha256(login.secret.encode()).hexdigest()
        key = (login.door, login.peer_host, login.scheme, digest)
        known = self._memory.get(key)
        if known is not None:
            return known
        age, authenticate, asked_s = self._memory.age, self._authenticate(), self._clock()
        answer = None if authenticate is None else await authenticate(login)
        if not isinstance(answer, Principal):
            why = "nobody knows it" if answer is None else printable(answer.explanation, 256)
            _log.warning(
                "a login was refused",
                door=str(login.door),
                peer=login.peer_host,
                scheme=printable(login.scheme, 16),
                why=why,
            )
            self._refused(login, why)
            return None
        known = Known(answer, asked_s + answer.valid_for_s)
        self._memory.keep(key, known, min(REMEMBERED_S, answer.valid_for_s), age)
        return known

    def forget(self) -> None:
        """Have everybody say anew who it is."""
        self._memory.forget()


class StayingLogin:
    """The login of an association, which may last longer than what was said about it.

    Then the same is shown again, as a token is that has ended by now. Once it is no good it stays
    so: it takes a new association.
    """

    def __init__(self, logins: Logins, login: Login, known: Known) -> None:
        self._logins = logins
        self._login = login
        self._known = known
        self._is_good = True

    @property
    def principal(self) -> Principal:
        """Who it is, as it was said last."""
        return self._known.principal

    async def renewed(self) -> Principal | None:
        """Who it is now, None once nobody says so any more."""
        if self._is_good and self._logins.is_over(self._known):
            known = await self._logins.known(self._login)
            if known is None:
                self._is_good = False
            else:
                self._known = known
        return self.principal if self._is_good else None


class Permissions:
    """What somebody may do; `denied` is told of denials.

    `authorize` gives who is asked now, None as long as nobody is.
    """

    def __init__(
        self,
        authorize: Callable[[], Authorize | None],
        clock: Clock,
        denied: Callable[[AccessRequest, str], None] = lambda _request, _why: None,
    ) -> None:
        self._authorize = authorize
        self._denied = denied
        self._memory: ShortMemory[AccessRequest, bool] = ShortMemory(clock)

    @property
    def are_asked_for(self) -> bool:
        """Whether anybody has a say now."""
        return self._authorize() is not None

    async def denial(self, request: AccessRequest) -> Deny | None:
        """Why it may not be done, None when it may; a denial is logged."""
        if self._memory.get(request):
            return None
        age, authorize = self._memory.age, self._authorize()
        denied = None if authorize is None else await authorize(request)
        if denied is None:
            seconds = min(REMEMBERED_S, request.principal.valid_for_s)
            self._memory.keep(request, value=True, seconds=seconds, age=age)
            return None
        _log.warning(
            "access was denied",
            who=printable(request.principal.name, 64),
            door=str(request.door),
            peer=request.peer_host,
            action=str(request.action),
            study_instance_uid=request.study_instance_uid,
            why=printable(denied.reason, 256),
        )
        self._denied(request, denied.reason)
        return denied

    def forget(self) -> None:
        """Ask for everything anew."""
        self._memory.forget()


class Sights:
    """What somebody sees. `restrict` gives who is asked now, None as long as nobody is."""

    def __init__(self, restrict: Callable[[], Restrict | None], clock: Clock) -> None:
        self._restrict = restrict
        self._memory: ShortMemory[SightRequest, Sight] = ShortMemory(clock)

    @property
    def are_asked_for(self) -> bool:
        """Whether anybody has a say now."""
        return self._restrict() is not None

    async def sight(self, request: SightRequest) -> Sight | None:
        """What that is, None when nobody can tell; then nothing is."""
        known = self._memory.get(request)
        if known is not None:
            return known
        age, restrict = self._memory.age, self._restrict()
        sight = EVERYTHING if restrict is None else await restrict(request)
        if sight is not None:
            seconds = min(REMEMBERED_S, request.principal.valid_for_s)
            self._memory.keep(request, sight, seconds, age)
        return sight

    def forget(self) -> None:
        """Ask for everything anew."""
        self._memory.forget()
