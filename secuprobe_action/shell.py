"""The one shell around every command: inputs, masks, signals, how it ends, and the exit code."""

import traceback
from collections.abc import Callable, Mapping, Sequence

from secuprobe_action.clock import Clock, Deadline
from secuprobe_action.errors import ActionError, ApiError, Cancelled, ExitCode, InternalError
from secuprobe_action.findings.endings import Ending, Failed, Skipped, Stopped
from secuprobe_action.findings.model import Started
from secuprobe_action.findings.progress import Progress
from secuprobe_action.inputs import read_inputs, secrets_of
from secuprobe_action.places import Place, Places
from secuprobe_action.places.annotations import Annotations
from secuprobe_action.places.log_progress import LogProgress
from secuprobe_action.places.outputs import Outputs
from secuprobe_action.places.summary import Summary
from secuprobe_action.platforms.base import Platform
from secuprobe_action.platforms.desk import OVERTIME_S, Desk
from secuprobe_action.signals import Signals

_SKIP_ADVICE = (
    "For Dependabot, store the key among Dependabot's secrets as well. For forks, scan the site from a workflow on push or on a "
    "schedule instead. Do not switch to pull_request_target with a checkout of "
    "the pull request's code: that hands your secrets to whoever opens one."
)


SHOW_S = 20.0
"""For the check of a run that scans nothing: to import GitHub's library alone takes a busy machine seconds."""


class Shell:
    """Runs a command, and sees to it that it ends well, whatever happens.

    Args:
        platform: where it runs.
        clock: what it waits with.
        signals: what may cancel it.
        outputs: every output of the command, with what it is where nothing better is known.

    Attributes:
        places: where the run is shown; the command adds its own.
        started: the scan, once there is one.
        deadline: the time budget, once it is known; None before.
    """

    def __init__(self, platform: Platform, clock: Clock, signals: Signals, outputs: Mapping[str, str]) -> None:
        self.platform = platform
        self.clock = clock
        self.started: Started | None = None
        self.deadline: Deadline | None = None
        self._signals = signals
        self._began_at = clock.monotonic()
        self._secrets: Sequence[str] = ()
        first = (LogProgress(platform), Outputs(platform, outputs), Summary(platform), Annotations(platform))
        self.places = Places(platform, first, self.tell_fault)

    def run(
        self,
        defaults: Mapping[str, str],
        environment: Mapping[str, str],
        flags: Mapping[str, str | None],
        command: Callable[[Mapping[str, str]], Ending],
    ) -> ExitCode:
        """Run a command and show how it ended; return the exit code, whatever happens.

        Args:
            defaults: every input of the command with its default.
            environment: the process's environment.
            flags: the command line's values by input name; None where a flag wasn't given.
            command: takes the inputs as text and returns how it ended.
        """
        inputs = read_inputs(environment, self.platform.input_prefixes, flags, defaults)
        self._secrets = secrets_of(inputs)
        for secret in self._secrets:
            self.platform.mask(secret)
        ending = self._ending(command, inputs)
        self._signals.let_finish(ending.exit_code)
        sound = self.places.end(ending)
        # What passed and could not be shown is not told to have passed.
        return ending.exit_code if sound or ending.exit_code else ExitCode.SCAN_ERROR

    def skipped(self, inputs: Mapping[str, str], check: Callable[[Desk], Place]) -> Skipped | None:
        """Return why there is nothing to scan with, where the platform keeps secrets from this run; else None.

        Args:
            inputs: the command's inputs.
            check: returns the check, so that a required one isn't left missing where the token can write it; a fork's can't, and
                that is no news.
        """
        withheld = None if inputs["api_key"] else self.platform.secrets_withheld()
        if not withheld:
            return None
        if inputs["check_run"].lower() == "true" and inputs["github_token"]:
            self.begin_budget(SHOW_S)
            desk = self.desk(inputs["github_token"])
            self.places.add([check(desk)], desk)
        return Skipped(f"{withheld}, so there is no api_key and nothing was scanned", _SKIP_ADVICE)

    def desk(self, token: str | None, commit: str | None = None) -> Desk:
        """Return where the forge is asked.

        Args:
            token: the input github_token.
            commit: the input commit, or None for the event's.
        """
        platform = self.platform
        return Desk(lambda: platform.forge(token, commit), platform.forge_needs, self.clock, self.left_s)

    def begin_budget(self, budget_s: float) -> Deadline:
        """Return the time budget, which holds for the whole process; what outlives it is ended from outside."""
        self.deadline = Deadline(self.clock, budget_s, self._began_at)
        self._signals.end_after(self.deadline.remaining_s)
        return self.deadline

    def left_s(self) -> float:
        """Return how long may still be waited for what is shown over a network, in seconds; 0 or less where not at all."""
        return self.deadline.remaining_s + OVERTIME_S if self.deadline else OVERTIME_S

    def start(self, started: Started) -> None:
        """Take note of a scan and show that it has begun."""
        self.started = started
        self.places.start(started)

    def progress(self, progress: Progress) -> None:
        """Show how it stands; to be called at each change, and every `platform.beat_s` seconds of waiting."""
        self.places.progress(progress)

    def _ending(self, command: Callable[[Mapping[str, str]], Ending], inputs: Mapping[str, str]) -> Ending:
        try:
            return command(inputs)
        except ActionError as error:
            if isinstance(error, ApiError) and self.started:
                error.advice += (
                    f" Scan {self.started.scan_id} was started and goes on at SecuProbe: run the job again with the input "
                    f"scan_id: {self.started.scan_id}, which starts no new scan."
                )
            return Failed(error, self.started)
        except Cancelled as cancelled:
            return Stopped(cancelled, self.started)
        except Exception as error:  # noqa: BLE001  # a fault of ours must end as an error too, with outputs and an exit code
            self.tell_fault()
            return Failed(InternalError(f"The action itself failed with {type(error).__name__}."), self.started)

    def tell_fault(self) -> None:
        """Show the traceback of the exception that is being handled, without the secrets that it may hold."""
        trace = traceback.format_exc()
        for secret in self._secrets:
            trace = trace.replace(secret, "***")
        self.platform.info(trace)
