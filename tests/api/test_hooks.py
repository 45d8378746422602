"""Every hook: its exact parameters, that it is documented, and that a test drives it."""

import inspect
from pathlib import Path

import pytest

from pacsd.api.hook_facts import Kind
from pacsd.api.hooks import HOOKS, SPECIFICATIONS, hook_facts

PARAMETERS = {
    "pacsd_ai_runner": ("name",),
    "pacsd_association_closed": ("closed",),
    "pacsd_association_requested": ("request",),
    "pacsd_audit": ("event",),
    "pacsd_authenticate": ("login",),
    "pacsd_authorize": ("request",),
    "pacsd_before_delete": ("request",),
    "pacsd_config_changed": ("change",),
    "pacsd_health": (),
    "pacsd_blob_store": ("name", "stores"),
    "pacsd_choose_store": ("instance", "stores"),
    "pacsd_command": ("name", "arguments"),
    "pacsd_commands": (),
    "pacsd_http_request": ("request",),
    "pacsd_http_routes": (),
    "pacsd_delivered": ("delivered",),
    "pacsd_infer": ("subject", "inputs"),
    "pacsd_instance_received": ("instance",),
    "pacsd_restrict_query": ("request",),
    "pacsd_instance_stored": ("event",),
    "pacsd_job": ("job",),
    "pacsd_key": ("name",),
    "pacsd_persist": ("subject", "findings"),
    "pacsd_prefetch": ("subject",),
    "pacsd_query_results": ("results",),
    "pacsd_coercion": ("name",),
    "pacsd_route": ("subject",),
    "pacsd_route_target": ("name",),
    "pacsd_route_trial": ("subject", "rules"),
    "pacsd_series_quiet": ("event",),
    "pacsd_study_changed": ("event",),
    "pacsd_study_deleted": ("event",),
    "pacsd_study_quiet": ("event",),
    "pacsd_transcoder": ("name",),
}
SILENT = {Kind.NOTIFY}
TESTS = Path(__file__).parent / "hookspecs"


def test_these_are_all_hooks() -> None:
    assert sorted(HOOKS) == sorted(PARAMETERS)
    marked = {
        name for module in SPECIFICATIONS for name in vars(module) if name.startswith("pacsd_")
    }
    assert marked == {*HOOKS}


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_hook_has_its_parameters_and_documents_each(name: str) -> None:
    function = HOOKS[name]
    assert tuple(inspect.signature(function).parameters) == PARAMETERS[name]
    documentation = inspect.getdoc(function) or ""
    assert ("Args:" in documentation) is bool(PARAMETERS[name])
    assert ("Returns:" in documentation) is (hook_facts(name).kind not in SILENT)
    assert all(f"{parameter}:" in documentation for parameter in PARAMETERS[name])


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_hook_says_what_answers_it_takes(name: str) -> None:
    facts = hook_facts(name)
    assert bool(facts.answers) is (facts.kind not in SILENT)
    assert 0 < facts.deadline_s <= 600


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_hook_is_driven_by_a_test_of_its_name(name: str) -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in TESTS.glob("test_*.py"))
    assert f"def test_hook_{name}" in tests
