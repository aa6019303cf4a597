"""A change as a commit on a branch of its own, made with git's plumbing: work tree and index stay as they are."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from helpsage.training.blocks import Files
from helpsage.training.patches import Edit

READ = ("domain.yml", "data")
LONGEST_ANSWER_S = 60


class GitFailed(RuntimeError):
    """The change could not be committed; the message says why, and nothing was changed."""


def files_at_head(root: Path) -> Files:
    """The trainers' files as they were committed last.

    Raises:
        GitFailed
    """
    listed = _git(root, "ls-tree", "-r", "-z", "--name-only", "HEAD", "--", *READ)
    paths = [path for path in listed.split("\0") if path.endswith(".yml")]
    return {path: _git(root, "show", f"HEAD:./{path}") for path in paths}


def commit(root: Path, branch: str, edit: Edit, message: str) -> str:
    """Commit the change on a new branch that begins at the present commit; returns the commit's id.

    Raises:
        GitFailed: no repository, a branch of this name, or a name that git refuses.
    """
    _git(root, "check-ref-format", "--branch", branch)
    prefix = _git(root, "rev-parse", "--show-prefix").strip()
    head = _git(root, "rev-parse", "HEAD").strip()
    with tempfile.TemporaryDirectory(prefix="sage-review-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        _git(root, "read-tree", "HEAD", more=index)
        for path, text in edit.changed.items():
            blob = _git(root, "hash-object", "-w", "--stdin", words=text).strip()
            _git(root, "update-index", "--add", "--cacheinfo", f"100644,{blob},{prefix}{path}", more=index)
        tree = _git(root, "write-tree", more=index).strip()
    made = _git(root, "commit-tree", tree, "-p", head, "-F", "-", words=message).strip()
    # The empty old value: only when there is no such branch.
    _git(root, "update-ref", f"refs/heads/{branch}", made, "")
    return made


def _git(root: Path, *arguments: str, words: str | None = None, more: Mapping[str, str] | None = None) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=root,
            input=words.encode() if words is not None else None,
            stdin=None if words is not None else subprocess.DEVNULL,
            capture_output=True,
            env={**os.environ, **(more or {})},
            check=False,
            timeout=LONGEST_ANSWER_S,
        )
    except FileNotFoundError as error:
        raise GitFailed("there is no git on this machine: use `./sage review export`") from error
    if done.returncode != 0:
        raise GitFailed(f"git {arguments[0]}: {' '.join(done.stderr.decode(errors='replace').split())[-300:]}")
    return done.stdout.decode("utf-8")
