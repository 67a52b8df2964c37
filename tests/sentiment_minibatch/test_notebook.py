import os
import subprocess
import sys
from pathlib import Path

NOTEBOOK = Path("notebooks/sentiment_minibatch.ipynb")


def test_the_notebook_runs_from_top_to_bottom(database_url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbmake", "-o", "filterwarnings=", "-p", "no:cacheprovider", str(NOTEBOOK)],
        env={**os.environ, "DATABASE_URL": database_url, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
