"""First-party plugin `route_rules`: where studies go, by rules in a TOML file.

    plugin      RouteRules, what the entry point names: life cycle and hooks
    settings    the keys of [plugins.route_rules]
    rule_file   a rule file as it is written
    rule_set    its rules, asked in their order
    rule        one of them: what it looks at, what has to hold, where that goes

In: an EventSubject. Out: Routes, or that the header is needed to tell. Nothing of a rule is
executed: what it asks for is in pacsd.api.matching.
"""

from pacsd_route_rules.plugin import RouteRules

__all__ = ["RouteRules"]
