"""The checked-out repository: what may be read and written there. No path leads out of it."""

import contextlib
import os
import sys
from pathlib import Path, PurePosixPath


def path_problem(path: str) -> str | None:
    """Return why `path` can't be a file of the workspace, or None."""
    if not path or path.endswith("/"):
        return "must name a file"
    if path.startswith("/") or "\\" in path or "\x00" in path or ".." in PurePosixPath(path).parts:
        return "must be relative to the workspace and stay inside it, without .. and backslashes"
    return None


class Workspace:
    """Files below one folder.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, path: str) -> str | None:
        """Return a file's text, or None where there is no such file.

        Raises:
            OSError: it can't be read, or a link leads out of the workspace.
            UnicodeDecodeError: it isn't UTF-8.
        """
        try:
            return self._inside(path).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def entries(self, folder: str) -> list[str]:
        """Return the names of what a folder holds, sorted; none where there is no such folder. A subfolder's ends with a slash, a
        link's with an @.

        Raises:
            OSError: it can't be read, is no folder, or a link leads out of the workspace.
        """
        try:
            return sorted(each.name + _kind(each) for each in self._inside(folder).iterdir())
        except FileNotFoundError:
            return []

    def problem(self, path: str) -> str | None:
        """Return why `path` can't be written, as far as can be told before, or None."""
        try:
            target = self._inside(path)
        except OSError as error:
            return str(error)
        return "names a folder" if target.is_dir() else None

    def remove(self, path: str) -> None:
        """Remove a file, where there is one.

        Raises:
            OSError: it can't be removed, or a link leads out of the workspace.
        """
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            self._inside(path).unlink()

    def write(self, path: str, text: str) -> None:
        """Write a file that everyone may read, and that belongs to the workspace's owner.

        The container runs as root, the steps after it don't; and a self-hosted runner must be able to clear its workspace.

        Raises:
            OSError: it can't be written, or a link leads out of the workspace.
        """
        target = self._inside(path)
        missing = [folder for folder in target.parents if not folder.exists()]
        target.parent.mkdir(parents=True, exist_ok=True)
        for folder in missing:
            folder.chmod(0o755)
            self._hand_over(folder)
        try:
            target.write_text(text, encoding="utf-8", errors="replace", newline="\n")
        except OSError:
            with contextlib.suppress(OSError):
                target.unlink()  # half of a report may be read as a whole one
            raise
        target.chmod(0o644)
        self._hand_over(target)

    def _hand_over(self, path: Path) -> None:
        """Give what root made to the workspace's owner. Where that can't be (not every file system can), it stays."""
        if sys.platform != "win32" and os.geteuid() == 0:
            with contextlib.suppress(OSError):
                owner = self._root.stat()
                os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)

    def _inside(self, path: str) -> Path:
        """Return where `path` leads once all links are followed."""
        root = self._root.resolve()
        target = (root / path).resolve()
        if path_problem(path) or os.path.commonpath([root, target]) != str(root):
            raise PermissionError(f"{path} leads out of the workspace")
        return target


def _kind(path: Path) -> str:
    if path.is_symlink():
        return "@"
    return "/" if path.is_dir() else ""
