"""What an estate holds in memory hardly grows with its sites: each one's findings go when its reports are written."""

import sys

import pytest

from bench.memory import peak_mb


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_three_hundred_sites_take_hardly_more_memory_than_fifty() -> None:
    few, many = (min(peak_mb(sites) for _ in range(2)) for sites in (50, 300))  # a busy machine's threads take more now and then
    print(f"{few:.1f} MB, {many:.1f} MB")

    assert many <= 100
    assert many - few <= 8, "the findings of 250 sites alone would be 11 MB"
