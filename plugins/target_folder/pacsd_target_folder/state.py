"""Why nothing can be written into a folder now. Blocks, as long as a share that is gone does."""

import os
import shutil

from pacsd_target_folder.settings import FolderSettings


def why_not(settings: FolderSettings) -> str | None:
    """The reason, None without one."""
    path = settings.path
    try:
        if not path.is_dir():
            return f"there is no folder {path}"
        if settings.must_be_mounted and not path.is_mount():
            return f"nothing is mounted at {path}"
        free_bytes = shutil.disk_usage(path).free
    except OSError as error:
        return f"folder {path}: {error.strerror}"
    if not os.access(path, os.W_OK | os.X_OK):
        return f"folder {path}: Permission denied"
    if free_bytes < settings.keep_free_bytes:
        return f"folder {path}: {free_bytes} bytes are free, keep_free_bytes has more"
    return None
