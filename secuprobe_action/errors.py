"""Every error a user can meet: what happened, what to do about it, and the exit code it ends in."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from secuprobe_action.text import one_line


class ExitCode(IntEnum):
    """How the process ends; part of the documented interface."""

    PASSED = 0
    GATE_FAILED = 1
    INPUT_ERROR = 2
    SCAN_ERROR = 3
    INTERRUPTED = 130
    TERMINATED = 143


class ActionError(Exception):
    """Something the user can act on.

    Args:
        message: what happened and why.
        advice: what to do next, in whole sentences.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.SCAN_ERROR
    title: ClassVar[str] = "SecuProbe scan error"
    default_advice: ClassVar[str] = ""

    def __init__(self, message: str, advice: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.advice = self.default_advice if advice is None else advice

    def __str__(self) -> str:
        return f"{self.message}\n{self.advice}" if self.advice else self.message


@dataclass(frozen=True)
class Mistake:
    """One input that can't be used.

    Args:
        input: the input's name.
        given: what was given, or None where it may not be repeated.
        accepted: what is accepted instead.
    """

    input: str
    given: str | None
    accepted: str

    def __str__(self) -> str:
        given = "" if self.given is None else f" was given {one_line(self.given, 200)!r};"
        return f"{self.input}:{given} {self.accepted}"


class InputError(ActionError):
    """The inputs can't be used; carries every mistake, not just the first."""

    exit_code = ExitCode.INPUT_ERROR
    title = "SecuProbe: invalid input"

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        lines = [str(mistake) for mistake in self.mistakes]
        if len(lines) > 1:
            lines = [f"{len(lines)} inputs can't be used:", *(f"- {line}" for line in lines)]
        super().__init__("\n".join(lines), advice="")


class ApiError(ActionError):
    """The SecuProbe API did not do what it was asked.

    Args:
        message: what happened.
        advice: what to do next; by default, what the API's documentation advises.
        request: the request it came from, as `METHOD path`.
        status: the HTTP status, or None where there was no answer.
    """

    title = "SecuProbe API error"

    def __init__(self, message: str, advice: str | None = None, *, request: str = "", status: int | None = None) -> None:
        super().__init__(message, advice)
        self.request = request
        self.status = status


class BadRequest(ApiError):
    """400."""

    default_advice = "Check the request's parameters: is the url complete, public and spelled as in your SecuProbe account?"


class Unauthorized(ApiError):
    """401."""

    default_advice = (
        "Verify that the API key is valid and active (SecuProbe dashboard, Settings, API), "
        "and that the api_key input reads the secret it is stored in."
    )


class Forbidden(ApiError):
    """403."""

    default_advice = (
        "The action requires a higher plan (the API needs Pro or Enterprise), "
        "or a scope that this key doesn't have (scans:create, scans:read, domains:read)."
    )


class NotFound(ApiError):
    """404."""

    default_advice = "The resource does not exist or is not yours: check scan_id and url, and which account the key belongs to."


class PaymentRequired(ApiError):
    """402."""

    default_advice = "The account can't pay for another scan: look at its plan and its scans left in the SecuProbe dashboard."


class Conflict(ApiError):
    """409.

    Args:
        scan_id: the scan that stands in the way, where the answer names it.
    """

    default_advice = "Wait for the scan that runs already to end, or attach to it with the input scan_id."

    def __init__(
        self, message: str, advice: str | None = None, *, request: str = "", status: int | None = None, scan_id: str | None = None
    ) -> None:
        super().__init__(message, advice, request=request, status=status)
        self.scan_id = scan_id


class Unprocessable(ApiError):
    """422."""

    default_advice = "SecuProbe understood the request and can't scan this url: is it complete, public, and answering?"


class LegallyBlocked(ApiError):
    """451."""

    default_advice = "SecuProbe may not scan this url, or not from where you are. Contact SecuProbe's support."


class RateLimited(ApiError):
    """429."""

    default_advice = (
        "Slow down: the limit is per API key and minute (OneShot 20, Pro 60, Enterprise 200), shared by all jobs that use the "
        "key. Run fewer jobs at once or raise the timeout."
    )


class ServerError(ApiError):
    """5xx.

    Args:
        own_words: whether the answer is the API's own error, so that the request surely came to nothing.
    """

    default_advice = "SecuProbe had a problem of its own. Run the job again later; if it lasts, contact SecuProbe's support."

    def __init__(
        self, message: str, advice: str | None = None, *, request: str = "", status: int | None = None, own_words: bool = False
    ) -> None:
        super().__init__(message, advice, request=request, status=status)
        self.own_words = own_words


class Intercepted(ApiError):
    """An answer that isn't SecuProbe's: something in front of it answered. Whether the request went any further isn't known."""

    default_advice = (
        "A proxy, a firewall, a challenge page or a maintenance page answered in SecuProbe's place: see what it says, have it "
        "let this machine through to the API, and check the api_url input."
    )


class UnexpectedStatus(ApiError):
    """A status that the API's documentation doesn't know."""

    default_advice = "Check the api_url input, and whether a proxy answered instead of SecuProbe."


class TransportError(ApiError):
    """There was no whole answer.

    Args:
        sent: whether the request may have reached the server.
        permanent: whether trying again is pointless (a certificate that isn't trusted, say).
    """

    default_advice = "Check that this machine reaches the API (firewall, proxy, DNS) and that the api_url input is right."

    def __init__(
        self, message: str, advice: str | None = None, *, request: str = "", sent: bool, permanent: bool = False
    ) -> None:
        super().__init__(message, advice, request=request)
        self.sent, self.permanent = sent, permanent


class ProtocolError(ApiError):
    """An answer that can't be understood."""

    default_advice = "Check the api_url input, and whether a proxy answered instead of SecuProbe."


class UndecodableBody(ProtocolError):
    """An answer whose body isn't what its status promised: cut off, or not JSON."""


class TooLarge(ProtocolError):
    """An answer beyond all measure."""


class RedirectRefused(ProtocolError):
    """A redirect; not followed, because the API key must not travel to another host."""

    default_advice = "Set the api_url input to the API's final address."


class OutOfTime(ApiError):
    """The time budget does not allow another try."""

    default_advice = "Raise the timeout input."


class LaunchUncertain(ApiError):
    """The scan's launch was sent but its answer is lost: a scan may be running."""


class ScanError(ActionError):
    """The scan did not come to a result that a gate could judge."""


class ScanFailed(ScanError):
    """SecuProbe ended the scan as failed."""

    title = "SecuProbe scan failed"


class ScanTimedOut(ScanError):
    """The scan wasn't finished within the time budget."""

    title = "SecuProbe scan timed out"


class WrongSite(ScanError):
    """A scan that was named is one of another site: what it found says nothing of this one."""

    title = "SecuProbe: another site's scan"
    default_advice = "Check the inputs scan_id, baseline and url. Nothing was launched."


class NotCompared(ScanError):
    """The findings could not be compared with the baseline, and would not pass without it."""

    title = "SecuProbe gate could not be evaluated"


class NothingToJudge(ScanError):
    """The scan is complete, but what was found is not known; passing would be a guess."""

    title = "SecuProbe gate could not be evaluated"


class InternalError(ActionError):
    """A fault of the action's own."""

    title = "SecuProbe: internal error"
    default_advice = "Report it at https://github.com/Garconposey/secuprobe-scan-action/issues with the traceback from the log."


class Cancelled(BaseException):
    """The process was told to end by a signal. Not an Exception: no library may take it for a fault of its own.

    Args:
        signal_number: SIGINT or SIGTERM.

    Attributes:
        in_launch: whether it hit the request that launches a scan, so that one may be running whose id is not known.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.in_launch = False
        self.exit_code = ExitCode(128 + signal_number)
