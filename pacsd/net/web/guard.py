"""Who asks DICOMweb, and whether that is allowed."""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp.web import BaseRequest, Response

from pacsd.api.access import AccessRequest, Action, Door, Login, Principal
from pacsd.dicomweb.targets import Target
from pacsd.net.permissions import Logins, Permissions
from pacsd.net.web.exchange import problem
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
class Guard:
    """Asks both questions; as long as nobody answers them, whoever reaches us is trusted."""

    logins: Logins | None = None
    permissions: Permissions | None = None

    @property
    def has_logins(self) -> bool:
        """Whether somebody has to log in now."""
        return self.logins is not None and self.logins.are_asked_for

    def forget(self) -> None:
        """Ask for everything anew."""
        for memory in (self.logins, self.permissions):
            if memory is not None:
                memory.forget()

    async def admit(
        self, request: BaseRequest, target: Target, service: WebService
    ) -> str | Response:
        """Who asks, '' where nobody logs in; or the answer to who may not."""
        peer_host = request.remote or ""
        principal = Principal("")
        if self.logins is not None and self.logins.are_asked_for:
            login = login_of(request, peer_host)
            known = None if login is None else await self.logins.principal(login)
            if known is None:
                return problem(401, "who are you? (Authorization)", CHALLENGE)
            principal = known
        action = ACTIONS.get(service)
        if self.permissions is None or action is None:
            return principal.name
        wanted = AccessRequest(principal, Door.HTTP, peer_host, action, target.study_instance_uid)
        if await self.permissions.denial(wanted) is not None:
            return problem(403, f"not allowed: {action}")
        return principal.name


TRUSTING = Guard()
"""Nobody is asked."""


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
