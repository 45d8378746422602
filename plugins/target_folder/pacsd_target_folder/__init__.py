"""First-party plugin `target_folder`: folders that studies are routed to, as files.

    plugin    TargetFolder, what the entry point names, and its hook
    settings  the keys of [plugins.target_folder]
    folder    Folder, the port RouteTarget for one of them
    layout    where in it the file of an instance lies
    writing   files written so that a power cut leaves them whole, or not there
    state     why nothing can be written now

In: facts of instances, and their files from the Host. Out: files (PS3.10 section 7) in a folder
that others read from. Every wait for the folder has an end: it may be a share that is gone.
"""

from pacsd_target_folder.plugin import TargetFolder

__all__ = ["TargetFolder"]
