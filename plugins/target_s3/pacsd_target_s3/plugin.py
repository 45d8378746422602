"""TargetS3: the hook by which pacsd asks for a bucket."""

from collections.abc import Sequence

from pacsd_s3_client.settings import missing_client

from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.route_target import RouteTarget
from pacsd_target_s3.settings import TargetS3Settings, problems

PREFIX = "bucket:"
"""Of the names of such targets."""


class TargetS3(Plugin[TargetS3Settings]):
    """Gives the targets `bucket:NAME`."""

    settings_class = TargetS3Settings

    def check(self) -> Sequence[str]:
        """What of the settings cannot be used. Buckets that are not there now may come back."""
        return [*problems(self.settings), *missing_client()]

    @hookimpl
    async def pacsd_route_target(self, name: str) -> RouteTarget | None:
        """The bucket of this name; it is not asked for anything yet."""
        # Here, not above: with this the client comes, which only whoever uses it has.
        from pacsd_target_s3.bucket import Bucket  # noqa: PLC0415

        if not name.startswith(PREFIX):
            return None
        for each in self.settings.target:
            if each.name == name.removeprefix(PREFIX):
                return Bucket(each, self.host)
        return None
