"""Pure: what an answer says, as decoded JSON or as one of our errors, without secrets. It must not know of connections."""

import html
import json
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from secuprobe_action.api.exchange import Answer, Ask
from secuprobe_action.api.redaction import Redactor
from secuprobe_action.api.wire import LaunchedScan
from secuprobe_action.errors import (
    ApiError,
    BadRequest,
    Conflict,
    Forbidden,
    Intercepted,
    LegallyBlocked,
    NotFound,
    PaymentRequired,
    ProtocolError,
    RateLimited,
    RedirectRefused,
    ServerError,
    Unauthorized,
    UndecodableBody,
    UnexpectedStatus,
    Unprocessable,
)
from secuprobe_action.text import one_line

_ERRORS: dict[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    402: PaymentRequired,
    403: Forbidden,
    404: NotFound,
    422: Unprocessable,
    429: RateLimited,
    451: LegallyBlocked,
}
_REDIRECTS = (301, 302, 303, 307, 308)
_CHALLENGE = "cf-mitigated"
"""Cloudflare's word in a header that it answered in its customer's place (developers.cloudflare.com, "Detect a Challenge Page
response")."""

MAX_READ = 200_000
"""Bytes of an answer that an excerpt is made from."""

_Model = TypeVar("_Model", bound=BaseModel)


def decoded(answer: Answer, ask: Ask, redactor: Redactor) -> Any:
    """Return an answer's JSON, without secrets.

    Raises:
        ApiError: it isn't a success, isn't JSON, or isn't SecuProbe's.
    """
    request = str(ask)
    if answer.status in _REDIRECTS:
        raise RedirectRefused(_redirected(answer, ask, redactor), request=request, status=answer.status)
    try:
        data = redactor.answer(json.loads(answer.content, parse_constant=_refuse_constant))
    except (ValueError, RecursionError) as error:
        raise _not_json(answer, ask, redactor) from error
    if _CHALLENGE in answer.headers:
        raise _intercepted(answer, ask, redactor)
    if not 200 <= answer.status < 300:
        raise _error(answer, data, ask, redactor)
    return data


def understood(model: type[_Model], data: Any, ask: Ask, redactor: Redactor) -> _Model:
    """Return decoded JSON as what was expected.

    Raises:
        ProtocolError: it is something else.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, item['loc'])) or 'the whole'}: {item['msg']}" for item in error.errors(include_url=False)[:3]
        )
        excerpt = _excerpt(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"), redactor)
        raise ProtocolError(
            f"The answer to {ask} is not the {model.__name__} that was expected ({one_line(problems, 300)}): {excerpt}.",
            request=str(ask),
            status=200,
        ) from error


def _not_json(answer: Answer, ask: Ask, redactor: Redactor) -> ApiError:
    if answer.status == 429:
        return RateLimited(_said(answer, None, ask, redactor), request=str(ask), status=429)
    if answer.content.strip() and answer.content.lstrip()[:1] not in b"{[":
        return _intercepted(answer, ask, redactor)
    if 200 <= answer.status < 300:
        message = f"{ask} was answered with {answer.status}, but not with JSON: {_excerpt(answer.content, redactor)}."
        return UndecodableBody(message, request=str(ask), status=answer.status)
    return _error(answer, None, ask, redactor)


def _intercepted(answer: Answer, ask: Ask, redactor: Redactor) -> Intercepted:
    return Intercepted(
        f"Something in front of SecuProbe answered {ask} with {answer.status}, and not SecuProbe itself: "
        f"{_excerpt(answer.content, redactor)}.",
        request=str(ask),
        status=answer.status,
    )


def _error(answer: Answer, data: Any, ask: Ask, redactor: Redactor) -> ApiError:
    message = _said(answer, data, ask, redactor)
    if answer.status >= 500:
        return ServerError(message, request=str(ask), status=answer.status, own_words=_own_words(data) is not None)
    if answer.status == 409:
        return Conflict(message, request=str(ask), status=409, scan_id=_named_scan(data))
    return _ERRORS.get(answer.status, UnexpectedStatus)(message, request=str(ask), status=answer.status)


def _said(answer: Answer, data: Any, ask: Ask, redactor: Redactor) -> str:
    own = _own_words(data)
    text = _excerpt(answer.content, redactor) if own is None else one_line(own, 500)
    return f"SecuProbe answered {ask} with {answer.status}: {text.rstrip('.')}."


def _own_words(data: Any) -> str | None:
    """Return the message of the API's own error body, `{"error": "..."}` (API documentation, Error Codes); None of any other."""
    said = data.get("error") if isinstance(data, dict) else None
    return said if isinstance(said, str) and said.strip() else None


def _named_scan(data: Any) -> str | None:
    try:
        return LaunchedScan.model_validate(data).scan_id
    except ValidationError:
        return None


def _redirected(answer: Answer, ask: Ask, redactor: Redactor) -> str:
    target = _excerpt(answer.headers.get("Location", "").encode("utf-8", "replace"), redactor)
    return (
        f"{ask} was redirected ({answer.status}) to {target}. "
        "Redirects are not followed: the API key must not travel to another host."
    )


def _excerpt(content: bytes | bytearray, redactor: Redactor) -> str:
    """Return the beginning of an answer, on one line and quoted, to show what came instead."""
    # Whole, and without the escapes of HTML and JSON, before it is cut: else a secret is shown in part, or in another spelling.
    text = html.unescape(content[:MAX_READ].decode("utf-8", "replace")).replace("\\/", "/")
    text = redactor.text(text)
    return f"“{one_line(text, 160)}”" if text.strip() else "an empty answer"


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
