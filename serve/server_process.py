"""A running `brink serve` for tests: started on a port of its own, watched from outside, ended and waited for."""

import json
import os
import pathlib
import re
import signal
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading


class Certificate:
    """One that the system's OpenSSL has signed itself: .arguments for the server, .context for clients."""

    def __init__(self, folder):
        certificate, key = f"{folder}/cert.pem", f"{folder}/key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        self.arguments = ["--tls-cert", certificate, "--tls-key", key]
        self.context = ssl.create_default_context(cafile=certificate)

    @staticmethod
    def can_be_made():
        return shutil.which("openssl") is not None


def receive_all(connection, limit=1 << 24):
    """What comes until the server closes; a reset counts as closing."""
    received = b""
    try:
        while len(received) < limit:
            part = connection.recv(65536)
            if not part:
                break
            received += part
    except (ConnectionError, ssl.SSLError):
        pass
    return received


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else None


class ServerProcess:
    """`with ServerProcess(BRINK, arguments…) as server:`; .port, .admin_port (None without --admin), .log()."""

    def __init__(self, brink, *arguments, environment=None, certificate=None):
        self.certificate = certificate
        if certificate:
            arguments = (*arguments, *certificate.arguments)
        self.access_log = tempfile.NamedTemporaryFile(prefix="brink-access-")
        command = [str(brink), "serve", "--addr", "127.0.0.1:0", "--access-log", self.access_log.name, *map(str, arguments)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, env=environment)
        self.errors = []
        self.port = self._port_of("listening on")
        self.admin_port = self._port_of("admin on") if "--admin" in arguments else None
        self.reader = threading.Thread(target=self._drain, daemon=True)
        self.reader.start()

    def _port_of(self, words):
        for line in self.process.stderr:
            text = line.decode(errors="replace")
            if text.startswith(words):
                return int(re.search(r":(\d+)/?\s*$", text).group(1))
            self.errors.append(text)
        raise AssertionError("the server did not start: " + "".join(self.errors))

    def _drain(self):
        for line in self.process.stderr:
            self.errors.append(line.decode(errors="replace"))
            del self.errors[:-200]

    def connect_plain(self, timeout=60):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def connect(self, timeout=60, receive_buffer=None):
        """With a certificate: after the handshake."""
        connection = socket.socket()
        connection.settimeout(timeout)
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.connect(("127.0.0.1", self.port))
        if self.certificate is None:
            return connection
        return self.certificate.context.wrap_socket(connection, server_hostname="127.0.0.1")

    def descriptors(self, kind=""):
        """How many descriptors it has open; of a kind, such as "socket:"."""
        folder, count = f"/proc/{self.process.pid}/fd", 0
        for name in os.listdir(folder):
            try:
                count += os.readlink(f"{folder}/{name}").startswith(kind)
            except FileNotFoundError:
                pass
        return count

    def status(self, field):
        """A number of /proc/PID/status: VmRSS, VmHWM (KiB), Threads."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+)", text, re.MULTILINE).group(1))

    def log(self):
        """The lines of the access log so far."""
        with open(self.access_log.name, "rb") as file:
            return [json.loads(line) for line in file.read().decode().splitlines() if line.endswith("}")]

    def stop(self):
        """→ the exit code after SIGTERM."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=120)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stderr.close()
        self.access_log.close()
