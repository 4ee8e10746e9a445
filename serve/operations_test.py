"""`brink serve` as its operator sees it: ending, watching, TLS, load, errors of the command, what is prepared.

python3 operations_test.py BRINK GUEST.wasm
"""

import http.client
import os
import pathlib
import platform
import signal
import subprocess
import tempfile
import threading
import unittest

from guest_server import PATIENCE, Server, brink_path, eventually, guest_path, main
from server_process import Certificate, receive_all, status_of


class Operations(unittest.TestCase):
    def test_drain(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Server() as server:
                idle = server.connect()
                [running] = server.sleepers(1, 1000)
                server.process.send_signal(number)
                self.assertEqual(receive_all(idle), b"")
                data = receive_all(running)
                self.assertEqual(status_of(data), 200)
                self.assertIn(b"awake", data)
                self.assertEqual(server.process.wait(PATIENCE), 0)
                self.assertEqual(server.log()[-1]["path"], "/sleep")
                idle.close()
                running.close()

    def test_drain_has_a_limit(self):
        with Server("--drain", "300ms") as server:
            running = server.connect()
            running.sendall(b"GET /loop HTTP/1.1\r\nHost: a\r\n\r\n")
            eventually(lambda: server.metric('brink_requests_in_flight{route="/"}') == 1)
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(status_of(receive_all(running)), 503)
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
        if not Certificate.can_be_made():
            self.skipTest("no openssl to make a certificate with")
        with tempfile.TemporaryDirectory(prefix="brink-tls-") as folder:
            certificate = Certificate(folder)
            with Server(certificate=certificate) as server:
                body = os.urandom(1_000_000)
                client = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=PATIENCE, context=certificate.context)
                for _ in range(3):
                    client.request("POST", "/echo", body=body)
                    self.assertEqual(client.getresponse().read(), body)
                client.request("GET", "/env")
                self.assertIn(b"HTTPS=on\n", client.getresponse().read())
                client.close()
                # Pipelined in one record.
                with server.connect() as connection:
                    connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 5 + b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    self.assertEqual(receive_all(connection).count(b"hello\n"), 6)
                # Plain HTTP to a TLS port gets no answer, and does no harm.
                with server.connect_plain(PATIENCE) as connection:
                    connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    self.assertNotIn(b"200", receive_all(connection))

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
            done = subprocess.run([brink_path(), "serve", *options], capture_output=True, text=True, timeout=PATIENCE)
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
            fails(2, "HOST:PORT", "--addr", "nowhere", guest_path())
            fails(2, "is not a time", "--deadline", "5", guest_path())
            fails(2, "together", "--tls-cert", "x", guest_path())
            fails(2, "PREFIX=FILE", "--route", "x", guest_path())
            fails(2, "two routes for '/'", "--route", "/=" + guest_path(), guest_path())
            fails(2, "", "--no-such-option")
            fails(1, "none.wasm: No such file", os.path.join(folder, "none.wasm"))
            fails(1, "exports no function _start", put("a.wat", "(module)"))
            fails(1, "nowhere", put("b.wat", '(module (import "nowhere" "f" (func)) (func (export "_start")))'))
            fails(1, "bad.toml:2:9: ", "--config", put("bad.toml", "\ndrain = 5\n"))
            fails(1, "cannot use the certificate", "--tls-cert", put("c", ""), "--tls-key", put("k", ""), guest_path())
            fails(1, "cannot open directory", "--dir", os.path.join(folder, "none"), guest_path())
            with Server() as server:
                fails(1, "cannot listen at 127.0.0.1:", "--addr", f"127.0.0.1:{server.port}", guest_path())


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
            subprocess.run([brink_path(), "compile", program, "-o", compiled], check=True, env=environment)

            def warnings(*options):
                with Server("--route", f"/large={compiled}", *options, environment=environment) as server:
                    self.assertEqual(server.get("/large").text, expected)
                    return [line for line in server.errors if line.startswith("warning: ")]

            self.assertEqual(warnings(), [])
            (interpreted,) = warnings("--tier", "interp")
            self.assertIn("other options", interpreted)
            (foreign,) = warnings("--code-secret", f"{folder}/another")
            self.assertIn("another secret", foreign)


if __name__ == "__main__":
    main()
