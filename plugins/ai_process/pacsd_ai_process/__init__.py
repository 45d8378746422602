"""First-party plugin `ai_process`: models as programs, each run in a cage on a folder of files.

    plugin    AiProcess, what the entry point names, and its hook
    settings  the keys of [plugins.ai_process]
    runner    ProcessRunner, the port AiRunner for one program
    folder    the folder of a run: inputs linked into it, results read from it
    process   a program in its cage, from its start to its end
    cage      what a model's process gives up before it becomes the program; a script of its own
    result    result.json, what a program says that it found

In: work with series of studies, and their files from the Host. Out: findings, with the folder in
which the program has left files. What a program does wrong is a failed attempt and harms nobody.
"""

from pacsd_ai_process.plugin import AiProcess

__all__ = ["AiProcess"]
