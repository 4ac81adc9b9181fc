"""Headless Chromium by the DevTools protocol over a pipe: what a page shows, asks for and complains about.

    https://chromedevtools.github.io/devtools-protocol/    messages are JSON, each ended by a zero byte, on the
                                                           descriptors 3 (to the browser) and 4 (from it)
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
ABSENT = f"no browser is installed ({', '.join(NAMES)})"
_PATIENCE = 60.0  # seconds for one answer
_SETTINGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--mute-audio",
    "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip


class Browser:
    """One running browser with one tab; `events` are the notifications since they were last forgotten."""

    def __init__(self, folder: str) -> None:
        # high numbers first, so that neither end is overwritten when it becomes descriptor 3 or 4
        (read, self._write), (self._read, write) = (tuple(fcntl.fcntl(d, fcntl.F_DUPFD_CLOEXEC, 20) for d in ends)
                                                    for ends in (_pipe(), _pipe()))  # fmt: skip
        quiet = os.open(os.devnull, os.O_RDWR)
        actions = [(os.POSIX_SPAWN_DUP2, quiet, k) for k in (0, 1, 2)]
        actions += [(os.POSIX_SPAWN_DUP2, read, 3), (os.POSIX_SPAWN_DUP2, write, 4)]
        command = [str(BROWSER), *_SETTINGS, f"--user-data-dir={folder}", "about:blank"]
        self._process = os.posix_spawn(command[0], command, os.environ, file_actions=actions, setpgroup=0)
        for descriptor in (quiet, read, write):
            os.close(descriptor)
        self._number, self._buffer, self._session = 0, b"", ""
        self.events: list[tuple[str, dict[str, Any]]] = []
        tab = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=tab["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "DOM", "CSS"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The answer to one command."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._write, data) :]
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return dict(answer["result"])

    def wait_for(self, event: str) -> None:
        """Read until an event has been seen."""
        while not any(name == event for name, _ in self.events):
            self._next()

    def _next(self) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(deadline - time.monotonic(), 0.0))
            part = os.read(self._read, 1 << 20) if ready else b""
            assert part, "the browser says nothing" if not ready else "the browser has ended"
            self._buffer += part
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if "method" in message:
            self.events.append((message["method"], message.get("params", {})))
        return message

    def open(self, page: Path, width: int, dark: bool = False, media: str = "screen") -> None:
        """Load a page of the file system in a window of some width; below 600 pixels it is a phone's."""
        self.events.clear()
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1,
                  mobile=width < 600)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.call("Page.navigate", url=page.absolute().as_uri())
        self.wait_for("Page.loadEventFired")

    def value(self, expression: str) -> Any:
        """What an expression of JavaScript gives in the page; the tool evaluates it, not the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def complaints(self) -> list[str]:
        """What the page wrote on the console or the browser logged about it."""
        self.value("0")  # what was logged before has come by then
        kinds = {"Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"}
        return [json.dumps(p)[:500] for name, p in self.events if name in kinds]

    def requests(self) -> list[str]:
        """The addresses that were asked for, data within the page left out."""
        sent = [p["request"]["url"] for name, p in self.events if name == "Network.requestWillBeSent"]
        return [url for url in sent if not url.startswith("data:")]

    def picture(self, target: Path, height: int | None = None) -> None:
        """The whole page, or its first `height` pixels, as PNG."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], height or 1e9), "scale": 1}
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        target.write_bytes(base64.b64decode(shot["data"]))

    def printed(self) -> bytes:
        """The page as PDF on A4 paper."""
        paper = self.call("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, printBackground=False)
        return base64.b64decode(paper["data"])

    def end(self) -> None:
        """Ask the browser to go, and see that it has."""
        with contextlib.suppress(AssertionError, OSError):
            self.call("Browser.close")
        deadline = time.monotonic() + 5.0
        while os.waitpid(self._process, os.WNOHANG)[0] == 0:
            if time.monotonic() > deadline:
                os.killpg(self._process, signal.SIGKILL)
                os.waitpid(self._process, 0)
                break
            time.sleep(0.02)
        os.close(self._read)
        os.close(self._write)


def _pipe() -> tuple[int, int]:
    return os.pipe()


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """A browser with a profile of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        running = Browser(folder)
        try:
            yield running
        finally:
            running.end()
