#!/usr/bin/env python3
"""The container's entry point."""

from secuprobe_action.__main__ import run

if __name__ == "__main__":
    run()
