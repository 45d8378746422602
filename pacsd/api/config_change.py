"""What a reload of the configuration changed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """Keys as `pacsd explain` has them, without their values, which may be secret.

    `keys` are those whose new values are in force, `keys_for_restart` those whose are not until the
    daemon is started anew.
    """

    keys: tuple[str, ...] = ()
    keys_for_restart: tuple[str, ...] = ()
