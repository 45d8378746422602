"""Who asks DICOMweb, whether that is allowed, and what of the archive is there for it."""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp.web import BaseRequest, Response

from pacsd.api.access import AccessRequest, Action, Door, Login, Principal, SightRequest
from pacsd.archive.sight import EVERYTHING, Sight
from pacsd.dicomweb.targets import Target
from pacsd.net.permissions import Logins, Permissions, Sights
from pacsd.net.results import Results
from pacsd.net.web.exchange import STRANGER, problem
from pacsd.net.web.resources import WebService

CHALLENGE = {"WWW-Authenticate": 'Basic realm="pacsd", charset="UTF-8", Bearer realm="pacsd"'}

ACTIONS: Mapping[WebService, Action] = {
    WebService.SEARCH: Action.QUERY,
    WebService.INSTANCES: Action.RETRIEVE,
    WebService.METADATA: Action.RETRIEVE,
    WebService.FRAMES: Action.RETRIEVE,
    WebService.BULK_DATA: Action.RETRIEVE,
    WebService.STORE: Action.STORE,
    WebService.DELETE: Action.DELETE,
    WebService.CHANGES: Action.FOLLOW,
}
"""What a service does; those that are not here tell nothing of what is archived."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks, and what of the archive is there for it."""

    principal: Principal
    sight: Sight = EVERYTHING


@dataclass(frozen=True, slots=True)
class Guard:
    """Asks three questions; as long as nobody answers, whoever reaches us is trusted.

    `results` have the last word on what searches tell.
    """

    logins: Logins | None = None
    permissions: Permissions | None = None
    sights: Sights | None = None
    results: Results | None = None

    @property
    def has_logins(self) -> bool:
        """Whether somebody has to log in now."""
        return self.logins is not None and self.logins.are_asked_for

    def forget(self) -> None:
        """Ask for everything anew."""
        for memory in (self.logins, self.permissions, self.sights):
            if memory is not None:
                memory.forget()

    async def admit(
        self, request: BaseRequest, target: Target, service: WebService
    ) -> Visitor | Response:
        """Who asks; or the answer to who may not."""
        principal = await self.principal(request)
        if isinstance(principal, Response):
            return principal
        action = ACTIONS.get(service)
        if action is None:
            return Visitor(principal)
        refusal = await self.refusal(request, principal, action, target.study_instance_uid)
        if refusal is not None:
            return refusal
        is_store = action is Action.STORE
        sight = EVERYTHING if is_store else await self.sight(request, principal)
        if sight is None:
            return problem(403, f"not allowed: {action}")
        return Visitor(principal, sight)

    async def principal(self, request: BaseRequest) -> Principal | Response:
        """Who asks; its name is '' where nobody logs in. Or the answer to who is not known."""
        if self.logins is None or not self.logins.are_asked_for:
            return STRANGER
        login = login_of(request, request.remote or "")
        known = None if login is None else await self.logins.principal(login)
        return problem(401, "who are you? (Authorization)", CHALLENGE) if known is None else known

    async def sight(self, request: BaseRequest, principal: Principal) -> Sight | None:
        """What it sees, None when nobody can tell."""
        if self.sights is None:
            return EVERYTHING
        return await self.sights.sight(SightRequest(principal, Door.HTTP, request.remote or ""))

    async def refusal(
        self,
        request: BaseRequest,
        principal: Principal,
        action: Action,
        study_instance_uid: str,
        plugin: str = "",
    ) -> Response | None:
        """The answer to who may not do that, None if it is allowed."""
        if self.permissions is None:
            return None
        peer_host = request.remote or ""
        wanted = AccessRequest(principal, Door.HTTP, peer_host, action, study_instance_uid, plugin)
        denied = await self.permissions.denial(wanted)
        return None if denied is None else problem(403, f"not allowed: {action}")


TRUSTING = Guard()
"""Nobody is asked."""


def may_change(principal: Principal, *, is_open: bool) -> bool:
    """Whether somebody may delete or manage, before plugins are asked whether they object.

    `is_open`: only who is on this machine reaches us, and may; else it takes a login.
    """
    return is_open or (principal.is_authenticated and bool(principal.name))


def login_of(request: BaseRequest, peer_host: str) -> Login | None:
    """What a request shows (RFC 9110 section 11.6.2); None when it shows nothing readable."""
    headers = request.headers.getall("Authorization", [])
    if len(headers) != 1:
        return None
    scheme, _, secret = headers[0].strip().partition(" ")
    scheme, secret = scheme.lower(), secret.strip()
    if not scheme or not secret:
        return None
    if scheme == "basic":
        try:
            secret = b64decode(secret, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            return None
    return Login(Door.HTTP, peer_host, scheme, secret)
