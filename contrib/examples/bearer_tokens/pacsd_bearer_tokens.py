"""An auth plugin: DICOMweb for those who show a token, and only readers' actions for readers."""

from hashlib import sha256

from pydantic import Field

from pacsd.api.access import AccessRequest, Action, Door, Login, NotRecognized, Principal
from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings
from pacsd.api.vote import Allow, Deny

READING = (Action.QUERY, Action.RETRIEVE, Action.FOLLOW, Action.PLUGIN)


class Token(Settings):
    """Somebody who has a token, of at least 128 random bits."""

    name: str
    """Who it is, in the audit trail."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Of the token, so that the token itself stands nowhere: printf TOKEN | sha256sum."""

    may_write: bool = False
    """Whether it may store and delete."""


class BearerTokensSettings(Settings):
    """Who may come in."""

    token: tuple[Token, ...] = Field(min_length=1)
    """A table [[plugins.bearer_tokens.token]] for each."""


class BearerTokens(Plugin[BearerTokensSettings]):
    """Recognizes tokens by their digests, and says what their owners may do."""

    settings_class = BearerTokensSettings

    @hookimpl
    async def pacsd_authenticate(self, login: Login) -> Principal | NotRecognized | None:
        """Digests of random tokens may be compared as they are."""
        if login.scheme != "bearer":
            return None
        digest = sha256(login.secret.encode()).hexdigest()
        for known in self.settings.token:
            if known.sha256 == digest:
                return Principal(known.name, ("writer",) if known.may_write else ())
        return NotRecognized("no such token")

    @hookimpl
    async def pacsd_authorize(self, request: AccessRequest) -> Allow | Deny:
        """Modalities come in by DIMSE, and have no token: their AE titles are in the peers file."""
        is_writer = request.door is Door.DIMSE or "writer" in request.principal.roles
        return Allow() if is_writer or request.action in READING else Deny("only reads")
