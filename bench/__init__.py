"""Benchmarks; `make help` lists them, docs/benchmarks.md has their figures."""
