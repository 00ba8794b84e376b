"""The workspace: no path leads out of it, and what is left there can be read by everyone."""

import os
from pathlib import Path

import pytest

from secuprobe_action.workspace import Workspace


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "workspace").mkdir()
    return tmp_path / "workspace"


def test_folders_are_made_and_files_can_be_read_by_everyone(root: Path) -> None:
    before = os.umask(0o077)
    try:
        Workspace(root).write("a/b/report.json", "text")
    finally:
        os.umask(before)

    assert (root / "a/b/report.json").read_text() == "text"
    assert (root / "a/b/report.json").stat().st_mode & 0o777 == 0o644
    assert {(root / folder).stat().st_mode & 0o777 for folder in ("a", "a/b")} == {0o755}


@pytest.mark.parametrize("path", ["../outside/x", "/etc/x", "a/../../outside/x", "link/x", "filelink"])
def test_no_path_and_no_link_leads_out(root: Path, path: str) -> None:
    (root / "link").symlink_to(root.parent / "outside")
    (root / "filelink").symlink_to(root.parent / "outside" / "x")
    workspace = Workspace(root)

    assert workspace.problem(path) is not None
    with pytest.raises(PermissionError):
        workspace.write(path, "text")
    with pytest.raises(PermissionError):
        workspace.read(path)
    assert list((root.parent / "outside").iterdir()) == []


def test_a_link_within_the_workspace_is_fine(root: Path) -> None:
    (root / "real").mkdir()
    (root / "link").symlink_to(root / "real")

    Workspace(root).write("link/x", "text")

    assert Workspace(root).read("real/x") == "text"


def test_a_folder_is_no_file(root: Path) -> None:
    (root / "folder").mkdir()

    assert Workspace(root).problem("folder") == "names a folder"


def test_a_missing_file_reads_as_none_and_text_is_written_whatever_it_holds(root: Path) -> None:
    workspace = Workspace(root)
    workspace.write("x", "a\ud800b\r\n")

    assert workspace.read("missing") is None
    assert (root / "x").read_bytes() == b"a?b\r\n"
