"""Serves the handlers and compares every answer with that of the same source compiled for this machine and run as a CGI
program: python3 handlers_test.py BRINK PROGRAMS, where PROGRAMS is the folder that spec-tests/programs/build filled."""

import base64
import concurrent.futures
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import platform
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent.parent / "serve"))
from server_process import ServerProcess  # noqa: E402

BRINK = PROGRAMS = ""
# How often each request is sent, and by how many clients at once.
ROUNDS = int(os.environ.get("BRINK_HANDLER_ROUNDS", "6"))
CLIENTS = 8
KEY = "a key of the tests, 32 characters"
JPEG = base64.b64decode("/9j/4AAQSkZJRgABAQAAAQABAAD/2wCEAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk8BDg4OExETJhUVJk81LTVPT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT//AABEIABAAGAMBIgACEQEDEQH/xAGiAAABBQEBAQEBAQAAAAAAAAAAAQIDBAUGBwgJCgsQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+gEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoLEQACAQIEBAMEBwUEBAABAncAAQIDEQQFITEGEkFRB2FxEyIygQgUQpGhscEJIzNS8BVictEKFiQ04SXxFxgZGiYnKCkqNTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqCg4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2dri4+Tl5ufo6ery8/T19vf4+fr/2gAMAwEAAhEDEQA/AOMg03/ZrQg0v/ZroLbTeny1q22l9PlrhpVPanLhMzt1Obg0r/Zqf+yf9muujsFjIG3LelS/ZP8Apl+tVOphYS5Zy19G/wAkfS0czk4n/9k=")
# Fields of the connection and of the server itself.
NOT_COMPARED = {"date", "server", "connection", "keep-alive", "content-length", "transfer-encoding"}


def png(width, height, channels, pixel):
    """A PNG image whose samples are pixel(x, y, channel)."""
    rows = b"".join(b"\0" + bytes(pixel(x, y, c) & 255 for x in range(width) for c in range(channels)) for y in range(height))
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(claims, key=KEY, algorithm="HS256"):
    text = encoded(json.dumps({"alg": algorithm, "typ": "JWT"}).encode()) + "." + encoded(json.dumps(claims).encode())
    return f"{text}.{encoded(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest())}"


class Request:
    def __init__(self, method, path, body=b"", **fields):
        self.method, self.path, self.body = method, path, body
        self.fields = {name.replace("_", "-"): value for name, value in fields.items()}

    def __repr__(self):
        return f"{self.method} {self.path} ({len(self.body)} bytes) {self.fields}"


class Answer:
    """What a client sees of a response, the same for HTTP and for CGI."""

    def __init__(self, status, fields, body):
        self.status, self.body = status, body
        self.fields = sorted((name.lower(), value) for name, value in fields if name.lower() not in NOT_COMPARED)

    def field(self, name):
        return dict(self.fields).get(name)

    def key(self):
        return self.status, self.fields, self.body


def ask(port, prefix, request):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=240)
    try:
        fields = {"Host": "handlers.test", "Accept-Encoding": "identity", **request.fields}
        connection.request(request.method, prefix + request.path, request.body or None, fields)
        response = connection.getresponse()
        return Answer(response.status, response.getheaders(), response.read())
    finally:
        connection.close()


def run_as_cgi(program, prefix, request, variables):
    """The answer of a native CGI program (RFC 3875)."""
    path, _, query = request.path.partition("?")
    environment = {"GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_METHOD": request.method,
                   "SCRIPT_NAME": prefix, "PATH_INFO": path, "QUERY_STRING": query, "REMOTE_ADDR": "127.0.0.1",
                   "HTTP_HOST": "handlers.test", "HTTP_ACCEPT_ENCODING": "identity", **variables}
    for name, value in request.fields.items():
        environment["HTTP_" + name.upper().replace("-", "_")] = value
    if request.body:
        environment["CONTENT_LENGTH"] = str(len(request.body))
    output = subprocess.run([program], input=request.body, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            env=environment, timeout=120).stdout
    separator = b"\r\n\r\n" if b"\r\n\r\n" in output.split(b"\n\n")[0] else b"\n\n"
    head, _, body = output.partition(separator)
    fields = [tuple(part.strip() for part in line.split(":", 1)) for line in head.decode().splitlines()]
    status = next((int(value.split()[0]) for name, value in fields if name == "Status"), 200)
    return Answer(status, [field for field in fields if field[0] != "Status"], b"" if request.method == "HEAD" else body)


class Handlers(unittest.TestCase):
    options = ("--no-cache",)

    def check(self, name, requests, *, folders=(), guest=(), native=()):
        """Every request by several clients at once; returns the native answers, which all of them had."""
        program, twin = PROGRAMS / f"{name}.wasm", PROGRAMS / f"{name}.native"
        if not program.is_file() or not twin.is_file():
            self.skipTest(f"{program.name} is not built: examples/handlers/build")
        prefix = f"/{name}"
        expected = [run_as_cgi(twin, prefix, request, dict(native)) for request in requests]
        options = [option for folder in folders for option in ("--dir", folder)]
        options += [option for variable in guest for option in ("--env", variable)]
        with ServerProcess(BRINK, *self.options, *options, "--route", f"{prefix}={program}") as server:
            with concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients:
                jobs = [(i, clients.submit(ask, server.port, prefix, request))
                        for _ in range(ROUNDS) for i, request in enumerate(requests)]
                for i, job in jobs:
                    self.assertEqual(job.result().key(), expected[i].key(), requests[i])
            self.assertEqual(server.stop(), 0)
            self.assertEqual(len(server.log()), len(jobs))
        return expected

    def test_resize(self):
        photo = png(90, 60, 3, lambda x, y, c: x * (c + 1) + y * 3)
        drawing = png(31, 47, 4, lambda x, y, c: 255 if c == 3 and (x - y) % 7 else x * y * (c + 1))
        huge = bytearray(png(2, 2, 1, lambda x, y, c: 0))
        huge[16:24] = struct.pack(">II", 5000, 5000)
        requests = [Request("POST", "/?width=40", photo), Request("POST", "/?height=100", drawing),
                    Request("POST", "/?width=50&height=20", photo), Request("POST", "/?width=12", JPEG),
                    Request("POST", "/?width=9", png(20, 10, 1, lambda x, y, c: x * y)),
                    Request("POST", "/?height=9", png(20, 10, 2, lambda x, y, c: x * y)),
                    Request("GET", "/?width=5"), Request("POST", "/", photo), Request("POST", "/?width=4097", photo),
                    Request("POST", "/?width=10", b"GIF89a"), Request("POST", "/?width=10", bytes(huge)),
                    Request("POST", "/?width=10", photo[:-200])]
        answers = self.check("resize", requests)
        self.assertEqual([answer.status for answer in answers], [200] * 6 + [405, 400, 400, 415, 413, 422])
        sizes = [answer.field("x-image-size") for answer in answers[:6]]
        self.assertEqual(sizes, ["40x27", "66x100", "30x20", "12x8", "9x5", "18x9"])
        for answer, size in zip(answers, sizes):
            self.assertEqual("x".join(map(str, struct.unpack(">II", answer.body[16:24]))), size)

    def test_token(self):
        far, past = 4102444800, 1000000000
        good = {"sub": "ada", "exp": far, "scope": "/reports /notes/ada.txt"}
        bearer = lambda claims, **options: {"Authorization": "Bearer " + token(claims, **options)}
        valid = token(good)
        forged = valid[:-2] + ("AA" if valid[-2:] != "AA" else "BA")
        requests = [Request("GET", "/reports/2026.json", **bearer(good)), Request("GET", "/notes/ada.txt", **bearer(good)),
                    Request("GET", "/notes/bob.txt", **bearer(good)), Request("GET", "/reports/none.txt", **bearer(good)),
                    Request("GET", "/reports/2026.json"), Request("GET", "/reports/2026.json", Authorization="Basic YTpi"),
                    Request("GET", "/reports/2026.json", Authorization="Bearer " + forged),
                    Request("GET", "/reports/2026.json", **bearer({**good, "exp": past})),
                    Request("GET", "/reports/2026.json", **bearer(good, key="another key, as long as it")),
                    Request("GET", "/reports/2026.json", **bearer(good, algorithm="none")),
                    Request("GET", "/reports/2026.json", **bearer({"sub": "ada", "scope": "/"})),
                    Request("GET", "/reports/2026.json", Authorization="Bearer a.b.c"),
                    Request("GET", "/reports/.hidden", **bearer(good)),
                    Request("PUT", "/reports/2026.json", **bearer(good))]
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "reports").mkdir()
            (folder / "notes").mkdir()
            (folder / "reports" / "2026.json").write_text(json.dumps({"sales": list(range(20000))}))
            (folder / "notes" / "ada.txt").write_text("for Ada\n")
            (folder / "notes" / "bob.txt").write_text("for Bob\n")
            answers = self.check("token", requests, folders=[f"{folder}::/files"], guest=[f"TOKEN_KEY={KEY}"],
                                 native={"TOKEN_KEY": KEY, "FILES": str(folder)}.items())
        self.assertEqual([answer.status for answer in answers],
                         [200, 200, 403, 404, 401, 401, 401, 401, 401, 401, 401, 401, 404, 405])
        self.assertEqual(json.loads(answers[0].body), {"sales": list(range(20000))})
        self.assertEqual((answers[1].body, answers[1].field("x-user")), (b"for Ada\n", "ada"))
        self.assertEqual([json.loads(answer.body)["error"] for answer in answers[4:12]],
                         ["no token", "no token", "the signature is wrong", "expired", "the signature is wrong",
                          "not signed by HS256", "without an expiry", "not a token"])
        self.assertEqual(answers[4].field("www-authenticate"), 'Bearer realm="files"')

    def test_redirects(self):
        rules = FOLDER / "redirects"
        requests = [Request("GET", "/old/page"), Request("GET", "/old/page?a=1&b=2"), Request("GET", "/blog/2026/11?x=y"),
                    Request("GET", "/download", Accept_Language="nl, de-AT;q=0.8, en;q=0.3"),
                    Request("GET", "/download", Accept_Language="*;q=0.5, fr"), Request("GET", "/download"),
                    Request("GET", "/gone"), Request("GET", "/docs/a", Cookie="x=1; variant=b"), Request("GET", "/"),
                    Request("GET", "/nothing"), Request("GET", "/headers", X_Test='say "hi"', User_Agent="tests"),
                    Request("POST", "/old/page", b"body")]
        answers = self.check("redirects", requests, folders=[f"{rules}::/rules"],
                             native={"RULES": str(rules / "rules.txt")}.items())
        self.assertEqual([answer.status for answer in answers], [301, 301, 302, 307, 307, 307, 410, 200, 200, 404, 200, 301])
        self.assertEqual([answer.field("location") for answer in answers[:6]],
                         ["http://handlers.test/new/page", "http://handlers.test/new/page?a=1&b=2",
                          "https://blog.example/2026/11?x=y", "http://handlers.test/files/de/manual.pdf",
                          "http://handlers.test/files/fr/manual.pdf", "http://handlers.test/files/en/manual.pdf"])
        self.assertEqual((answers[7].field("x-frame-options"), answers[7].field("set-cookie")), ("DENY", None))
        self.assertIn("variant=", answers[8].field("set-cookie"))
        self.assertEqual(json.loads(answers[10].body)["x-test"], 'say "hi"')

    def test_catalogue(self):
        def quote(*items):
            return Request("POST", "/quote", json.dumps({"items": items}).encode(), Content_Type="application/json")

        requests = [Request("GET", "/books"), Request("GET", "/books?author=Theodor+Fontane"),
                    Request("GET", "/books?author=%D0%A4%D1%91%D0%B4%D0%BE%D1%80%20%D0%94%D0%BE%D1%81%D1%82%D0%BE%D0%B5%D0%B2%D1%81%D0%BA%D0%B8%D0%B9"),
                    Request("GET", "/books?author=%27%20OR%201=1--"), Request("GET", "/books?limit=2"),
                    Request("GET", "/books/4"), Request("GET", "/books/99"), Request("GET", "/books/x"),
                    Request("GET", "/books?limit=0"), Request("GET", "/nothing"), Request("DELETE", "/books/4"),
                    quote({"id": 1, "count": 2}, {"id": 7, "count": 10}, {"id": 1, "count": 1}),
                    quote({"id": 1, "count": 0}), quote({"id": 55, "count": 1}), quote(), quote(7),
                    Request("POST", "/quote", b'{"items": ['), Request("POST", "/quote", b"[" * 60000),
                    Request("POST", "/quote", b" " * 70000)]
        with tempfile.TemporaryDirectory() as name:
            database = pathlib.Path(name, "catalogue.db")
            connection = sqlite3.connect(database)
            connection.executescript((FOLDER / "catalogue" / "schema.sql").read_text())
            connection.close()
            answers = self.check("catalogue", requests, folders=[f"{name}::/data"],
                                 native={"CATALOGUE": str(database)}.items())
        self.assertEqual([answer.status for answer in answers],
                         [200] * 6 + [404, 400, 400, 404, 405, 200, 422, 422, 422, 422, 422, 422, 413])
        bodies = [json.loads(answer.body) for answer in answers]
        self.assertEqual([len(body["books"]) for body in bodies[:5]], [8, 2, 1, 0, 2])
        self.assertEqual(bodies[5], {"id": 4, "title": "Moby-Dick", "author": "Herman Melville", "year": 1851,
                                     "price": "12.00", "available": False})
        self.assertEqual((bodies[11]["total"], [line["price"] for line in bodies[11]["items"]],
                          [line["available"] for line in bodies[11]["items"]]),
                         ("263.40", ["29.00", "219.90", "14.50"], [True, False, True]))  # 2900 + 21990 + 1450
        self.assertEqual([body["error"] for body in bodies[12:17]],
                         ["item 0: count must be 1 to 1000", "item 0: no such book", "items must have 1 to 100 entries",
                          "item 0 must be an object", "the body is not JSON"])

    @unittest.skipUnless(shutil.which("curl"), "no curl")
    def test_by_curl(self):
        program = PROGRAMS / "resize.wasm"
        if not program.is_file():
            self.skipTest("resize.wasm is not built: examples/handlers/build")
        with ServerProcess(BRINK, program) as server, tempfile.NamedTemporaryFile() as image:
            image.write(png(600, 400, 3, lambda x, y, c: x + y + c))
            image.flush()
            output = subprocess.run(["curl", "-sS", "-i", "-X", "POST", "--data-binary", f"@{image.name}",
                                     f"http://127.0.0.1:{server.port}/?width=30"], capture_output=True, timeout=240)
            self.assertEqual(output.returncode, 0, output.stderr)
            self.assertIn(b"X-Image-Size: 30x20\r\n", output.stdout)
            self.assertIn(b"\r\n\r\n\x89PNG\r\n\x1a\n", output.stdout)


@unittest.skipUnless(platform.machine() == "x86_64", "no machine code for this processor")
class HandlersInMachineCode(Handlers):
    options = ("--no-cache", "--tier", "jit")


@unittest.skipUnless(platform.machine() == "x86_64", "no machine code for this processor")
class HandlersThatGetHot(Handlers):
    options = ("--no-cache", "--tier", "auto", "--tier-threshold", "50")


if __name__ == "__main__":
    BRINK, PROGRAMS = sys.argv[1], pathlib.Path(sys.argv[2])
    unittest.main(argv=sys.argv[:1])
