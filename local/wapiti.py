#!/usr/local/bin/python3 -ISB
"""Wapiti as a program of the service image: its packages lie in a folder of their own."""

import sys

sys.path.insert(0, "/app/wapiti")

from wapitiCore.main.wapiti import wapiti_asyncio_wrapper

sys.exit(wapiti_asyncio_wrapper())
