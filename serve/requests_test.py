"""`brink serve`: requests, well-formed and malformed, and what is answered.

python3 requests_test.py BRINK GUEST.wasm
"""

import http.client
import os
import pathlib
import re
import socket
import tempfile
import time
import unittest
import urllib.parse

from guest_server import PATIENCE, Server, eventually, exchange, guest_path, main
from server_process import receive_all, status_of


class Basics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.data = tempfile.TemporaryDirectory(prefix="brink-data-")
        (pathlib.Path(cls.data.name) / "a.txt").write_text("content\n")
        (pathlib.Path(cls.data.name) / "secret").write_text("s3cret\n")
        cls.server = Server("--env", "MODE=fast", "--secret", f"TOKEN={cls.data.name}/secret", "--dir", f"{cls.data.name}::/data",
                            "--route", f"/sub={guest_path()}")

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
            data = receive_all(connection)
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
            data = receive_all(connection)
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
            self.assertIn(b"abc", receive_all(connection))
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
            data += receive_all(connection)
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
        client = http.client.HTTPConnection("127.0.0.1", self.server.admin_port, timeout=PATIENCE)
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
            sleepers = server.sleepers(3, 500, b"Connection: close\r\n")
            for _ in range(5):
                self.assertEqual(server.get("/fault").status, 502)
            self.assertEqual(server.logged(lambda line: line.get("path") == "/fault")["trap"], "out of bounds memory access")
            for connection in sleepers:
                self.assertIn(b"awake", receive_all(connection))
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
            self.assertNotIn(b"0\r\n\r\n", receive_all(connection)[-5:])
        self.assertEqual(self.server.logged(lambda line: line.get("path") == "/echo")["stopped"], "request body incomplete")
        with self.server.connect() as connection:
            connection.sendall(b"POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc")
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(status_of(receive_all(connection)), 400)

    def test_a_client_that_stops_writing_is_answered(self):
        """As `nc -N` does. One that waits long is asked whether it still listens, if it speaks HTTP/1.1."""
        for version in (b"1.0", b"1.1"):
            for wait in (b"0", b"50", b"2000"):
                with self.server.connect() as connection:
                    connection.sendall(b"GET /sleep?%s HTTP/%s\r\nHost: a\r\n\r\n" % (wait, version))
                    connection.shutdown(socket.SHUT_WR)
                    data = receive_all(connection)
                self.assertTrue(version == b"1.1" or b" 100 " not in data, data)
                self.assertEqual(status_of(data.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")), 200, data)
        with self.server.connect() as connection:
            connection.sendall(b"POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcdeGET / HTTP/1.1\r\nHost: a\r\n\r\n")
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(receive_all(connection).count(b"HTTP/1.1 200 OK\r\n"), 2)


if __name__ == "__main__":
    main()
