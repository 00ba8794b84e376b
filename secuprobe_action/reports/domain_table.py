"""The account's domains as a job summary."""

from collections.abc import Sequence

from secuprobe_action.reports.escape import markdown
from secuprobe_action.reports.markdown import foot
from secuprobe_action.text import plural

MAX_ROWS = 1_000


def summary(domains: Sequence[tuple[str, bool]]) -> str:
    """Return the domains as a table.

    Args:
        domains: each host name, and whether it is validated.
    """
    head = f"## 🌐 SecuProbe: {plural(len(domains), 'domain')}"
    if not domains:
        return f"{head}\n\nNone matches.\n\n{foot()}"
    rows = [f"| {markdown(host, 300)} | {'✅ validated' if ok else '⚠️ not validated'} |\n" for host, ok in domains[:MAX_ROWS]]
    more = f"\n{plural(len(domains) - MAX_ROWS, 'more domain')} in the output.\n" if len(domains) > MAX_ROWS else ""
    return f"{head}\n\n| Domain | Status |\n| :--- | :--- |\n{''.join(rows)}{more}\n{foot()}"
