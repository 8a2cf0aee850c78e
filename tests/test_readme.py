"""The README's results are those of the committed report."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_results_are_the_reports():
    done = subprocess.run(
        [sys.executable, ROOT / ".ci/readme.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
