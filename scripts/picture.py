"""Draws the pictures of the README: our own renderings, in GitHub's style, by headless Chromium.

`make picture`; needs Chromium and the npm packages.
"""

import json
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from secuprobe_action.findings.gate import judge
from secuprobe_action.findings.model import Finding, ScanReport, Severity, worst_first
from secuprobe_action.local.preview import page
from secuprobe_action.reports import markdown

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
MARGIN_CSS = "\n.markdown-body { box-sizing: border-box; width: 900px; padding: 24px; }\n"

CHROMIUM: Sequence[str] = (
    "chromium",
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=2",
)


def example() -> ScanReport:
    """Return the scan of docs/images/example.json."""
    scan = json.loads((IMAGES / "example.json").read_text(encoding="utf-8"))
    findings = tuple(
        Finding(entry["title"], Severity.parse(entry["severity"]), entry["severity"], *(entry[name] for name in _TEXTS))
        for entry in scan["vulnerabilities"]
    )
    return ScanReport(
        scan_id=scan["scanId"],
        url=scan["url"],
        score=scan["secuScore"],
        counts={Severity.parse(name): count for name, count in scan["vulnerabilitiesCount"].items()},
        findings=worst_first(findings),
        list_problem=None,
        total=len(findings),
        report_url=scan["reportUrl"],
        duration_s=scan["durationSeconds"],
    )


_TEXTS = ("category", "description", "remediationGuide")


def screenshot(html: str, target: Path, height: int) -> None:
    """Write a picture of the page `html`, `height` CSS pixels high."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "page.html"
        source.write_text(html, encoding="utf-8")
        command = [
            *CHROMIUM,
            f"--user-data-dir={folder}/profile",
            f"--window-size=900,{height}",
            f"--screenshot={target}",
            source.as_uri(),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    width, pixels = struct.unpack(">II", target.read_bytes()[16:24])
    print(f"{target.relative_to(ROOT)}: {width} x {pixels}")


def main() -> None:
    css = (ROOT / "node_modules" / "github-markdown-css" / "github-markdown-light.css").read_text(encoding="utf-8") + MARGIN_CSS
    report = example()
    summary = markdown.summary(report, judge(report, Severity.HIGH))
    # One finding is unfolded, as a reader would, to show what is in there.
    html = page(summary, "Job summary", css).replace("<details>", "<details open>", 1)
    screenshot(html, IMAGES / "job-summary.png", 1040)


if __name__ == "__main__":
    main()
