"""The embedded SecuProbe: the documented API on loopback, for the demo and the tests. Never in the image (extra `local`)."""
