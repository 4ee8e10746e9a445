"""A running `brink serve` with the guest of test_guest.c at '/', for the tests over real sockets.

`python3 SUBJECT_test.py BRINK GUEST.wasm` runs the tests of a subject. Nothing in them fails because a machine is slow: what must
happen is waited for, with limits that only a hang reaches.
"""

import http.client
import json
import re
import socket
import sys
import time
import unittest

from server_process import ServerProcess, receive_all

PATIENCE = 120
_brink = _guest = ""


def brink_path():
    return _brink


def guest_path():
    return _guest


class Server(ServerProcess):
    """`with Server(options…) as server:`"""

    def __init__(self, *options, environment=None, certificate=None):
        super().__init__(_brink, "--admin", "127.0.0.1:0", *options, _guest, environment=environment, certificate=certificate)

    def logged(self, condition):
        """The first line of the access log that fits, when it is there."""
        return eventually(lambda: next((line for line in self.log() if condition(line)), None))

    def error_lines(self):
        return [json.loads(line) for line in list(self.errors) if line.startswith("{")]

    def connect(self):
        connection = super().connect(PATIENCE)
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

    def sleepers(self, count, milliseconds, fields=b""):
        """Connections whose requests, all that the server has, are guests that sleep."""
        connections = [self.connect() for _ in range(count)]
        for connection in connections:
            connection.sendall(b"GET /sleep?%d HTTP/1.1\r\nHost: a\r\n%s\r\n" % (milliseconds, fields))
        eventually(lambda: self.metric('brink_requests_in_flight{route="/"}') == count)
        return connections

    def metric(self, line):
        client = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=PATIENCE)
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


def exchange(server, request):
    """Sends bytes, and all that comes back until the server closes."""
    with server.connect() as connection:
        connection.sendall(request)
        return receive_all(connection)


def main():
    global _brink, _guest
    _brink, _guest = sys.argv.pop(1), sys.argv.pop(1)
    unittest.main()
