"""A daemon put together from a configuration, without anything running."""

from pathlib import Path

import structlog

from pacsd.api.plugin import Host, Plugin
from pacsd.api.settings import Settings
from pacsd.app.conf.checks import check
from pacsd.app.conf.options import Options
from pacsd.app.opening import Archive
from pacsd.app.wiring import Parts, build
from pacsd.index.index import Index
from pacsd.testing.memory_store import MemoryStore
from tests.api.hookspecs.hooks_of import hooks_of


def built(
    tmp_path: Path,
    index: Index,
    *,
    http: str = "",
    plugin: type[Plugin[Settings]] | None = None,
    **environment: str,
) -> Parts:
    options = Options(data_dir=str(tmp_path), dimse=("127.0.0.1:11112",), http=http)
    checked = check(None, options, {"PACSD_STORE__UNSAFE_TMPFS": "true", **environment})
    logger = structlog.get_logger("test")
    enabled = [plugin(Host("door", tmp_path, logger), Settings())] if plugin else []
    return build(checked, Archive(hooks_of(*enabled), MemoryStore(), index))
