"""The keys of [plugins.route_rules]."""

from pathlib import Path

from pydantic import Field

from pacsd.api.settings import Settings


class RouteRulesSettings(Settings):
    """Where studies go, by rules in a file of their own."""

    file: Path = Field(examples=["/etc/pacsd/routes.toml"])
    """The rule file; a relative path is seen from the data directory. It is read at start and with
    each reload of the configuration; one with an error keeps the rules that are in force."""
