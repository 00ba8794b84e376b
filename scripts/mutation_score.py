"""Prints the mutation score, and fails where it is below the goal. `make mutate` calls it."""

import json
import sys
from pathlib import Path

GOAL = 0.90


def main(stats_file: str) -> int:
    stats = json.loads(Path(stats_file).read_text(encoding="utf-8"))
    killed = stats["killed"] + stats["timeout"]
    score = killed / stats["total"]
    print(
        f"{killed} of {stats['total']} mutants killed: {score:.1%} (goal: {GOAL:.0%}). `.venv/bin/mutmut results` lists the rest."
    )
    return 0 if score >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
