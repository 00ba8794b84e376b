"""What an estate holds in memory hardly grows with its sites: each one's findings go when its reports are written."""

import sys

import pytest

from bench.memory import peak_mb


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_three_hundred_sites_take_hardly_more_memory_than_fifty() -> None:
    few, many = peak_mb(50), peak_mb(300)
    print(f"{few:.1f} MB, {many:.1f} MB")

    assert many <= 100
    assert many - few <= 8, "30 findings of 250 sites are some 7 MB as text, and several times that as objects"
