"""The workspace: no path leads out of it, and what is left there can be read by everyone."""

import os
import resource
from pathlib import Path

import pytest

from secuprobe_action.workspace import Workspace

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


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


@root_only
def test_what_root_writes_belongs_to_the_workspaces_owner(root: Path) -> None:
    os.chown(root, 1001, 1002)
    (root / "before").mkdir()

    Workspace(root).write("before/a/b/report.json", "text")
    Workspace(root).write("before/a/c.json", "text")

    written = [root / "before" / name for name in ("a", "a/b", "a/b/report.json", "a/c.json")]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in written} == {(1001, 1002)}
    assert (root / "before").stat().st_uid == 0, "what was there before is not ours to give"


@root_only
def test_a_file_that_an_earlier_run_left_to_root_is_given_back(root: Path) -> None:
    (root / "x").write_text("old", encoding="utf-8")
    os.chown(root, 1001, 1002)

    Workspace(root).write("x", "new")

    assert (root / "x").stat().st_uid == 1001


def test_an_owner_that_can_not_be_set_is_no_error(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(path: Path, *_: int, **__: bool) -> None:
        asked.append(path.name)
        raise PermissionError

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", refuse)

    Workspace(root).write("a/x", "text")

    assert (root / "a/x").read_text(encoding="utf-8") == "text"
    assert asked == ["a", "x"]


def test_nobody_but_root_gives_files_away(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "chown", None)

    Workspace(root).write("a/x", "text")


def test_of_what_there_is_no_room_for_nothing_is_left(root: Path) -> None:
    """Half of a report may be read as a whole one."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            Workspace(root).write("a/report.json", "x" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert list((root / "a").iterdir()) == []
