"""What the tests of the command share: how it is run, what its errors look like, guests that several of them use.

`python3 SUBJECT_test.py BRINK` runs the tests of a subject; guests are text modules, so that no compiler is needed.
"""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

# Writes its arguments, or the environment, to standard output, one a line.
ECHO = """(module $echo
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  ;; 0: count, 4: size, 8: an iovec, 16: written, 1024: pointers, 8192: text
  (func $put_all
    (local $i i32)
    (loop $next
      (if (i32.lt_u (local.get $i) (i32.load (i32.const 4))) (then
        (if (i32.eqz (i32.load8_u offset=8192 (local.get $i)))
          (then (i32.store8 offset=8192 (local.get $i) (i32.const 10))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next))))
    (i32.store (i32.const 8) (i32.const 8192))
    (i32.store (i32.const 12) (i32.load (i32.const 4)))
    (if (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16))
      (then (call $exit (i32.const 74)))))
  (func (export "_start")
    (drop (call $args_sizes (i32.const 0) (i32.const 4)))
    (drop (call $args (i32.const 1024) (i32.const 8192)))
    (call $put_all))
  (func (export "environment")
    (drop (call $environ_sizes (i32.const 0) (i32.const 4)))
    (drop (call $environ (i32.const 1024) (i32.const 8192)))
    (call $put_all)))
"""

MATHS = """(module $maths
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "i64") (param i64) (result i64) (local.get 0))
  (func (export "f32") (param f32) (result f32) (local.get 0))
  (func (export "f64") (param f64) (result f64) (local.get 0))
  (func (export "v128") (param v128) (result v128) (local.get 0))
  (func (export "swap") (param i32 f64) (result f64 i32) (local.get 1) (local.get 0))
  (func (export "null") (param externref) (result externref) (local.get 0))
  (func (export "strict") (param (ref func)))
  (func $inner (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func $outer (export "nested") (result i32) (call $inner (i32.const 1) (i32.const 0)))
  (func $down (export "down") (call $down))
  (memory (export "memory") 1)
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (global (export "global") i32 (i32.const 1)))
"""

_path = ""


def brink_path():
    """Of the command, absolute."""
    return _path


def brink(*arguments, **options):
    """The command, run to its end: what subprocess.run() answers and, but for arguments, takes."""
    options.setdefault("stdin", subprocess.DEVNULL)
    if "stdout" not in options:
        options["stdout"] = subprocess.PIPE
    return subprocess.run([_path, *map(str, arguments)], stderr=subprocess.PIPE, text=True, errors="replace",
                          timeout=120, **options)


def is_sanitized():
    return b"__asan_init" in pathlib.Path(_path).read_bytes()


class CommandTest(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def assert_error(self, result, code, *parts):
        """One line on standard error that begins with "error: ", holds the parts, and nothing on standard output."""
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), 1, result.stderr)
        self.assertTrue(lines[0].startswith("error: "), lines[0])
        for part in parts:
            self.assertIn(part, lines[0])
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout or "", "")

    def assert_output(self, result, expected, code=0):
        self.assertEqual((result.stderr, result.stdout, result.returncode), ("", expected, code))


def main():
    global _path
    _path = os.path.abspath(sys.argv.pop(1))
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    unittest.main()
