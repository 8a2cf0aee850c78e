"""Processes end with the one that started them, and at Ctrl-C."""

import subprocess
import sys
import textwrap

import pytest

WITHOUT_PRCTL = """
class NoLibrary:
    def __init__(self, name): raise OSError
processes.ctypes.CDLL = NoLibrary
"""
CHILD = """
import os, sys, time
from zsaudio.storage import processes
{system}
processes.end_with_parent(int(sys.argv[1]))
print("watching", flush=True)
time.sleep(120)
"""
PARENT = "import os, subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1], str(os.getpid())])"


@pytest.mark.parametrize("system", ["", WITHOUT_PRCTL], ids=["Linux", "other systems"])
def test_a_process_ends_when_its_parent_is_killed(system):
    command = [sys.executable, "-c", PARENT, CHILD.format(system=system)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "watching\n"
        parent.kill()
        assert parent.communicate(timeout=10) == ("", None)  # the pipe closes when its last process ends


def test_a_process_whose_parent_has_ended_before_it_looks_ends_at_once():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    done = subprocess.run(
        [sys.executable, "-c", CHILD.format(system=""), str(gone.pid)], capture_output=True, timeout=10
    )
    assert (done.returncode, done.stdout) == (1, b"")


@pytest.mark.parametrize("ignored", [False, True], ids=["in the foreground", "in the background"])
def test_an_interrupt_ends_a_process_whatever_it_does(tmp_path, ignored):
    """Unless interrupts are ignored, as shells have it for what runs in the background."""
    code = f"""
        import os, pathlib, signal, threading, time
        from zsaudio.storage.files import replacing
        from zsaudio.storage.processes import end_at_interrupt
        if {ignored}:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        end_at_interrupt("train")
        with replacing(pathlib.Path("a.txt")) as temporary:
            temporary.write_text("half")
            threading.Thread(target=time.sleep, args=(60 * (not {ignored}),)).start()
            try:
                os.kill(os.getpid(), signal.SIGINT)
            except BaseException:  # as libraries swallow it
                pass
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == ((0, "") if ignored else (130, "\ntrain: interrupted\n"))
    assert [path.name for path in tmp_path.iterdir()] == (["a.txt"] if ignored else [])
