"""A folder of reports: a name for each site that everything takes, and a disk that is full."""

import errno
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secuprobe_action.findings.endings import Judged, Surveyed
from secuprobe_action.findings.gate import Policy, judge
from secuprobe_action.findings.model import Severity
from secuprobe_action.findings.overview import Estate, Result, Site
from secuprobe_action.places.site_reports import INDEX, MAX_STEM, SiteReports, file_stem
from secuprobe_action.platforms.base import Level
from secuprobe_action.platforms.terminal import Terminal
from secuprobe_action.workspace import Workspace
from tests.support import SimulatedClock, finding, report

labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
hosts = st.lists(labels, min_size=2, max_size=4).map(".".join)
RESERVED = re.compile(r"(con|prn|aux|nul|index|com[0-9]|lpt[0-9])(\..*)?")


def stems(sites: list[str]) -> list[str]:
    taken: set[str] = set()
    for site in sites:
        taken_before = len(taken)
        taken.add(file_stem(site, taken))
        assert len(taken) == taken_before + 1, f"{site} has another's name"
    return sorted(taken)


@given(hosts.filter(lambda host: not RESERVED.fullmatch(host)))
def test_an_ordinary_host_is_its_own_name(host: str) -> None:
    assert file_stem(f"https://{host}", set()) == host


@given(st.lists(st.text() | hosts.map("https://{}".format) | st.text("aA.-/:?*|<> \\\n\u0130\u00df", max_size=12), unique=True))
def test_no_two_have_the_same_name_and_every_file_system_and_upload_artifact_take_it(sites: list[str]) -> None:
    for stem in stems(sites):
        assert re.fullmatch(r"[a-z0-9._-]+", stem), "upload-artifact takes no quote, colon, <, >, |, *, ? and backslash"
        assert stem[0] not in ".- "
        assert stem[-1] not in ".- ", "Windows drops it"
        assert len(stem) <= MAX_STEM
        assert not RESERVED.fullmatch(stem), "Windows takes it for a device, or it is the page's own"


@pytest.mark.parametrize(
    "sites",
    [
        ["https://a.example", "http://a.example"],
        ["https://a.example/admin", "https://a.example-admin"],
        ["https://a.example/Admin", "https://a.example/admin"],
        ["https://a.example:8443", "https://a.example-8443"],
        ["https://" + "a" * 200 + ".example", "https://" + "a" * 200 + ".example2"],
        ["https://con", "https://nul.example", "https://index", "https://index.html"],
    ],
)
def test_sites_that_look_alike_have_names_of_their_own(sites: list[str]) -> None:
    assert len(stems(sites)) == len(sites)


def test_a_name_that_somebody_made_to_be_anothers_is_not() -> None:
    """The plain name of one site is what another's is made to, with its digest."""
    victim = "https://a.example/x"
    made = file_stem(victim, set())

    assert len(stems([f"https://{made}", victim])) == 2
    assert len(stems([victim, f"https://{made}"])) == 2


# A disk that is full.


class Full(Workspace):
    """A workspace on a disk that has room for so many files."""

    def __init__(self, root: Path, room: int) -> None:
        super().__init__(root)
        self.room = room

    def write(self, path: str, text: str) -> None:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= 1
        super().write(path, text)


class Recorded(Terminal):
    """A terminal that keeps what it is told."""

    def __init__(self, folder: Path) -> None:
        super().__init__({}, io.StringIO())
        self.workspace = folder
        self.annotations: list[tuple[Level, str, str]] = []
        self.outputs: dict[str, str] = {}

    def annotate(self, level: Level, title: str, message: str) -> None:
        self.annotations.append((level, title, message))

    def set_output(self, name: str, value: str) -> None:
        self.outputs[name] = value


def judged() -> Judged:
    scanned = report(finding(Severity.LOW))
    return Judged(scanned, judge(scanned, Policy(Severity.HIGH)))


@pytest.mark.parametrize(("room", "lost"), [(1, 7), (4, 4), (5, 3), (8, 0)])
def test_where_the_disk_is_full_every_site_has_its_row_and_one_annotation_counts_what_is_lost(
    tmp_path: Path, room: int, lost: int
) -> None:
    platform = Recorded(tmp_path)
    reports = SiteReports(platform, Full(tmp_path, room), "secuprobe", "SecuProbe estate", SimulatedClock())
    reports.prepare()
    files = [reports.judged(f"https://site-{n}.example", judged()) for n in range(2)]
    sites = [Site(f"https://site-{n}.example", Result.PASSED, "Nothing", files=name) for n, name in enumerate(files)]
    ending = Surveyed(Estate.of(sites), None)
    reports.end(ending)

    assert ending.estate.result is Result.PASSED
    assert (len(platform.annotations) == 1) == (lost > 0)
    for level, _, message in platform.annotations:
        assert level is Level.ERROR
        assert message.startswith(f"{lost} reports could not be written. The first: secuprobe/")
        assert "No space left on device" in message
    folder = tmp_path / "secuprobe"
    assert (folder / INDEX).exists()
    leads_to = re.findall(r'href="(site-[^"]+)"', (folder / INDEX).read_text(encoding="utf-8"))
    assert all((folder / name).exists() for name in leads_to), "the page leads to no file that isn't there"
    assert ("sarif_folder" in platform.outputs) == any(folder.glob("*.sarif"))
