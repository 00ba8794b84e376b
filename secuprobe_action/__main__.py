"""The command line: scan (the default), domains, estate, serve, demo, demo-site. Imports only what the command at hand needs."""

import argparse
import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence

from secuprobe_action import __version__
from secuprobe_action.errors import Cancelled, ExitCode
from secuprobe_action.signals import Signals

Command = Callable[[Sequence[str], Mapping[str, str]], int]


def scan(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the action."""
    signals = Signals()
    signals.install()
    gc.disable()  # imports make no garbage, and looking for it is a tenth of the start-up
    try:
        from secuprobe_action import app, platforms, settings
        from secuprobe_action.clock import SystemClock
        from secuprobe_action.connecting import connect

        gc.freeze()
        gc.enable()
        parser = argparse.ArgumentParser(
            "secuprobe_action scan",
            description="Scan a URL with SecuProbe and gate on what it finds.",
            epilog="Each flag can be given as an environment variable instead: SECUPROBE_URL for --url. Give the key that way: "
            "a command line is visible to other processes. Exit codes: 0 passed, 1 gate failed, 2 invalid input, "
            "3 API or scan error, 130/143 cancelled.",
        )
        settings.add_flags(parser)
        flags = settings.parse_flags(arguments, parser)
        run = app.Run(platforms.detect(environment, sys.stdout), SystemClock(), signals, connect)
        return run.main(environment, flags)
    except Cancelled as cancelled:  # before the run began: there is nothing to report
        return cancelled.exit_code


def domains(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """List the account's domains."""
    signals = Signals()
    signals.install()
    try:
        from secuprobe_action import domains, platforms, settings
        from secuprobe_action.clock import SystemClock
        from secuprobe_action.connecting import connect

        parser = argparse.ArgumentParser("secuprobe_action domains", description="List the domains of your SecuProbe account.")
        settings.add_flags(parser, settings.DOMAIN_DEFAULTS)
        flags = settings.parse_flags(arguments, parser)
        return domains.run(platforms.detect(environment, sys.stdout), SystemClock(), connect, environment, flags)
    except Cancelled as cancelled:  # before the run began: there is nothing to report
        return cancelled.exit_code


def estate(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Show the JSON reports of many sites in one overview."""
    from secuprobe_action import estate, platforms, settings
    from secuprobe_action.clock import SystemClock

    parser = argparse.ArgumentParser("secuprobe_action estate", description="Show the scans of many sites in one overview.")
    settings.add_flags(parser, settings.ESTATE_DEFAULTS)
    flags = settings.parse_flags(arguments, parser)
    return estate.run(platforms.detect(environment, sys.stdout), SystemClock(), environment, flags)


def serve(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Start the embedded SecuProbe."""
    from secuprobe_action.local import serve

    return serve.main(arguments, environment)


def demo(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the action against the embedded SecuProbe and a demo site."""
    from secuprobe_action.local import demo

    return demo.main(arguments, environment)


def demo_site(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Serve the demo site alone."""
    from secuprobe_action.local import serve

    return serve.demo_site(arguments, environment)


COMMANDS: Mapping[str, Command] = {
    "scan": scan,
    "domains": domains,
    "estate": estate,
    "serve": serve,
    "demo": demo,
    "demo-site": demo_site,
}


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command that the first argument names, `scan` where it names none, and return the exit code."""
    if arguments and arguments[0] == "--version":
        print(__version__)
        return ExitCode.PASSED
    if arguments and arguments[0] in COMMANDS:
        return COMMANDS[arguments[0]](arguments[1:], environment)
    return scan(arguments, environment)


def run() -> None:
    """Run as a process: with output that takes any text, and an exit code for whatever happens."""
    from secuprobe_action.process import end_with

    end_with(lambda: main(sys.argv[1:], os.environ), os.environ)


if __name__ == "__main__":
    run()
