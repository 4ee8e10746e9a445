"""`brink serve`: the limits of requests and connections.

python3 limits_test.py BRINK GUEST.wasm
"""

import socket
import struct
import unittest

from guest_server import Server, eventually, exchange, main
from server_process import receive_all, status_of


class Limits(unittest.TestCase):
    def test_a_loop_ends_at_the_deadline_and_holds_nobody_up(self):
        with Server("--deadline", "2s", "--cores", "1") as server:
            with server.connect() as looping:
                looping.sendall(b"GET /loop HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                eventually(lambda: server.metric('brink_requests_in_flight{route="/"}') == 1)
                for _ in range(10):
                    self.assertEqual(server.get("/").status, 200)
                self.assertEqual(status_of(receive_all(looping)), 504)
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
            busy = server.sleepers(2, 100000)
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
                self.assertEqual(status_of(receive_all(connection)), 408)
            with server.connect() as connection:
                self.assertEqual(receive_all(connection), b"")  # never said anything
            with server.connect() as connection:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertEqual(status_of(receive_all(connection)), 200)  # and then idle
            with server.connect() as connection:
                connection.sendall(b"POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
                self.assertEqual(status_of(receive_all(connection)), 408)
            with server.connect() as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.sendall(b"GET /zeros?50000000 HTTP/1.1\r\nHost: a\r\n\r\n")
                line = server.logged(lambda line: line.get("path") == "/zeros")
                self.assertEqual(line["stopped"], "client disconnected")


if __name__ == "__main__":
    main()
