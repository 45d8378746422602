"""First-party plugin `route_rules`: where studies go, by rules in a TOML file.

    plugin      RouteRules, what the entry point names: life cycle and hooks
    settings    the keys of [plugins.route_rules]
    rule_file   a rule file as it is written
    rule_set    its rules, asked in their order
    rule        one of them: what it looks at, what has to hold, where that goes
    criteria    what may have to hold: attributes, AE titles, labels, size, time of day
    known       the values of a subject, from the index or the header

In: an EventSubject. Out: Routes, or that the header is needed to tell. Nothing of a rule is
executed: its attributes match as the keys of a C-FIND do (PS3.4 section C.2.2.2).
"""

from pacsd_route_rules.plugin import RouteRules

__all__ = ["RouteRules"]
