"""servers.py: the servers that are measured: how each is started, pinned and ended."""

import os
import pathlib
import signal
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]
PEERS = ROOT / "bench" / "peers"


class Failed(Exception):
    """One sentence: what could not be measured, and why."""


def cores():
    """The server's core and the load's; the same one where there is no other."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


class Places:
    """Where the built programs lie, and the certificate of the TLS rows."""

    def __init__(self, build):
        self.build = pathlib.Path(build).resolve()
        self.tools = self.build / "bench"
        self.certificate = self.tools / "certificate.pem"
        self.key = self.tools / "key.pem"

    def make_certificate(self):
        if self.key.exists() and self.certificate.exists():
            return
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
             "-nodes", "-subj", "/CN=localhost", "-days", "3650",
             "-keyout", str(self.key), "-out", str(self.certificate)],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def command(self, name, tls, deflate):
        """The command line of a server by its name."""
        secure = ["--tls-cert", str(self.certificate), "--tls-key", str(self.key)] if tls else []
        if name == "rill":
            return [str(self.build / "testserver"), "services", "--port", "0", "--io", "epoll",
                    "--quiet"] + secure
        compress = ["--deflate"] if deflate else []
        if name == "ws":
            return ["node", str(PEERS / "ws_echo.js")] + compress + secure
        if name in ("sockjs", "socketio"):
            return ["node", str(PEERS / f"{name}_echo.js")]
        if name == "lws":
            return [str(self.tools / "lws_echo")] + compress + secure
        return [str(self.tools / name)]


class Server:
    """A running server, on the server's core. With wrap, under another program (valgrind)."""

    def __init__(self, places, name, tls=False, deflate=False, wrap=(), environment=None):
        self.name = name
        command = ["taskset", "-c", str(cores()[0])] + list(wrap) + places.command(name, tls, deflate)
        self.log = open(places.tools / f"{name}.log", "w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True,
                                        env={**os.environ, **(environment or {})})
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            self.stop()
            self.log.seek(0)
            raise Failed(f"{name} does not start: {self.log.read()[-200:].strip()}")
        self.port = int(line.rsplit(":", 1)[1])

    @property
    def pid(self):
        # taskset becomes the program it starts.
        return self.process.pid

    def stop(self):
        """Ends it and waits; what it said on standard error."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.log.closed:
            self.stop()
            self.log.close()
