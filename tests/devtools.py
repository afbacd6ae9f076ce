"""A page in headless Chromium, driven through the browser's own protocol over a pair of pipes."""

import base64
import json
import os
import select
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.screenshot import OFFLINE, browser

TIMEOUT = 60  # seconds that an answer may take
# The browser reads commands from descriptor 3 and writes answers and events to 4.
START = 'commands=$1; answers=$2; shift 2; exec "$@" 3<&"$commands" 4>&"$answers"'


class Page:
    """The one page of a browser; `events` holds what it said by itself, `requests` what it asked for."""

    def __init__(self, commands: int, answers: int) -> None:
        self.commands, self.answers = commands, answers
        self.rest = b""
        self.events: list[dict[str, Any]] = []
        self.number = 0
        self.session: str | None = None
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a command; fails where the browser refuses it."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.commands, data) :]
        while (answer := self.receive()).get("id") != self.number:
            self.events.append(answer)
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    def receive(self) -> dict[str, Any]:
        """The next message of the browser."""
        pieces = [self.rest]
        while b"\0" not in pieces[-1]:
            readable, _, _ = select.select([self.answers], [], [], TIMEOUT)
            assert readable, "the browser says nothing more"
            pieces.append(os.read(self.answers, 1 << 20))
            assert pieces[-1], "the browser has ended"
        message, _, self.rest = b"".join(pieces).partition(b"\0")
        received: dict[str, Any] = json.loads(message)
        return received

    def open(self, path: Path) -> None:
        """Open a file and wait until its scripts have run."""
        self.events.clear()
        self.send("Page.navigate", url=path.resolve().as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.receive())

    def size(self, width: int, height: int, scale: float = 1, *, mobile: bool = False) -> None:
        """The size of the window, in CSS pixels."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=mobile,
        )

    def prefer(self, **features: str) -> None:
        """What the person prefers, such as prefers_color_scheme="dark"."""
        chosen = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.send("Emulation.setEmulatedMedia", features=chosen)

    def evaluate(self, expression: str) -> Any:
        """The value of an expression of JavaScript, awaited if it is a promise."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def mouse(self, kind: str, x: float, y: float) -> None:
        """Press, move or release the mouse: kind is mousePressed, mouseMoved or mouseReleased."""
        self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)

    def key(self, key: str, text: str = "", modifiers: int = 0) -> None:
        """Press and release a key; modifiers: 2 is Ctrl."""
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, text=text, modifiers=modifiers)

    def settle(self) -> None:
        """Wait until the page has shown what was done to it."""
        self.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def screenshot(self) -> bytes:
        """A PNG of the whole page."""
        return base64.b64decode(self.send("Page.captureScreenshot", captureBeyondViewport=True)["data"])

    def requests(self) -> list[str]:
        """The URLs that the page has asked for, its own included."""
        return [
            event["params"]["request"]["url"]
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
        ]

    def complaints(self) -> list[dict[str, Any]]:
        """What the page or the browser has written to the console."""
        kinds = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [event for event in self.events if event.get("method") in kinds]


@contextmanager
def chromium() -> Iterator[Page]:
    """A page of a browser without a window and without a network."""
    to_browser, commands = os.pipe()
    answers, from_browser = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [str(browser()), "--headless", *OFFLINE, "--remote-debugging-pipe", f"--user-data-dir={profile}"]
        process = subprocess.Popen(
            ["bash", "-c", START, "start", str(to_browser), str(from_browser), *command],
            pass_fds=(to_browser, from_browser),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        try:
            page = Page(commands, answers)
            yield page
            page.session = None
            page.send("Browser.close")
        finally:
            os.close(commands)
            os.close(answers)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
