"""`brink serve` as a whole, over real sockets: python3 serve_test.py BRINK GUEST.wasm

Nothing here fails because a machine is slow: what must happen is waited for, with limits that only a hang reaches.
"""

import http.client
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

BRINK = ""
GUEST = ""
PATIENCE = 120


class Server:
    """A running server; its logs are files."""

    def __init__(self, *options, file=True, wait=True, environment=None):
        self.folder = tempfile.TemporaryDirectory(prefix="brink-serve-")
        self.path = pathlib.Path(self.folder.name)
        self.access_path = self.path / "access.log"
        self.error_path = self.path / "error.log"
        command = [BRINK, "serve", "--addr", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--access-log", str(self.access_path),
                   *options]
        if file:
            command.append(GUEST)
        self.error_file = open(self.error_path, "wb")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.error_file,
                                        env=environment)
        if wait:
            self.port = self.find_port("listening on https?://127.0.0.1:")
            self.admin = self.find_port("admin on http://127.0.0.1:")

    def find_port(self, before):
        return int(eventually(lambda: re.search(before + r"(\d+)\n", self.errors())).group(1))

    def errors(self):
        if self.process.poll() is not None and self.process.returncode != 0:
            raise AssertionError("the server has ended: " + self.error_path.read_text())
        return self.error_path.read_text()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.error_file.close()
        self.folder.cleanup()

    def access(self):
        lines = self.access_path.read_text().splitlines() if self.access_path.exists() else []
        return [json.loads(line) for line in lines]

    def logged(self, condition):
        """The first line of the access log that fits, when it is there."""
        return eventually(lambda: next((line for line in self.access() if condition(line)), None))

    def error_lines(self):
        return [json.loads(line) for line in self.errors().splitlines() if line.startswith("{")]

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def get(self, target, method="GET", body=None, headers={}):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            client.request(method, target, body=body, headers=headers, encode_chunked="Transfer-Encoding" in headers)
            response = client.getresponse()
            response.text = response.read()
            return response
        finally:
            client.close()

    def metric(self, line):
        client = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=PATIENCE)
        client.request("GET", "/metrics")
        text = client.getresponse().read().decode()
        client.close()
        found = re.search("^" + re.escape(line) + r" (\S+)$", text, re.MULTILINE)
        return float(found.group(1)) if found else None


def eventually(condition):
    end = time.monotonic() + PATIENCE
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError("it did not happen")
        time.sleep(0.01)


def read_all(connection):
    data = b""
    while True:
        try:
            part = connection.recv(65536)
        except ConnectionResetError:
            return data
        if not part:
            return data
        data += part


def exchange(server, request):
    """Sends bytes, and all that comes back until the server closes."""
    with server.connect() as connection:
        connection.sendall(request)
        return read_all(connection)


def status_of(response):
    return int(response.split(b" ", 2)[1]) if response.startswith(b"HTTP/1.1 ") else None


class Basics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.data = tempfile.TemporaryDirectory(prefix="brink-data-")
        (pathlib.Path(cls.data.name) / "a.txt").write_text("content\n")
        (pathlib.Path(cls.data.name) / "secret").write_text("s3cret\n")
        cls.server = Server("--env", "MODE=fast", "--secret", f"TOKEN={cls.data.name}/secret", "--dir", f"{cls.data.name}::/data",
                            "--route", f"/sub={GUEST}")

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.data.cleanup()

    def test_hello(self):
        response = self.server.get("/")
        self.assertEqual((response.status, response.text), (200, b"hello\n"))
        self.assertEqual(response.getheader("Content-Type"), "text/plain")
        self.assertEqual(response.getheader("Content-Length"), "6")
        self.assertRegex(response.getheader("Date"), r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")

    def test_environment(self):
        response = self.server.get("/env?a=1&b=%20", headers={"X-Own": "v", "Proxy": "evil", "Authorization": "Bearer x"})
        variables = dict(line.split("=", 1) for line in response.text.decode().splitlines())
        self.assertEqual(variables["REQUEST_METHOD"], "GET")
        self.assertEqual(variables["QUERY_STRING"], "a=1&b=%20")
        self.assertEqual(variables["PATH_INFO"], "/env")
        self.assertEqual(variables["SCRIPT_NAME"], "")
        self.assertEqual(variables["SERVER_PORT"], str(self.server.port))
        self.assertEqual(variables["REMOTE_ADDR"], "127.0.0.1")
        self.assertEqual(variables["HTTP_X_OWN"], "v")
        self.assertEqual(variables["HTTP_AUTHORIZATION"], "Bearer x")
        self.assertEqual(variables["MODE"], "fast")
        self.assertEqual(variables["TOKEN"], "s3cret")
        self.assertNotIn("HTTP_PROXY", variables)
        self.assertNotIn("PATH", variables)
        self.assertNotIn("CONTENT_LENGTH", variables)

    def test_routes(self):
        response = self.server.get("/sub/env")
        self.assertIn(b"SCRIPT_NAME=/sub\nPATH_INFO=/env\n", response.text)
        self.assertEqual(self.server.get("/sub/../sub/x").text, b"hello\n")

    def test_folders_are_read_only(self):
        self.assertEqual(self.server.get("/file?a.txt").text, b"content\nwritable: no\n")
        self.assertEqual(self.server.get("/file?../secret").status, 404)

    def test_every_request_has_a_fresh_instance(self):
        client = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        for _ in range(50):
            client.request("GET", "/calls")
            self.assertEqual(client.getresponse().read(), b"1\n")
        client.close()

    def test_bodies_of_all_sizes_come_back(self):
        for size in (0, 1, 1023, 16384, 16385, 100_000, 3_000_000):
            body = os.urandom(size)
            self.assertEqual(self.server.get("/echo", "POST", body).text, body, size)
            pieces = [body[i:i + 7777] for i in range(0, size, 7777)]
            response = self.server.get("/echo", "POST", iter(pieces), {"Transfer-Encoding": "chunked"})
            self.assertEqual(response.text, body, size)

    def test_a_body_that_nobody_reads(self):
        with self.server.connect() as connection:
            # Small: skipped, and the connection goes on.
            connection.sendall(b"POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000 +
                               b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            data = read_all(connection)
            self.assertEqual(data.count(b"HTTP/1.1 200 OK"), 2)
        # Large: the answer comes, and the connection ends.
        data = exchange(self.server, b"POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000000)
        self.assertEqual(status_of(data), 200)
        self.assertIn(b"Connection: close", data)

    def test_pipelined_requests_are_answered_in_order(self):
        requests = b"".join(b"POST /env?%d HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" % i for i in range(100))
        data = exchange(self.server, requests + b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        found = re.findall(rb"QUERY_STRING=(\d+)\n", data)
        self.assertEqual([int(i) for i in found], list(range(100)))

    def test_a_request_that_comes_byte_by_byte(self):
        with self.server.connect() as connection:
            for byte in b"\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: x\r\n\r\n":
                connection.sendall(bytes([byte]))
            data = read_all(connection)
        self.assertEqual(status_of(data), 200)
        # Whole, or in chunks, as the bytes came.
        self.assertEqual(re.sub(rb"\r\n|[0-9]", b"", data.partition(b"\r\n\r\n")[2]), b"abc")

    def test_head(self):
        data = exchange(self.server, b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        self.assertEqual(status_of(data), 200)
        self.assertTrue(data.endswith(b"\r\n\r\n"))
        self.assertNotIn(b"hello", data)

    def test_http_1_0(self):
        data = exchange(self.server, b"GET / HTTP/1.0\r\n\r\n")
        self.assertEqual(status_of(data), 200)
        self.assertIn(b"Connection: close", data)
        self.assertNotIn(b"chunked", exchange(self.server, b"GET /zeros?100000 HTTP/1.0\r\n\r\n"))
        self.assertEqual(len(exchange(self.server, b"GET /zeros?100000 HTTP/1.0\r\n\r\n").split(b"\r\n\r\n", 1)[1]), 100000)

    def test_expect_100_continue(self):
        with self.server.connect() as connection:
            connection.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n")
            interim = connection.recv(25, socket.MSG_WAITALL)
            self.assertEqual(interim, b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.sendall(b"abc")
            self.assertIn(b"abc", read_all(connection))
        # Who does not read the body does not ask for it.
        data = exchange(self.server, b"POST /ignore HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        self.assertEqual(status_of(data), 200)
        self.assertIn(b"Connection: close", data)

    def test_the_response_streams(self):
        with self.server.connect() as connection:
            connection.sendall(b"GET /pieces HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            data = b""
            while b"piece 0" not in data:
                data += connection.recv(65536)
            self.assertNotIn(b"piece 2", data)  # which is written a tenth of a second later
            data += read_all(connection)
        self.assertIn(b"Transfer-Encoding: chunked", data)
        self.assertTrue(data.endswith(b"0\r\n\r\n"))

    def test_statuses_and_headers(self):
        def raw(text):
            return self.server.get("/raw?" + urllib.parse.quote(text))
        response = raw("Status: 201 Made\nX-A: b\nContent-Type: a/b\n\nbody")
        self.assertEqual((response.status, response.reason, response.getheader("X-A"), response.text), (201, "Made", "b", b"body"))
        response = raw("Location: http://example.com/x\n\n")
        self.assertEqual((response.status, response.getheader("Location")), (302, "http://example.com/x"))
        response = raw("Status: 204\n\n")
        self.assertEqual((response.status, response.text), (204, b""))
        self.assertIsNone(response.getheader("Content-Length"))
        response = raw("Location: /env?from=here\n\n")
        self.assertEqual(response.status, 200)
        self.assertIn(b"QUERY_STRING=from=here\n", response.text)
        self.assertEqual(raw("Location: /raw?Location:%20/nowhere%0A%0A\n\n").text, b"hello\n")
        response = raw("Content-Type: a/b\nContent-Length: 3\n\nabcdef")
        self.assertEqual(response.text, b"abc")

    def test_responses_that_are_none(self):
        for text in ("hello", "Status: 99\n\n", "\n\nbody", "Content-Type: a/b\nX Y: z\n\n", "Status: 100\n\n"):
            self.assertEqual(self.server.get("/raw?" + urllib.parse.quote(text)).status, 502, text)
        self.assertEqual(self.server.get("/raw?" + urllib.parse.quote("Content-Type: a/b\nContent-Length: 9\n\nabc")).status, 502)
        self.assertEqual(self.server.get("/half").status, 502)
        self.assertEqual(self.server.get("/nothing").status, 502)

    def test_traps(self):
        self.assertEqual(self.server.get("/trap").status, 502)
        line = self.server.logged(lambda line: line.get("path") == "/trap")
        self.assertEqual(line["trap"], "unreachable")
        self.assertEqual(self.server.get("/recurse").status, 502)
        line = self.server.logged(lambda line: line.get("path") == "/recurse")
        self.assertIn(line["trap"], ("call stack exhausted", "out of bounds memory access"))
        # What has been sent cannot be taken back: the client sees that it is cut.
        data = exchange(self.server, b"GET /trap-late HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertEqual(status_of(data), 200)
        self.assertFalse(data.endswith(b"0\r\n\r\n"))
        backtrace = eventually(lambda: next((line for line in self.server.error_lines() if line.get("path") == "/trap"), None))
        self.assertIn("unreachable", backtrace["detail"])

    def test_exit_codes(self):
        response = self.server.get("/exit?7")
        self.assertEqual((response.status, response.text), (200, b"leaving\n"))
        self.assertEqual(self.server.logged(lambda line: line.get("path") == "/exit")["exit_code"], 7)

    def test_logs(self):
        self.server.get("/stderr?x=1", headers={"User-Agent": "test"})
        line = self.server.logged(lambda line: line.get("path") == "/stderr")
        self.assertEqual((line["method"], line["status"], line["remote"]), ("GET", 200, "127.0.0.1"))
        for key in ("time", "bytes", "duration_ms", "guest_ms", "setup_ms", "peak_memory"):
            self.assertIn(key, line)
        self.assertGreaterEqual(line["peak_memory"], 65536)
        said = eventually(lambda: next((l for l in self.server.error_lines() if l.get("message") == "handler output"), None))
        self.assertEqual(said["detail"], "to the log")

    def test_admin(self):
        client = http.client.HTTPConnection("127.0.0.1", self.server.admin, timeout=PATIENCE)
        for path, status in (("/healthz", 200), ("/nothing", 404)):
            client.request("GET", path)
            response = client.getresponse()
            response.read()
            self.assertEqual(response.status, status)
        client.close()
        before = self.server.metric('brink_requests_total{route="/",code="2xx"}')
        self.server.get("/")
        eventually(lambda: self.server.metric('brink_requests_total{route="/",code="2xx"}') > before)

    def test_a_sleeping_guest_does_not_hold_others_up(self):
        with self.server.connect() as sleeper:
            sleeper.sendall(b"GET /sleep?20000 HTTP/1.1\r\nHost: a\r\n\r\n")
            eventually(lambda: self.server.metric('brink_requests_in_flight{route="/"}') >= 1)
            start = time.monotonic()
            for _ in range(20):
                self.assertEqual(self.server.get("/").status, 200)
            self.assertLess(time.monotonic() - start, 15)


    def test_a_fault_is_that_guests_own(self):
        # Others are in the middle of their requests on the same thread.
        with Server("--cores", "1") as server:
            sleepers = [server.connect() for _ in range(3)]
            for connection in sleepers:
                connection.sendall(b"GET /sleep?500 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            eventually(lambda: server.metric('brink_requests_in_flight{route="/"}') == 3)
            for _ in range(5):
                self.assertEqual(server.get("/fault").status, 502)
            self.assertEqual(server.logged(lambda line: line.get("path") == "/fault")["trap"], "out of bounds memory access")
            for connection in sleepers:
                self.assertIn(b"awake", read_all(connection))
                connection.close()


class Malformed(unittest.TestCase):
    """What RFC 9112 calls malformed or leaves to the recipient's caution; request_parser_test.cpp has the whole list."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def refused(self, request, status=400):
        # What follows must not be served: it would be the smuggled request.
        data = exchange(self.server, request + b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertEqual(status_of(data), status, request)
        self.assertEqual(len(re.findall(rb"HTTP/1\.1 \d{3} ", data)), 1, request)
        self.assertIn(b"Connection: close", data)

    def test_heads(self):
        for request in (
            b"GET / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\nHost: a\n\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nX: y\0\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nX: y\rz\r\n\r\n",
            b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n",
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
            b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ):
            self.refused(request)
        self.refused(b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505)
        self.refused(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501)
        self.refused(b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501)

    def test_chunks(self):
        head = b"POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        for body in (b"5 \r\nhello\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n", b"5\nhello\r\n0\r\n\r\n", b"5\r\nhelloX0\r\n\r\n",
                     b"fffffffffffffffff\r\n", b"-1\r\n", b"\r\n", b"0\r\nX : y\r\n\r\n", b"5;" + b"x" * 40000):
            self.refused(head + body)

    def test_a_body_that_ends_early(self):
        with self.server.connect() as connection:
            connection.sendall(b"POST /echo?early HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
            connection.shutdown(socket.SHUT_WR)
            self.assertNotIn(b"0\r\n\r\n", read_all(connection)[-5:])
        self.assertEqual(self.server.logged(lambda line: line.get("path") == "/echo")["stopped"], "request body incomplete")
        with self.server.connect() as connection:
            connection.sendall(b"POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc")
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(status_of(read_all(connection)), 400)

    def test_a_client_that_stops_writing_is_answered(self):
        """As `nc -N` does. One that waits long is asked whether it still listens, if it speaks HTTP/1.1."""
        for version in (b"1.0", b"1.1"):
            for wait in (b"0", b"50", b"2000"):
                with self.server.connect() as connection:
                    connection.sendall(b"GET /sleep?%s HTTP/%s\r\nHost: a\r\n\r\n" % (wait, version))
                    connection.shutdown(socket.SHUT_WR)
                    data = read_all(connection)
                self.assertTrue(version == b"1.1" or b" 100 " not in data, data)
                self.assertEqual(status_of(data.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")), 200, data)
        with self.server.connect() as connection:
            connection.sendall(b"POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcdeGET / HTTP/1.1\r\nHost: a\r\n\r\n")
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(connection).count(b"HTTP/1.1 200 OK\r\n"), 2)


class Limits(unittest.TestCase):
    def test_a_loop_ends_at_the_deadline_and_holds_nobody_up(self):
        with Server("--deadline", "2s", "--cores", "1") as server:
            with server.connect() as looping:
                looping.sendall(b"GET /loop HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                eventually(lambda: server.metric('brink_requests_in_flight{route="/"}') == 1)
                for _ in range(10):
                    self.assertEqual(server.get("/").status, 200)
                self.assertEqual(status_of(read_all(looping)), 504)
            self.assertGreater(server.metric("brink_preemptions_total"), 0)
            line = server.logged(lambda line: line.get("path") == "/loop")
            self.assertEqual((line["status"], line["stopped"]), (504, "deadline"))

    def test_cpu_budget(self):
        with Server("--max-cpu", "100ms", "--deadline", "100s") as server:
            self.assertEqual(server.get("/loop").status, 504)
            self.assertEqual(server.logged(lambda line: line.get("path") == "/loop")["stopped"], "cpu budget")
            self.assertEqual(server.get("/").status, 200)

    def test_fuel(self):
        with Server("--fuel", "1000000") as server:
            self.assertEqual(server.get("/loop").status, 504)
            self.assertEqual(server.logged(lambda line: line.get("path") == "/loop")["trap"], "all fuel consumed")
            self.assertEqual(server.get("/").status, 200)

    def test_sleep_ends_at_the_deadline(self):
        with Server("--deadline", "300ms") as server:
            self.assertEqual(server.get("/sleep?100000").status, 504)

    def test_memory(self):
        with Server("--max-memory", "4M") as server:
            self.assertEqual(server.get("/alloc").status, 502)
            line = server.logged(lambda line: line.get("path") == "/alloc")
            self.assertLessEqual(line["peak_memory"], 4 << 20)
            self.assertGreater(line["peak_memory"], 2 << 20)
            self.assertEqual(server.get("/").status, 200)

    def test_bodies(self):
        with Server("--max-request", "1000", "--max-response", "100K") as server:
            self.assertEqual(server.get("/count", "POST", b"x" * 1000).text, b"1000\n")
            self.assertEqual(server.get("/count", "POST", b"x" * 1001).status, 413)
            chunked = {"Transfer-Encoding": "chunked"}
            self.assertEqual(server.get("/count", "POST", iter([b"x" * 500] * 2), chunked).text, b"1000\n")
            self.assertEqual(server.get("/count", "POST", iter([b"x" * 500] * 3), chunked).status, 413)
            self.assertEqual(len(server.get("/zeros?102400").text), 102400)
            data = exchange(server, b"GET /zeros?102401 HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertFalse(data.endswith(b"0\r\n\r\n"))
            self.assertEqual(server.logged(lambda line: line.get("stopped") == "response too large")["path"], "/zeros")
        with Server("--max-response", "10K") as server:
            self.assertEqual(server.get("/zeros?10241").status, 502)

    def test_heads(self):
        with Server("--max-header", "1024") as server:
            self.assertEqual(server.get("/", headers={"X": "y" * 500}).status, 200)
            self.assertEqual(server.get("/", headers={"X": "y" * 1000}).status, 431)
            self.assertEqual(server.get("/" + "y" * 1100).status, 414)
            many = b"".join(b"X%d: y\r\n" % i for i in range(100))
            data = exchange(server, b"GET / HTTP/1.1\r\nHost: a\r\n" + many + b"\r\n")
            self.assertEqual(status_of(data), 431)

    def test_too_many_at_once(self):
        with Server("--max-concurrent", "2") as server:
            busy = [server.connect() for _ in range(2)]
            for connection in busy:
                connection.sendall(b"GET /sleep?100000 HTTP/1.1\r\nHost: a\r\n\r\n")
            eventually(lambda: server.metric('brink_requests_in_flight{route="/"}') == 2)
            response = server.get("/")
            self.assertEqual(response.status, 503)
            self.assertEqual(response.getheader("Retry-After"), "1")
            # A client that goes away ends its guest.
            for connection in busy:
                connection.close()
            eventually(lambda: server.metric('brink_requests_in_flight{route="/"}') == 0)
            self.assertEqual(server.get("/").status, 200)
            self.assertEqual(server.logged(lambda line: line.get("path") == "/sleep")["status"], 499)

    def test_a_client_that_goes_away_ends_a_computing_guest(self):
        with Server() as server:
            with server.connect() as connection:
                connection.sendall(b"GET /loop HTTP/1.1\r\nHost: a\r\n\r\n")
                eventually(lambda: server.metric('brink_requests_in_flight{route="/"}') == 1)
            eventually(lambda: server.metric('brink_requests_in_flight{route="/"}') == 0)

    def test_a_client_that_resets_its_connection_ends_its_guest(self):
        with Server() as server:
            for request in (b"GET /loop HTTP/1.0\r\n\r\n", b"GET /sleep?100000 HTTP/1.0\r\n\r\n"):
                with server.connect() as connection:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    connection.sendall(request)
                    eventually(lambda: server.metric('brink_requests_in_flight{route="/"}') == 1)
                eventually(lambda: server.metric('brink_requests_in_flight{route="/"}') == 0)
            for path in ("/loop", "/sleep"):
                self.assertEqual(server.logged(lambda line: line.get("path") == path)["status"], 499)

    def test_slow_clients(self):
        with Server("--header-timeout", "300ms", "--idle-timeout", "300ms", "--io-timeout", "300ms") as server:
            with server.connect() as connection:
                connection.sendall(b"GET / HTT")
                self.assertEqual(status_of(read_all(connection)), 408)
            with server.connect() as connection:
                self.assertEqual(read_all(connection), b"")  # never said anything
            with server.connect() as connection:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertEqual(status_of(read_all(connection)), 200)  # and then idle
            with server.connect() as connection:
                connection.sendall(b"POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
                self.assertEqual(status_of(read_all(connection)), 408)
            with server.connect() as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.sendall(b"GET /zeros?50000000 HTTP/1.1\r\nHost: a\r\n\r\n")
                line = server.logged(lambda line: line.get("path") == "/zeros")
                self.assertEqual(line["stopped"], "client disconnected")


class Operations(unittest.TestCase):
    def test_drain(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Server() as server:
                idle = server.connect()
                running = server.connect()
                running.sendall(b"GET /sleep?1000 HTTP/1.1\r\nHost: a\r\n\r\n")
                eventually(lambda: server.metric('brink_requests_in_flight{route="/"}') == 1)
                server.process.send_signal(number)
                self.assertEqual(read_all(idle), b"")
                data = read_all(running)
                self.assertEqual(status_of(data), 200)
                self.assertIn(b"awake", data)
                self.assertEqual(server.process.wait(PATIENCE), 0)
                self.assertEqual(server.access()[-1]["path"], "/sleep")
                idle.close()
                running.close()

    def test_drain_has_a_limit(self):
        with Server("--drain", "300ms") as server:
            running = server.connect()
            running.sendall(b"GET /loop HTTP/1.1\r\nHost: a\r\n\r\n")
            eventually(lambda: server.metric('brink_requests_in_flight{route="/"}') == 1)
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(status_of(read_all(running)), 503)
            running.close()
            self.assertEqual(server.process.wait(PATIENCE), 1)

    def test_watch(self):
        with tempfile.TemporaryDirectory(prefix="brink-watch-") as folder:
            program = os.path.join(folder, "program.wasm")
            text = '''(module (import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 1) (data (i32.const 0) "\\10\\00\\00\\00\\%02x\\00\\00\\00") (data (i32.const 16) "%s")
              (func (export "_start") (drop (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))'''

            def put(body):
                with open(program + ".new", "w") as file:
                    response = "Content-Type: a/b\\0a\\0a" + body
                    file.write(text % (len("Content-Type: a/b\n\n") + len(body), response))
                os.rename(program + ".new", program)

            put("one")
            with Server("--watch", "--route", f"/p={program}") as server:
                self.assertEqual(server.get("/p").text, b"one")
                put("three")
                eventually(lambda: server.get("/p").text == b"three")
                with open(program + ".new", "w") as file:
                    file.write("(module")
                os.rename(program + ".new", program)
                eventually(lambda: server.metric("brink_failed_reloads_total") == 1)
                self.assertEqual(server.get("/p").text, b"three")
                eventually(lambda: any("cannot be used" in line["message"] for line in server.error_lines()))
                put("four")
                eventually(lambda: server.get("/p").text == b"four")

    def test_tls(self):
        if shutil.which("openssl") is None:
            self.skipTest("no openssl to make a certificate with")
        with tempfile.TemporaryDirectory(prefix="brink-tls-") as folder:
            key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                            "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
                            "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
            with Server("--tls-cert", certificate, "--tls-key", key) as server:
                trust = ssl.create_default_context(cafile=certificate)
                body = os.urandom(1_000_000)
                client = http.client.HTTPSConnection("localhost", server.port, timeout=PATIENCE, context=trust)
                for _ in range(3):
                    client.request("POST", "/echo", body=body)
                    self.assertEqual(client.getresponse().read(), body)
                client.request("GET", "/env")
                self.assertIn(b"HTTPS=on\n", client.getresponse().read())
                client.close()
                # Pipelined in one record.
                with trust.wrap_socket(socket.create_connection(("localhost", server.port), timeout=PATIENCE),
                                       server_hostname="localhost") as connection:
                    connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 5 + b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    self.assertEqual(read_all(connection).count(b"hello\n"), 6)
                # Plain HTTP to a TLS port gets no answer, and does no harm.
                self.assertNotIn(b"200", exchange(server, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"))

    def test_load_from_several_clients(self):
        with Server() as server:
            failures = []

            def work(name):
                try:
                    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
                    for i in range(40):
                        body = b"%d:%d" % (name, i) * (1 + i * 40)
                        client.request("POST", "/echo", body=body)
                        if client.getresponse().read() != body:
                            failures.append((name, i))
                    client.close()
                except Exception as error:  # counted below
                    failures.append(error)

            threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(failures, [])
            eventually(lambda: server.metric('brink_requests_total{route="/",code="2xx"}') == 320)
            eventually(lambda: server.metric("brink_connections_open") == 0)

    def test_errors_of_the_command(self):
        def fails(code, text, *options):
            done = subprocess.run([BRINK, "serve", *options], capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(text, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

        with tempfile.TemporaryDirectory(prefix="brink-bad-") as folder:
            def put(name, text):
                path = os.path.join(folder, name)
                with open(path, "w") as file:
                    file.write(text)
                return path

            fails(2, "nothing to serve")
            fails(2, "HOST:PORT", "--addr", "nowhere", GUEST)
            fails(2, "is not a time", "--deadline", "5", GUEST)
            fails(2, "together", "--tls-cert", "x", GUEST)
            fails(2, "PREFIX=FILE", "--route", "x", GUEST)
            fails(2, "two routes for '/'", "--route", "/=" + GUEST, GUEST)
            fails(2, "", "--no-such-option")
            fails(1, "none.wasm: No such file", os.path.join(folder, "none.wasm"))
            fails(1, "exports no function _start", put("a.wat", "(module)"))
            fails(1, "nowhere", put("b.wat", '(module (import "nowhere" "f" (func)) (func (export "_start")))'))
            fails(1, "bad.toml:2:9: ", "--config", put("bad.toml", "\ndrain = 5\n"))
            fails(1, "cannot use the certificate", "--tls-cert", put("c", ""), "--tls-key", put("k", ""), GUEST)
            fails(1, "cannot open directory", "--dir", os.path.join(folder, "none"), GUEST)
            with Server() as server:
                fails(1, "cannot listen at 127.0.0.1:", "--addr", f"127.0.0.1:{server.port}", GUEST)


class Preparation(unittest.TestCase):
    @staticmethod
    def large_program(path):
        """One with more than 128 KiB of code, all of which runs."""
        count = 1500
        body = "(i32.add (local.get 0) " * 40 + "(i32.const 1)" + ")" * 40
        functions = "".join(f"(func $f{i} (param i32) (result i32) {body})" for i in range(count))
        calls = "".join(f"(local.set 0 (call $f{i} (local.get 0)))" for i in range(count))
        path.write_text(f"""(module
          (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1) (data (i32.const 64) "Content-Type: text/plain\\n\\n00000000\\n")
          {functions}
          (func (export "_start") (local i32 i32)
            (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 35))
            {calls}
            (loop $digits
              (i32.store8 (i32.add (i32.const 90) (local.get 1))
                (i32.add (i32.const 97) (i32.and (i32.shr_u (local.get 0) (i32.shl (local.get 1) (i32.const 2))) (i32.const 15))))
              (br_if $digits (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 8))))
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))""")
        value = 0
        for _ in range(count):
            value = (value * 40 + 1) & 0xFFFFFFFF
        return "".join(chr(97 + (value >> 4 * digit & 15)) for digit in range(8)).encode() + b"\n"

    def test_what_is_kept_serves_later_processes(self):
        with tempfile.TemporaryDirectory(prefix="brink-cache-") as folder:
            program, cache = pathlib.Path(folder, "large.wat"), pathlib.Path(folder, "cache")
            expected = self.large_program(program)
            options = ("--cache", str(cache), "--route", f"/large={program}")
            environment = {**os.environ, "XDG_CACHE_HOME": folder}

            def serve(*more):
                with Server(*options, *more, environment=environment) as server:
                    self.assertEqual(server.get("/large").text, expected)
                    server.process.send_signal(signal.SIGTERM)
                    self.assertEqual(server.process.wait(timeout=PATIENCE), 0)

            serve("--no-cache")
            self.assertFalse(cache.exists())
            serve()
            (kept,) = cache.glob("*.brink-cache")
            written = kept.read_bytes()
            serve()
            self.assertEqual(kept.read_bytes(), written)  # nothing was prepared anew
            kept.write_bytes(written[:1000] + bytes([written[1000] ^ 1]) + written[1001:-7])
            serve()
            if platform.machine() == "x86_64":
                serve("--tier", "jit")

    @unittest.skipUnless(platform.machine() == "x86_64", "nothing is compiled for this processor's server")
    def test_what_brink_has_compiled(self):
        with tempfile.TemporaryDirectory(prefix="brink-compiled-") as folder:
            program, compiled = pathlib.Path(folder, "large.wat"), pathlib.Path(folder, "large.brink")
            expected = self.large_program(program)
            environment = {**os.environ, "XDG_CACHE_HOME": folder}
            subprocess.run([BRINK, "compile", program, "-o", compiled], check=True, env=environment)

            def warnings(*options):
                with Server("--route", f"/large={compiled}", *options, environment=environment) as server:
                    self.assertEqual(server.get("/large").text, expected)
                    return [line for line in server.errors().splitlines() if line.startswith("warning: ")]

            self.assertEqual(warnings("--tier", "auto"), [])
            (interpreted,) = warnings()
            self.assertIn("other options", interpreted)
            (foreign,) = warnings("--tier", "auto", "--code-secret", f"{folder}/another")
            self.assertIn("another secret", foreign)


if __name__ == "__main__":
    BRINK, GUEST = sys.argv[1:3]
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
