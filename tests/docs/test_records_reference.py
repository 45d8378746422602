import inspect
from dataclasses import fields

from contrib.docs.records_reference import MODULES, render, render_attributes
from pacsd.api.hook_facts import facts_of
from pacsd.api.hooks import HOOKS
from pacsd.api.receiving import ReceivedInstance


def test_all_that_hooks_take_and_answer_is_there() -> None:
    text = render()
    for hook in HOOKS.values():
        facts = facts_of(hook)
        assert facts is not None
        parameters = [each.annotation for each in inspect.signature(hook).parameters.values()]
        for found in (*facts.answers, *parameters):
            if inspect.isclass(found) and found.__module__.startswith("pacsd.api"):
                assert f"### {found.__name__}\n" in text, hook.__name__


def test_a_record_has_its_fields() -> None:
    text = render()
    section = text[text.index("### ReceivedInstance") :].split("### ")[1]
    assert all(f"| `{each.name}` |" in section for each in fields(ReceivedInstance))


def test_a_record_has_what_it_can_do() -> None:
    text = render()
    section = text[text.index("### QueryResults") :].split("### ")[1]
    assert "- `def with_values(change)`: The same page" in section


def test_modules_have_a_section_each() -> None:
    assert [f"## {name}" in render() for name in MODULES] == [True] * len(MODULES)


def test_attributes_are_told_by_level() -> None:
    lines = render_attributes().splitlines()
    assert "`Modality`" in next(line for line in lines if line.startswith("| series |"))
