"""`./sage articles` as an operator uses it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.integration.cli.test_ticket_and_user import sage, said

FILE = "---\ntitle: A\ncategory: network\naudience: public\nsummary: S.\n---\nWords.\n"


@pytest.mark.usefixtures("clean_database")
def test_in_and_out_again(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(FILE, "utf-8")
    assert said(sage("articles", "import", str(tmp_path), "--json")) == [
        {"file": "a.md", "outcome": "new", "problem": ""}
    ]
    assert "1 files, all as they are here." in sage("articles", "import", str(tmp_path)).stdout
    said(sage("articles", "export", str(tmp_path / "out"), "--json"))
    assert (tmp_path / "out" / "a.md").read_text("utf-8") == FILE


def test_a_bad_file_is_told_with_its_line_and_the_rest_stays(tmp_path: Path, clean_database: Engine) -> None:
    (tmp_path / "a.md").write_text(FILE, "utf-8")
    (tmp_path / "bad.md").write_text(FILE.replace("network", "Not This"), "utf-8")
    finished = sage("articles", "import", str(tmp_path), "--json")
    assert finished.returncode == 1
    assert "bad.md, line 3: " in finished.stdout
    with clean_database.connect() as connection:
        assert connection.scalar(text("select count(*) from article")) == 1


@pytest.mark.usefixtures("clean_database")
def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    finished = sage("articles", "import", str(tmp_path / "nowhere"))
    assert (finished.returncode, finished.stderr.startswith("sage: there is no folder")) == (1, True)
