"""Rule files: what may stand in them, and how what may not is told."""

import pytest
from pacsd_route_rules import rule_file
from pacsd_route_rules.rule_file import RuleFileError, read_rule_file

from pacsd.api.routing import RoutePriority

RULE = """
[[rule]]
name = "a"
to = "peer:B"
"""


def test_what_is_not_given_does_not_matter() -> None:
    [rule] = read_rule_file(RULE).rule
    assert (rule.of, rule.from_, rule.match, rule.priority) == (
        "study",
        (),
        {},
        RoutePriority.MEDIUM,
    )
    assert rule.to == ("peer:B",)


def test_the_example_of_the_docstring_is_a_rule_file() -> None:
    assert rule_file.__doc__ is not None
    text = rule_file.__doc__.partition("\n\n")[2]
    file = read_rule_file("\n".join(line.removeprefix("    ") for line in text.splitlines()))
    [rule] = file.rule
    assert rule.match == {"Modality": ("CT",), "StudyDescription": ("*CHEST*", "*THORAX*")}
    assert (rule.priority, file.groups) == (RoutePriority.HIGH, {"scanners": ("CT*", "MR*")})


def test_the_same_rules_are_read_whatever_their_order_of_keys() -> None:
    one = read_rule_file('mode = "first"\n' + RULE + 'of = "series"\n')
    other = read_rule_file('mode = "first"\n[[rule]]\nof = "series"\nto = ["peer:B"]\nname = "a"\n')
    assert one == other


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = [", "is no TOML: "),
        ("x = 1", "x: Extra inputs are not permitted"),
        ("rule = 3", "rule: Input should be a valid tuple"),
        ('mode = "some"', "mode: Input should be 'all' or 'first'"),
        ("[[rule]]\nto = 'x'", "rule 1: name: Field required"),
        (RULE + "frm = 'x'", "rule 1 'a': frm: Extra inputs are not permitted"),
        (RULE + "of = 'patient'", "rule 1 'a': of: Input should be 'instance', 'series' or"),
        (RULE + "priority = 'urgent'", "rule 1 'a': priority: Input should be 'high', 'medium'"),
        (RULE + "min_bytes = -1", "rule 1 'a': min_bytes: Input should be greater than or equal"),
        (RULE + "match = { Modality = 3 }", "rule 1 'a': match: Input should be a valid tuple"),
        (RULE + "labels = ['']", "rule 1 'a': labels: String should have at least 1 character"),
        (RULE + RULE + "of = 1", "rule 2 'a': of: Input should be"),
        ("#" * (rule_file.MAX_FILE_BYTES + 1), "4194304 are the most"),
    ],
)
def test_what_may_not_stand_there_is_told(text: str, said: str) -> None:
    with pytest.raises(RuleFileError) as raised:
        read_rule_file(text)
    assert said in str(raised.value)


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(RuleFileError, match=r"rule 1 'a': of: .*; mode: |mode: .*; rule 1 'a': of"):
        read_rule_file('mode = "some"\n' + RULE + "of = 'patient'\n")
