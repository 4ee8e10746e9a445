"""Attacks a running `brink serve`: python3 attack_test.py BRINK. Guests that misbehave (attack_guests.py), clients that do,
requests that are none (malformed_requests.py). Always: others are served meanwhile, the right status, no descriptor
left open, memory flat.

Sizes are small unless asked for:
  BRINK_ATTACK_IDLE=10000      idle connections at once (20 unless set; mind `ulimit -n`)
  BRINK_ATTACK_SOAK=1000000    requests of the soak (2000)
  BRINK_ATTACK_GARBAGE=20000   connections with random bytes (60)
"""

import concurrent.futures
import os
import pathlib
import platform
import random
import re
import socket
import ssl
import struct
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from attack_guests import GUESTS  # noqa: E402
from malformed_requests import BEHIND, MALFORMED  # noqa: E402
from server_process import Certificate, ServerProcess, receive_all, status_of  # noqa: E402

BRINK = ""
IDLE = int(os.environ.get("BRINK_ATTACK_IDLE", "20"))
TIMEOUT = float(os.environ.get("BRINK_ATTACK_TIMEOUT", "240"))  # of a client, seconds
SOAK = int(os.environ.get("BRINK_ATTACK_SOAK", "2000"))
# What AddressSanitizer keeps of freed memory does not count as a leak.
MAY_GROW_KIB = int(os.environ.get("BRINK_ATTACK_MAY_GROW_KIB", "8192"))
GARBAGE = int(os.environ.get("BRINK_ATTACK_GARBAGE", "60"))

# After it the server closes.
LAST = b"GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

# Only guests that are to run into a limit have a short one: on a busy machine an honest request may take seconds.
LIMITS = {
    "loop": {"cpu": "200ms"}, "answers-then-loops": {"cpu": "200ms"}, "sleep": {"deadline": "300ms"},
    "hungry": {"memory": "8M"}, "flood": {"response_body": "1M"}, "reader": {"request_body": "1M"},
}


def configuration(folder, **connections):
    lines = []
    if connections:
        lines += ["[connections]", *(f"{name} = {value}" for name, value in connections.items())]
    for name, text in GUESTS.items():
        path = pathlib.Path(folder, f"{name}.wat")
        path.write_text(text)
        limits = {"deadline": "200s", "cpu": "200s", **LIMITS.get(name, {})}
        lines += ["[[route]]", f'prefix = "/{name}"', f'file = "{path}"',
                  "limits = { %s }" % ", ".join(f'{key} = "{value}"' for key, value in limits.items())]
    file = pathlib.Path(folder, "serve.toml")
    file.write_text("\n".join(lines) + "\n")
    return file


def stop_writing(connection):
    """A FIN. ssl.SSLSocket.shutdown would forget the session as well."""
    socket.socket.shutdown(connection, socket.SHUT_WR)


class Attacks(unittest.TestCase):
    certificate = None
    options = ()
    idle_kib = 16  # of memory at most, an idle connection

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.server = cls.start("--config", configuration(cls.folder.name))

    @classmethod
    def start(cls, *arguments):
        return ServerProcess(BRINK, *arguments, *cls.options, certificate=cls.certificate)

    @classmethod
    def tearDownClass(cls):
        try:
            assert cls.server.stop() == 0, "".join(cls.server.errors)
        finally:
            cls.server.__exit__()
            cls.folder.cleanup()

    @classmethod
    def ask(cls, name, body=b"", server=None):
        """One request on a connection of its own → all that the server answers."""
        with (server or cls.server).connect(TIMEOUT) as connection:
            head = f"POST /{name} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
            try:
                connection.sendall(head.encode() + body)
            except ConnectionError:
                pass
            return receive_all(connection)

    def assert_serves(self, server=None, tries=1):
        answer = self.ask("hello", server=server)
        while not answer and tries > 1:
            answer, tries = self.ask("hello", server=server), tries - 1
        self.assertEqual((status_of(answer), answer[-6:]), (200, b"hello\n"), answer)

    def assert_sockets(self, before, server=None):
        """What clients have closed, the server closes, sooner or later."""
        server = server or self.server
        for _ in range(600):
            if server.descriptors("socket:") <= before:
                return
            time.sleep(0.1)
        self.fail(f"{server.descriptors('socket:')} sockets, {before} before")

    # --- Guests ---

    def test_guests(self):
        expected = {"loop": {504}, "sleep": {504}, "hungry": {502}, "recursive": {502}, "recursive-wide": {502}, "recursive-table": {502},
                    "recursive-hosted": {502}, "half-head": {502}, "no-head": {502},
                    "not-a-head": {502}, "endless-head": {502}, "trap": {502}, "deaf": {200}, "reader": {200},
                    "lies-about-length": {200, 502}, "splits": {200, 502}}
        before = self.server.descriptors("socket:")
        with concurrent.futures.ThreadPoolExecutor(12) as clients:
            jobs = [(name, clients.submit(self.ask, name, b"x" * 1000)) for _ in range(2) for name in expected]
            for _ in range(5):
                self.assert_serves()
            for name, job in jobs:
                with self.subTest(name):
                    self.assertIn(status_of(job.result()), expected[name], job.result()[:200])
        self.assertNotIn(b"\nX-B:", self.ask("splits").replace(b"\r", b"\n"))
        self.assert_serves()
        self.assert_sockets(before)

    def test_answers_that_end_early_are_not_whole(self):
        # 504 while nothing has been sent; else a response whose end cannot be mistaken.
        for name in ("answers-then-loops", "flood", "promises-more"):
            with self.subTest(name):
                answer = self.ask(name)
                head, _, body = answer.partition(b"\r\n\r\n")
                if status_of(answer) == 200:
                    if b"chunked" in head.lower():
                        self.assertFalse(body.endswith(b"0\r\n\r\n"))
                    else:
                        length = int(head.lower().split(b"content-length:")[1].split()[0])
                        self.assertLess(len(body), length)
                else:
                    self.assertIn(status_of(answer), (502, 504))

    def test_a_body_that_nobody_reads(self):
        for size in (0, 10, 100_000, 900_000):
            answer = self.ask("deaf", b"x" * size)
            # The server may close before all was sent; then the client may lose the answer (RFC 9112, 9.6).
            self.assertIn(status_of(answer), (200,) if size < 10_000 else (200, None))
        self.assert_serves()

    def test_a_body_that_is_too_large(self):
        for head, body in ((b"Content-Length: 1048577", b""), (b"Content-Length: 9223372036854775807", b""),
                           (b"Transfer-Encoding: chunked", b"10000\r\n" + b"x" * 65536 + b"\r\n")):
            with self.server.connect(TIMEOUT) as connection:
                try:
                    connection.sendall(b"POST /reader HTTP/1.1\r\nHost: a\r\n" + head + b"\r\n\r\n")
                    for _ in range(17 if body else 0):
                        connection.sendall(body)
                except ConnectionError:
                    pass
                self.assertEqual(status_of(receive_all(connection)), 413, head)

    # --- Requests ---

    def malformed(self, case):
        name, section, request, statuses = case
        for has_finished in (False, True):
            with self.server.connect(TIMEOUT) as connection:
                try:
                    connection.sendall(request + BEHIND)
                    if has_finished:
                        stop_writing(connection)
                except OSError:
                    pass
                try:
                    answer = receive_all(connection)
                except TimeoutError:
                    return f"{name} (RFC 9112, {section}): not closed"
            if status_of(answer) not in statuses:
                return f"{name} (RFC 9112, {section}): {answer[:150]!r}, expected {statuses}"
            if len(re.findall(rb"HTTP/1\.1 \d{3} ", answer)) > 1 or b"hello" in answer:
                return f"{name} (RFC 9112, {section}): more than one answer: {answer[-300:]!r}"
        return None

    def test_malformed_requests(self):
        with concurrent.futures.ThreadPoolExecutor(8) as clients:
            wrong = [problem for problem in clients.map(self.malformed, MALFORMED) if problem]
        self.assertEqual(wrong, [], "\n".join(wrong))

    def test_well_formed_oddities(self):
        """What the grammar allows must not be refused."""
        for request in (b"\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n",  # 2.2: an empty line in front
                        b"GET http://a/hello HTTP/1.1\r\nHost: a\r\n\r\n",  # 3.2.2
                        b"GET /hello? HTTP/1.1\r\nHost:\r\n\r\n",  # an empty Host
                        b"GET /hello HTTP/1.1\r\nHost: [::1]:80\r\nX:\r\nY:\t a \t\r\n\r\n",
                        b"GET /hello HTTP/1.0\r\n\r\n",
                        b"POST /reader HTTP/1.1\r\nHost: a\r\ntransfer-encoding: CHUNKED\r\n\r\n004;a=\"b\"\r\nabcd\r\n00\r\nX: y\r\n\r\n",
                        b"POST /reader HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na"):
            with self.server.connect(TIMEOUT) as connection:
                connection.sendall(request if b"HTTP/1.0" in request else request + LAST)
                answer = receive_all(connection)
                self.assertTrue(b"404 Not Found" in answer or b"HTTP/1.0" in request, answer)
                if b"100-continue" in request:
                    answer = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
                self.assertEqual((status_of(answer), b"hello\n" in answer), (200, True), (request, answer))

    def test_pipelined_requests(self):
        with self.server.connect(TIMEOUT) as connection:
            connection.sendall(b"".join(b"POST /reader HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /" for _ in range(50)) + LAST)
            answer = receive_all(connection)
        self.assertEqual((answer.count(b"HTTP/1.1 200 OK\r\n"), answer.count(b"hello\n")), (50, 50))

    def test_garbage(self):
        """Valid requests, damaged anywhere, cut anywhere."""
        source = random.Random(9112)
        seeds = [request for *_, request, _ in MALFORMED if len(request) < 500]
        seeds += [b"POST /reader HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n"] * len(seeds)
        before = self.server.descriptors("socket:")
        for _ in range(GARBAGE):
            request = bytearray(source.choice(seeds))
            for _ in range(source.randrange(4)):
                at = source.randrange(len(request))
                request[at:at + source.randrange(3)] = bytes(source.choice(b"\r\n\0 :;,\xff0aF") for _ in range(source.randrange(3)))
                request = request or bytearray(b"\n")
            with self.server.connect(TIMEOUT) as connection:
                try:
                    connection.sendall(request[:source.randrange(len(request) + 1)] if source.random() < 0.3 else request)
                    stop_writing(connection)
                except OSError:
                    pass
                answer = receive_all(connection)
                self.assertTrue(answer == b"" or answer.startswith(b"HTTP/1.1 "), (bytes(request), answer))
        self.assert_serves()
        self.assert_sockets(before)

    # --- Clients ---

    def test_clients_that_leave(self):
        before = self.server.descriptors("socket:")
        beginnings = {"loop": b"", "sleep": b"", "flood": b"", "reader": b"x" * 10, "hello": b""}
        for name, body in beginnings.items():
            for abrupt in (False, True):
                connection = self.server.connect()
                connection.sendall(f"POST /{name} HTTP/1.1\r\nHost: a\r\nContent-Length: {100 if body else 0}\r\n\r\n".encode() + body)
                if abrupt:  # a reset
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
        for part in (b"", b"G", b"GET /hello HTTP/1.1\r\nHo"):
            connection = self.server.connect()
            connection.sendall(part)
            connection.close()
        self.assert_serves()
        self.assert_sockets(before)

    def test_slow_clients(self):
        with tempfile.TemporaryDirectory() as folder:
            file = configuration(folder, header_timeout='"400ms"', idle_timeout='"600ms"', io_timeout='"500ms"')
            with self.start("--config", file) as server:
                before = server.descriptors("socket:")
                head = server.connect(TIMEOUT)
                head.sendall(b"GET /hello HTTP/1.1\r\nHost:")
                idle = server.connect(TIMEOUT)
                body = server.connect(TIMEOUT)
                body.sendall(b"POST /reader HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
                unread = server.connect(TIMEOUT, receive_buffer=4096)
                unread.sendall(b"GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assert_serves(server, tries=20)  # a busy client may itself be too slow
                self.assertEqual(status_of(receive_all(head)), 408)
                self.assertEqual(receive_all(idle), b"")
                self.assertEqual(status_of(receive_all(body)), 408)
                self.assert_serves(server, tries=20)  # a busy client may itself be too slow
                for connection in (head, idle, body):
                    connection.close()
                self.assert_sockets(before + 1, server)
                unread.close()
                self.assertEqual(server.stop(), 0)

    def test_idle_connections(self):
        before = self.server.descriptors("socket:")
        memory = self.server.status("VmRSS")
        connections = []
        try:
            for _ in range(IDLE):
                connections.append(self.server.connect(TIMEOUT))
            for _ in range(3):
                self.assert_serves()
            used = self.server.status("VmRSS") - memory
            if IDLE >= 1000:
                print(f"{IDLE} idle connections: {used} KiB more, {used * 1024 / IDLE:.0f} bytes each", file=sys.stderr)
            self.assertLess(used, MAY_GROW_KIB // 2 + IDLE * self.idle_kib)
            connections[0].sendall(b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            self.assertEqual(status_of(receive_all(connections[0])), 200)
        finally:
            for connection in connections:
                connection.close()
        self.assert_serves()
        self.assert_sockets(before)

    def test_too_many_requests_at_once(self):
        with tempfile.TemporaryDirectory() as folder:
            guest = pathlib.Path(folder, "sleep.wat")
            guest.write_text(GUESTS["sleep"])
            with self.start("--max-concurrent", "2", "--route", f"/sleep={guest}") as server:
                waiting = [server.connect(TIMEOUT) for _ in range(2)]
                for connection in waiting:
                    connection.sendall(b"GET /sleep HTTP/1.1\r\nHost: a\r\n\r\n")
                for _ in range(300):
                    # Until both have begun: another one would be refused.
                    third = server.connect(TIMEOUT)
                    third.sendall(b"GET /sleep HTTP/1.1\r\nHost: a\r\n\r\n")
                    third.settimeout(0.2)
                    try:
                        answer = third.recv(65536)
                        break
                    except TimeoutError:
                        third.close()
                else:
                    self.fail("two requests wait, and more are taken")
                self.assertEqual(status_of(answer), 503)
                self.assertIn(b"\r\nRetry-After: ", answer)
                for connection in (*waiting, third):
                    connection.close()

    def test_soak(self):
        """Many requests, some of them bad: nothing is left behind."""
        requests = [b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"] * 15 + [
            b"POST /reader HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", b"GET /trap HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /recursive HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /hungry HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"]
        batch = b"".join(requests)

        def run(count):
            with self.server.connect(TIMEOUT) as connection:
                for _ in range(count):
                    connection.sendall(batch)
                connection.sendall(LAST)
                return receive_all(connection, 1 << 30).count(b"HTTP/1.1 200 OK")

        def soak(total):
            per_connection = 5
            with concurrent.futures.ThreadPoolExecutor(8) as clients:
                jobs = max(1, total // len(requests) // per_connection)
                good = sum(clients.map(run, [per_connection] * jobs))
            self.assertEqual(good, jobs * per_connection * 16)

        before = self.server.descriptors("socket:")
        soak(max(400, SOAK // 10))
        all_before = self.server.descriptors()
        memory = self.server.status("VmRSS")
        start = time.monotonic()
        soak(SOAK)
        seconds = time.monotonic() - start
        grown = self.server.status("VmRSS") - memory
        if SOAK >= 100_000:
            print(f"soak: {SOAK} requests in {seconds:.0f} s, resident set {memory} KiB, {grown:+} KiB", file=sys.stderr)
        self.assertLess(grown, MAY_GROW_KIB)
        # A core that had not yet met a guest may have begun to keep instances of it.
        self.assertLessEqual(self.server.descriptors(), all_before + 2 * len(GUESTS) * os.cpu_count())
        self.assert_sockets(before)


@unittest.skipUnless(platform.machine() == "x86_64", "no machine code for this processor")
class AttacksOnMachineCode(Attacks):
    options = ("--tier", "jit")


@unittest.skipUnless(platform.machine() == "x86_64", "no machine code for this processor")
class AttacksOnTiers(Attacks):
    """Guests that change from the interpreter to machine code while they run."""
    options = ("--tier", "auto", "--tier-threshold", "50")


@unittest.skipUnless(Certificate.can_be_made(), "no openssl to make a certificate with")
class AttacksOverTls(Attacks):
    """The same under TLS, and what only TLS has."""
    idle_kib = 64  # OpenSSL's share

    @classmethod
    def setUpClass(cls):
        cls.keys = tempfile.TemporaryDirectory()
        cls.certificate = Certificate(cls.keys.name)
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.keys.cleanup()

    @classmethod
    def client_hello(cls):
        """The first bytes of a handshake."""
        out = ssl.MemoryBIO()
        session = cls.certificate.context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="127.0.0.1")
        try:
            session.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return out.read()

    def test_handshakes_that_do_not_end(self):
        """Nothing, a part of the first message, all of it, a byte at a time: each ends with the time for a head."""
        hello = self.client_hello()
        with tempfile.TemporaryDirectory() as folder:
            with self.start("--config", configuration(folder, header_timeout='"400ms"')) as server:
                before = server.descriptors("socket:")
                clients = []
                for part in (b"", hello[:1], hello[:5], hello[: len(hello) // 2], hello):
                    clients.append(server.connect_plain(TIMEOUT))
                    clients[-1].sendall(part)
                slow = server.connect_plain(TIMEOUT)
                begin = time.monotonic()
                try:
                    for byte in hello * 40:
                        slow.sendall(bytes([byte]))
                        time.sleep(0.02)
                        if time.monotonic() - begin > TIMEOUT:
                            self.fail("a handshake a byte at a time is taken for ever")
                except ConnectionError:
                    pass
                self.assert_serves(server, tries=20)
                for client in clients:
                    receive_all(client)  # until it is closed
                    client.close()
                slow.close()
                self.assert_sockets(before, server)
                self.assertEqual(server.stop(), 0)

    def test_what_is_no_handshake(self):
        source = random.Random(8446)
        hello = self.client_hello()
        before = self.server.descriptors("socket:")
        cases = [b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 70_000, b"\x80" * 1000,
                 b"\x15\x03\x03\x00\x02\x02\x28", b"\x17\x03\x03\x00\x10" + b"x" * 16, hello + hello, hello + b"\x14\x03\x03\x00\x01\x01" * 100]
        for _ in range(GARBAGE):
            damaged = bytearray(hello)
            for _ in range(source.randrange(1, 5)):
                damaged[source.randrange(len(damaged))] = source.randrange(256)
            cases.append(bytes(damaged))
        for case in cases:
            with self.server.connect_plain(TIMEOUT) as client:
                try:
                    client.sendall(case)
                    client.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                self.assertNotIn(b"HTTP/1.", receive_all(client))
        self.assert_serves()
        self.assert_sockets(before)

    def test_handshakes_that_break_off(self):
        before = self.server.descriptors("socket:")
        hello = self.client_hello()
        for abrupt in (False, True):
            for part in (hello[:3], hello):
                client = self.server.connect_plain(TIMEOUT)
                client.sendall(part)
                if abrupt:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.close()
        self.assert_serves()
        self.assert_sockets(before)

    def test_a_client_that_says_it_has_finished(self):
        """close_notify ends one direction only (RFC 8446, 6.1): the answer still comes."""
        with self.server.connect_plain(TIMEOUT) as connection:
            taken, given = ssl.MemoryBIO(), ssl.MemoryBIO()
            session = self.certificate.context.wrap_bio(taken, given, server_hostname="127.0.0.1")

            def until_done(step):
                while True:
                    try:
                        return step()
                    except ssl.SSLWantReadError:
                        connection.sendall(given.read())
                        received = connection.recv(65536)
                        taken.write(received) if received else taken.write_eof()

            until_done(session.do_handshake)
            self.assertEqual(session.version(), "TLSv1.3")
            session.write(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
            try:
                session.unwrap()
            except ssl.SSLWantReadError:
                pass
            self.assertEqual(status_of(until_done(lambda: session.read(65536))), 200)

    def test_damaged_records(self):
        """A byte of the encrypted request is changed on its way."""
        for at in (0, 3, 5, 20, -1):
            with self.server.connect_plain(TIMEOUT) as connection:
                taken, given = ssl.MemoryBIO(), ssl.MemoryBIO()
                session = self.certificate.context.wrap_bio(taken, given, server_hostname="127.0.0.1")
                while True:
                    try:
                        session.do_handshake()
                        break
                    except ssl.SSLWantReadError:
                        connection.sendall(given.read())
                        taken.write(connection.recv(65536))
                connection.sendall(given.read())
                session.write(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
                record = bytearray(given.read())
                record[at] ^= 0x40
                try:
                    connection.sendall(record)
                    connection.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                received = receive_all(connection)
                taken.write(received)
                try:
                    answer = session.read(65536)
                except ssl.SSLError:
                    answer = b""
                self.assertNotIn(b"hello", answer)
        self.assert_serves()


if __name__ == "__main__":
    BRINK = sys.argv.pop(1)
    unittest.main()
