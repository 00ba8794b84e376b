"""A person at a browser: headless Chromium, driven over the pipe that it has for that, so that nothing else need be installed."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts.picture import CHROMIUM
from tests.support import ROOT, wait_until

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


class Browser:
    """A tab.

    Args:
        to, back: descriptors of the pipe: messages are JSON, each ended by a zero byte (DevTools protocol).
    """

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back, self._waiting, self._last = to, back, b"", 0
        self.complaints: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session: str | None = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    _session: str | None = None

    def go(self, url: str) -> None:
        """Open a page, and wait until it is all there."""
        self._call("Page.navigate", url=url)
        self.settle()

    def settle(self) -> None:
        """Wait until the page is all there."""
        time.sleep(0.1)
        wait_until(lambda: self.ask("document.readyState === 'complete' && location.href !== 'about:blank'") is True)

    def ask(self, expression: str) -> Any:
        """Return what an expression, which may be a promise, comes to in the page."""
        said = self._call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in said, said
        return said["result"].get("value")

    def text(self, selector: str = "body") -> str:
        return str(self.ask(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def type(self, selector: str, text: str) -> None:
        """Put the cursor somewhere and type."""
        self.ask(f"document.querySelector({json.dumps(selector)}).focus()")
        self._call("Input.insertText", text=text)

    def click(self, selector: str) -> None:
        """Click in the middle of an element, as a mouse does."""
        where = self.ask(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center'}});"
            "const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self._call("Input.dispatchMouseEvent", type=kind, x=where[0], y=where[1], button="left", clickCount=1)
        self.settle()

    def prefer(self, scheme: str) -> None:
        """Prefer light or dark."""
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def resize(self, width: int, height: int) -> None:
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def without_script(self) -> None:
        self._call("Emulation.setScriptExecutionDisabled", value=True)

    def cookies(self) -> list[dict[str, Any]]:
        return list(self._call("Network.getCookies")["cookies"])

    def picture(self, target: Path) -> None:
        """Write a picture of the whole page."""
        import base64

        shot = self._call("Page.captureScreenshot", captureBeyondViewport=True)
        target.write_bytes(base64.b64decode(shot["data"]))

    def accessibility_complaints(self) -> list[Any]:
        """Return what axe-core complains of, of the page as it is shown, with everything unfolded."""
        self.ask("document.querySelectorAll('details').forEach(each => { each.open = true })")
        self.ask(AXE.read_text(encoding="utf-8") + "; true")
        passes, violations = self.ask(
            "axe.run().then(r => [r.passes.length, r.violations.map(v => [v.id, v.nodes[0].html, v.nodes[0].failureSummary])])"
        )
        assert passes > 10
        return list(violations)

    def _call(self, method: str, **parameters: Any) -> Any:
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._last:
                assert "error" not in answer, (method, answer)
                return answer["result"]
            self._note(answer)

    def _note(self, event: dict[str, Any]) -> None:
        """Keep what a page complains of: errors, and what its content security policy stopped."""
        if event.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(event["params"]["exceptionDetails"]))
        if event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] == "error":
            self.complaints.append(event["params"]["entry"]["text"])

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._waiting:
            data = os.read(self._back, 1_000_000)
            assert data, "the browser has ended"
            self._waiting += data
        message, _, self._waiting = self._waiting.partition(b"\0")
        return dict(json.loads(message))


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Run a browser whose profile lies in a folder."""
    in_read, in_write = os.pipe()
    out_read, out_write = os.pipe()
    # Chromium reads descriptor 3 and writes 4.
    script = f'exec 3<&{in_read} 4>&{out_write}; exec "$@"'
    flags = [flag for flag in CHROMIUM if "scale-factor" not in flag]
    command = ["bash", "-c", script, "bash", *flags, "--remote-debugging-pipe", f"--user-data-dir={folder / 'profile'}"]
    process = subprocess.Popen(
        command, pass_fds=(in_read, out_write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    os.close(in_read)
    os.close(out_write)
    try:
        yield Browser(in_write, out_read)
    finally:
        process.terminate()
        process.wait(20)
        os.close(in_write)
        os.close(out_read)
