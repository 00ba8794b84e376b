"""Twenty real processes on one key with a limit of 60 requests a minute."""

from pathlib import Path

import pytest

from tests.support import KEY, URL, Runner, secuprobe


@pytest.mark.timeout(240)
def test_twenty_jobs_share_a_key_and_all_finish(tmp_path: Path) -> None:
    runners = []
    for number in range(20):
        folder = tmp_path / str(number)
        folder.mkdir()
        runners.append(Runner(folder))

    with secuprobe({"duration_s": 4.0, "estimate_s": 5.0, "findings": [{"severity": "low"}]}, limit=60) as api:
        api.service.accounts[0].limiter.begin_window(ends_in_s=20.0)  # jobs don't start when windows do
        started = [runner.start(api_key=KEY, url=URL, api_url=api.url, timeout="5m") for runner in runners]
        steps = [runner.finish(process, seconds=150) for runner, process in zip(runners, started, strict=True)]
        answered = len(api.service.requests)

    assert {step.code for step in steps} == {0}, [step.log for step in steps if step.code]
    assert all("details are missing" not in step.summary for step in steps)
    assert len({step.outputs["scan_id"] for step in steps}) == 20
    assert api.launches <= 22
    refused = answered - sum(account.limiter.admitted for account in api.service.accounts)
    assert refused <= 0.05 * answered
