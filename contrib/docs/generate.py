"""Write what is generated of the documentation: `make docs`.

Whole files come from code alone; the others are prose with sections between two marks, see
`sections`. Running it twice changes nothing.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from contrib.docs import (
    clauses,
    configuration,
    conformance,
    containment_table,
    hooks_reference,
    hostile_rows,
    operations,
    records_reference,
    state_diagram,
)
from contrib.docs.sections import Section, fill
from pacsd.app.conf.docs import example_files

ROOT = Path(__file__).resolve().parents[2]
DOCS = Path("contrib/docs")
EXAMPLES = Path("contrib/examples")
EXAMPLE = EXAMPLES / "ae_prefix"
LIBRARY_EXAMPLE = EXAMPLES / "library/studies_of_a_day.py"
SHOWN = (
    *("ae_prefix", "reception", "bearer_tokens", "only_my_patients", "legal_hold", "event_file"),
    *("no_screenshots", "folder_target", "rle", "slice_gaps", "command_runner", "command_model"),
    *("study_notes", "initials", "key_files", "pseudonyms", "by_modality"),
)
"""The examples that are told step by step."""


def documents(root: Path = ROOT) -> dict[Path, str]:
    """The text every generated document should have, by its path in the repository."""
    return {
        **example_files(),
        DOCS / "clauses.md": clauses.render(root),
        DOCS / "configuration.md": configuration.render(),
        DOCS / "states.md": state_diagram.render(),
        **{
            DOCS / name: fill((root / DOCS / name).read_text(encoding="utf-8"), sections)
            for name, sections in sections_of(root).items()
        },
    }


def sections_of(root: Path = ROOT) -> Mapping[str, Mapping[str, Section]]:
    """The documents with generated sections, and who writes each."""
    return {
        "conformance.md": conformance.sections(),
        "operator.md": {
            "metrics": operations.render_metrics,
            "quirks": operations.render_quirks,
            "log-events": partial(operations.render_log_events, root),
        },
        "library.md": {"library-example": partial(_source, root / LIBRARY_EXAMPLE, "python")},
        "plugins.md": {
            "hook-kinds": hooks_reference.render_kinds,
            "hook-facts": hooks_reference.render_facts,
            "hooks": hooks_reference.render,
            "containment": containment_table.render,
            "example-module": partial(_source, root / EXAMPLE / "pacsd_ae_prefix.py", "python"),
            "example-project": partial(_source, root / EXAMPLE / "pyproject.toml", "toml"),
        },
        "plugin-records.md": {
            "attributes": records_reference.render_attributes,
            "records": records_reference.render,
        },
        "plugin-examples.md": {
            f"example-{name}": partial(_example, root / EXAMPLES / name) for name in SHOWN
        },
        "security.md": {"hostile-rows": partial(hostile_rows.render, root)},
    }


def main() -> None:
    """Write every document that is not as it should be."""
    for path, text in documents().items():
        target = ROOT / path
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")
            print(path)


def _example(folder: Path) -> str:
    return _source(folder / f"pacsd_{folder.name}.py", "python")


def _source(path: Path, language: str) -> str:
    return f"```{language}\n{path.read_text(encoding='utf-8')}```"


if __name__ == "__main__":
    main()
