"""The service image's entry point: its health check asks where the server listens."""

import importlib.util

import pytest

from tests.support import ROOT


@pytest.mark.parametrize(
    ("added", "address"),
    [
        ((), ("127.0.0.1", 8080)),
        (("--allow-public",), ("127.0.0.1", 8080)),
        (("--limit", "5", "--port", "9000"), ("127.0.0.1", 9000)),
        (("--port=9000", "--host=10.0.0.2"), ("10.0.0.2", 9000)),
    ],
)
@pytest.mark.parametrize("before", [(), ("/sbin/docker-init", "--")])
def test_the_health_check_asks_where_the_last_arguments_have_it_listen(
    before: tuple[str, ...], added: tuple[str, ...], address: tuple[str, int]
) -> None:
    spec = importlib.util.spec_from_file_location("service", ROOT / "local" / "service.py")
    assert spec is not None
    assert spec.loader is not None
    service = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(service)
    own = ("python3", "-ISB", "/app/service.py", "--host", "0.0.0.0", "--port", "8080", "--data", "/data")

    assert service.address([*before, *own, *added, ""]) == address
