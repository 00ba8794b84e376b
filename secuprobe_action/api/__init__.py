"""The SecuProbe API. It must not know which CI system it runs in."""
