"""A page in Debian's Chromium, driven over a pipe: what it shows, what it asks the network for, what it complains about."""

import base64
import json
import os
import select
import subprocess
import time


class Browser:
    """One headless Chromium with one page; ends with the `with` block."""

    def __init__(self, profile):
        self.requests = []
        self.complaints = []
        self._n = 0
        self._rest = b""
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()

        def only_pipes():
            # Chromium reads commands from descriptor 3 and answers on 4.
            reading, writing = os.dup(to_read), os.dup(to_write)
            os.dup2(reading, 3)
            os.dup2(writing, 4)

        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        self._process = subprocess.Popen(
            ["chromium", "--headless=new", "--remote-debugging-pipe", "--disable-gpu", "--disable-dev-shm-usage"]
            + ["--no-first-run", "--disable-background-networking", f"--user-data-dir={profile}"]
            + ["--window-size=1200,900", *sandbox, "about:blank"],
            preexec_fn=only_pipes,
            close_fds=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        self._session = None

    def __enter__(self):
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._ask(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()

    def open(self, path):
        """Loads a local page and waits until it is there."""
        self._ask("Page.navigate", url=path.as_uri())
        for _ in range(100):
            if self.run("document.readyState") == "complete" and self.run("location.protocol") == "file:":
                return
            time.sleep(0.1)
        raise RuntimeError("the page does not load")

    def run(self, expression):
        """The value of an expression in the page."""
        answer = self._ask("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']['text']}")
        return answer["result"].get("value")

    def dark(self, is_dark):
        """What the page is told of the colours that its reader likes."""
        value = "dark" if is_dark else "light"
        self._ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": value}])

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self._ask("Page.captureScreenshot")["data"]))

    def _ask(self, method, **params):
        self._n += 1
        message = {"id": self._n, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + 30
        while True:
            answer = self._next(end)
            if answer.get("id") == self._n:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self._note(answer)

    def _note(self, event):
        method, params = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Log.entryAdded":
            self.complaints.append(params["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(params["exceptionDetails"]["text"])
        elif method == "Page.javascriptDialogOpening":
            self.complaints.append("a dialog")

    def _next(self, end):
        while b"\0" not in self._rest:
            if not select.select([self._from], [], [], max(0, end - time.monotonic()))[0]:
                raise RuntimeError("Chromium does not answer")
            piece = os.read(self._from, 1 << 20)
            if not piece:
                raise RuntimeError("Chromium ended")
            self._rest += piece
        answer, self._rest = self._rest.split(b"\0", 1)
        return json.loads(answer)
