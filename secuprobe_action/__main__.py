"""The command line: scan (the default), domains, estate, serve, demo, demo-site. Imports only what the command at hand needs."""

import argparse
import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from secuprobe_action import __version__
from secuprobe_action.errors import ExitCode
from secuprobe_action.extra import needing_local
from secuprobe_action.signals import Signals

if TYPE_CHECKING:
    from secuprobe_action.shell import Shell

Command = Callable[[Sequence[str], Mapping[str, str]], int]


def scan(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the action."""
    signals = _signals()
    gc.disable()  # imports make no garbage, and looking for it is a tenth of the start-up
    from secuprobe_action import app, inputs, platforms  # noqa: F401  # what `_shell` needs, too
    from secuprobe_action.connecting import connect
    from secuprobe_action.places.outputs import SCAN_OUTPUTS

    gc.freeze()
    gc.enable()
    flags = inputs.parse_flags(
        arguments, _parser("scan", inputs.DEFAULTS, "Scan a URL with SecuProbe and gate on what it finds.")
    )
    return app.Run(_shell(environment, signals, SCAN_OUTPUTS), connect).main(environment, flags)


def domains(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """List the account's domains."""
    signals = _signals()
    from secuprobe_action import domains_command, inputs
    from secuprobe_action.connecting import connect

    parser = _parser("domains", inputs.DOMAIN_DEFAULTS, "List the domains of your SecuProbe account.")
    flags = inputs.parse_flags(arguments, parser)
    return domains_command.run(_shell(environment, signals, domains_command.OUTPUTS), connect, environment, flags)


def estate(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Scan many sites in one step."""
    signals = _signals()
    from secuprobe_action import estate_command, inputs
    from secuprobe_action.connecting import connect
    from secuprobe_action.places.outputs import ESTATE_OUTPUTS

    description = "Scan many sites with SecuProbe, and gate on what it finds in any of them."
    flags = inputs.parse_flags(arguments, _parser("estate", inputs.ESTATE_DEFAULTS, description))
    return estate_command.Run(_shell(environment, signals, ESTATE_OUTPUTS), connect).main(environment, flags)


def _signals() -> Signals:
    signals = Signals()
    signals.install()
    return signals


def _shell(environment: Mapping[str, str], signals: Signals, outputs: Mapping[str, str]) -> "Shell":
    from secuprobe_action import platforms
    from secuprobe_action.clock import SystemClock
    from secuprobe_action.shell import Shell

    return Shell(platforms.detect(environment, sys.stdout), SystemClock(signals.check), signals, outputs)


def _parser(command: str, defaults: Mapping[str, str], description: str) -> argparse.ArgumentParser:
    from secuprobe_action import inputs

    parser = argparse.ArgumentParser(
        f"secuprobe {command}",
        description=description,
        epilog="Each flag can be given as an environment variable instead: SECUPROBE_URL for --url. Give the key that way: "
        "a command line is visible to other processes. Exit codes: 0 passed, 1 gate failed, 2 invalid input, "
        "3 API or scan error, 130/143 cancelled.",
    )
    inputs.add_flags(parser, defaults)
    return parser


def serve(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Start the embedded SecuProbe."""
    with needing_local("serve"):
        from secuprobe_action.local import serve

    return serve.main(arguments, environment)


def demo(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the action against the embedded SecuProbe and a demo site."""
    with needing_local("demo"):
        from secuprobe_action.local.demo import command

    return command.main(arguments, environment)


def demo_site(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Serve the demo site alone."""
    with needing_local("demo-site"):
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
    if arguments and arguments[0] in ("-h", "--help"):
        print(
            f"commands: {', '.join(COMMANDS)}; `secuprobe COMMAND --help` describes one, and scan, the default, is this:\n",
            flush=True,
        )
    return scan(arguments, environment)


def run() -> None:
    """Run as a process: with output that takes any text, and an exit code for whatever happens."""
    from secuprobe_action.process import end_with

    end_with(lambda: main(sys.argv[1:], os.environ), os.environ)


if __name__ == "__main__":
    run()
