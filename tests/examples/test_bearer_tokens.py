from hashlib import sha256
from pathlib import Path

import pytest
import structlog
from pydantic import ValidationError

from contrib.examples.bearer_tokens.pacsd_bearer_tokens import BearerTokens, BearerTokensSettings
from pacsd.api.access import AccessRequest, Action, Door, Login, NotRecognized, Principal
from pacsd.api.plugin import Host
from tests.api.hookspecs.hooks_of import hooks_of

READER, WRITER = Principal("viewer"), Principal("importer", ("writer",))
TOKENS = {"reading": READER, "writing": WRITER}


def plugin(tmp_path: Path) -> BearerTokens:
    tokens = [
        {
            "name": principal.name,
            "sha256": sha256(token.encode()).hexdigest(),
            "may_write": bool(principal.roles),
        }
        for token, principal in TOKENS.items()
    ]
    settings = BearerTokensSettings.model_validate({"token": tokens})
    return BearerTokens(Host("bearer_tokens", tmp_path, structlog.get_logger()), settings)


@pytest.mark.parametrize("token", TOKENS)
async def test_it_knows_who_has_a_token(tmp_path: Path, token: str) -> None:
    login = Login(Door.HTTP, "192.0.2.7", "bearer", token)
    assert await hooks_of(plugin(tmp_path)).authenticate(login=login) == TOKENS[token]


async def test_it_knows_no_other_token_and_leaves_other_schemes_alone(tmp_path: Path) -> None:
    authenticate = hooks_of(plugin(tmp_path)).authenticate
    other = Login(Door.HTTP, "192.0.2.7", "bearer", "guessing")
    assert await authenticate(login=other) == NotRecognized("no such token")
    basic = Login(Door.HTTP, "192.0.2.7", "basic", "reading")
    assert await authenticate(login=basic) is None


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("principal", [READER, WRITER])
async def test_who_only_reads_may_not_write(
    tmp_path: Path, principal: Principal, action: Action
) -> None:
    authorize = hooks_of(plugin(tmp_path)).authorize
    over_http = AccessRequest(principal, Door.HTTP, "192.0.2.7", action, "")
    is_denied = await authorize(request=over_http) is not None
    reads = {Action.QUERY, Action.RETRIEVE, Action.FOLLOW, Action.PLUGIN}
    assert is_denied is (principal is READER and action not in reads)
    over_dimse = AccessRequest(principal, Door.DIMSE, "192.0.2.7", action, "")
    assert await authorize(request=over_dimse) is None


def test_a_digest_is_one() -> None:
    with pytest.raises(ValidationError, match="sha256"):
        BearerTokensSettings.model_validate({"token": [{"name": "x", "sha256": "reading"}]})
