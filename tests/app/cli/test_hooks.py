import json

from typer.testing import CliRunner

from pacsd.api.hooks import HOOKS
from pacsd.app.cli.main import build


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(build(), ["hooks", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_all_hooks_stand_in_the_table_a_line_each() -> None:
    code, out, err = run()
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines() if "pacsd_" in line]
    assert [line[0] for line in lines] == list(HOOKS)
    [line] = [line for line in lines if line[0] == "pacsd_before_delete"]
    assert line[1:6] == ["vote", "closed", "5", "s", "0.1"]
    assert " ".join(line[6:]).startswith("Have a say before")


def test_one_is_explained_with_its_signature() -> None:
    code, out, err = run("pacsd_instance_received")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    answers = "NotAccepted | Coerce | Hold | Quarantine | None"
    assert lines[0] == f"pacsd_instance_received(instance: ReceivedInstance) -> {answers}"
    assert "kind filter, policy closed, deadline 5 s for all plugins together" in lines
    assert "Returns:" in lines


def test_a_provider_shares_its_deadline_with_nobody() -> None:
    _, out, _ = run("pacsd_blob_store")
    assert "kind provider, policy closed, deadline 30 s\n" in out


def test_for_programs() -> None:
    assert [each["name"] for each in json.loads(run("--json")[1])] == list(HOOKS)
    page = json.loads(run("pacsd_before_delete", "--json")[1])
    assert (page["kind"], page["policy"], page["deadline_s"]) == ("vote", "closed", 5)


def test_a_misspelt_one_is_told() -> None:
    code, out, err = run("pacsd_befor_delete")
    assert (code, out) == (2, "")
    assert err == "'pacsd_befor_delete': no such hook; did you mean pacsd_before_delete?\n"
    assert run("x\n")[2] == "'x\\n': no such hook; `pacsd hooks` lists them\n"
