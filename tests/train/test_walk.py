"""docs/train.md's walk from 500 examples to a served expert, run as it stands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from expertd.experts.manifest import read_manifest

ROOT = Path(__file__).parents[2]


def test_the_walk_of_the_docs_ends_with_an_expert_that_answers(tmp_path: Path) -> None:
    text = (ROOT / "docs/train.md").read_text()
    (script,) = re.findall(r"<!-- walk: make_pairs.py -->\n```python\n(.*?)```", text, re.S)
    (commands,) = re.findall(r"<!-- walk: sh -->\n```sh\n(.*?)```", text, re.S)
    (tmp_path / "make_pairs.py").write_text(script)
    state = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("CONFIG", "STATE")}
    env = {
        **os.environ,
        **state,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "EXPERTD_SOCKET": str(tmp_path / "walk.sock"),
        "EXPERTD_PORT": "0",
    }
    shell = f"set -e; trap 'expertd stop >{shlex.quote(os.devnull)} 2>&1 || true' EXIT\n{commands}"
    done = subprocess.run(["bash", "-c", shell], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    assert "PT3H20M" in done.stdout
    training = read_manifest(tmp_path / "my-experts/durations").training
    assert training["held_out"]["exact"] > 0.5 > training["held_out"]["before"]["exact"]
