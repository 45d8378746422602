import os
import subprocess
import sys

from contrib.bench import process_tree

BURNS_AND_WAITS = """
import sys, time
while time.process_time() < 0.3: pass
print(flush=True)
sys.stdin.readline()
"""


def test_a_child_is_counted_while_it_lives_and_after_it_was_reaped() -> None:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", BURNS_AND_WAITS]
    before_s = process_tree.cpu_s(os.getpid())
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert child.pid in process_tree.tree(os.getpid())
        assert process_tree.cpu_s(os.getpid()) - before_s >= 0.25
        assert process_tree.memory_kib(child.pid) <= process_tree.resident_kib(child.pid)
        assert process_tree.memory_kib(child.pid) > 0
        child.communicate(b"\n")
    assert child.pid not in process_tree.tree(os.getpid())
    assert process_tree.cpu_s(os.getpid()) - before_s >= 0.25


def test_a_process_that_is_gone_takes_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        pass
    assert process_tree.tree(child.pid) == {}
    assert process_tree.memory_kib(child.pid) == 0
