"""Tests of the command as a whole process: python3 cli_test.py BRINK. Needs no compiler: guests are text modules."""

import json
import os
import pathlib
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

BRINK = ""

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

EXIT = """(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (call $exit (i32.const %d)) (unreachable)))
"""


def brink(*arguments, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    if "stdout" not in options:
        options["stdout"] = subprocess.PIPE
    return subprocess.run([BRINK, *map(str, arguments)], stderr=subprocess.PIPE, text=True, errors="replace",
                          timeout=120, **options)


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


class Usage(CommandTest):
    def test_no_arguments_prints_the_help(self):
        result = brink()
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        for command in ("run", "validate", "wast", "inspect"):
            self.assertIn(command, result.stderr)

    def test_help(self):
        for arguments in (["--help"], ["-h"], ["run", "--help"], ["inspect", "-h"]):
            result = brink(*arguments)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertIn("FILE" if arguments[0][0] != "-" else "inspect", result.stdout)

    def test_run_help_names_its_options(self):
        help_text = brink("run", "--help").stdout
        for option in ("--dir", "--env", "--invoke", "--max-memory", "--max-stack"):
            self.assertIn(option, help_text)

    def test_version(self):
        self.assert_output(brink("--version"), "brink 0.1.0\n")

    def test_wrong_usage_is_code_2_and_names_the_help(self):
        for arguments in (["run"], ["run", "--bogus", "x.wat"], ["run", "--dir"], ["run", "--max-memory", "many", "x"],
                          ["run", "--max-stack", "1T", "x"], ["run", "--env", "=1", "x"], ["run", "--dir", "::a", "x"],
                          ["--bogus"], ["frobnicate"], ["validate"], ["wast"], ["inspect"], ["inspect", "a", "b"],
                          ["validate", "--bogus", "x"], [""], ["run", ""], ["validate", ""], ["run", "-W", "bogus", "x"],
                          ["validate", "-W", "simd=2", "x"], ["wast", "-W", "mvp=n", "x"], ["inspect", "-W", "", "x"]):
            with self.subTest(arguments=arguments):
                self.assert_error(brink(*arguments), 2, "--help")

    def test_mistyped_command(self):
        self.assert_error(brink("vaildate", "x.wasm"), 2, "'vaildate'")


class Run(CommandTest):
    def test_exit_code_is_the_guests(self):
        for code in (0, 1, 42, 125, 255):
            path = self.write("exit.wat", EXIT % code)
            self.assert_output(brink("run", path), "", code)

    def test_a_command_that_returns_ends_with_0(self):
        path = self.write("nothing.wat", '(module (memory (export "memory") 1) (func (export "_start")))')
        self.assert_output(brink("run", path), "")

    def test_guest_arguments_are_the_guests_own(self):
        path = self.write("echo.wat", ECHO)
        arguments = ["--dir", "-v", "--", "--help", "", "a b", "--invoke=x", "[1,2]", "-"]
        expected = "\n".join(["echo.wat", *arguments]) + "\n"
        self.assert_output(brink("run", path, *arguments), expected)
        self.assert_output(brink("run", "--", path, *arguments), expected)
        self.assert_output(brink(path, *arguments), expected)
        self.assert_output(brink("run", "--dir", self.folder, path, *arguments), expected)
        self.assert_output(brink("--dir", self.folder, path, *arguments), expected)

    def test_environment(self):
        path = self.write("echo.wat", ECHO)
        environment = dict(os.environ, INHERITED="from outside", HIDDEN="no")
        result = brink("run", "--invoke", "environment", "--env", "A=1", "--env=B=x=y", "--env", "INHERITED",
                       "--env", "EMPTY=", "--env", "NOT_SET_ANYWHERE", "--env", "A=2", path, env=environment)
        self.assert_output(result, "B=x=y\nINHERITED=from outside\nEMPTY=\nA=2\n")

    def test_environment_is_empty_by_default(self):
        path = self.write("echo.wat", ECHO)
        self.assert_output(brink("run", "--invoke", "environment", path), "")

    def test_start_section_alone_is_enough(self):
        path = self.write("start.wat", "(module (func $f) (start $f))")
        self.assert_output(brink("run", path), "")

    def test_no_entry(self):
        path = self.write("empty.wat", "(module)")
        self.assert_error(brink("run", path), 1, str(path), "_start", "--invoke")

    def test_reactor(self):
        path = self.write("reactor.wat", """(module (memory (export "memory") 1) (global $g (mut i32) (i32.const 1))
            (func (export "_initialize") (global.set $g (i32.const 7)))
            (func (export "get") (result i32) (global.get $g)))""")
        self.assert_output(brink("run", "--invoke", "get", path), "7\n")
        self.assert_error(brink("run", path), 1, "reactor", "--invoke")

    def test_entry_of_wrong_type(self):
        path = self.write("entry.wat", '(module (func (export "_start") (param i32)))')
        self.assert_error(brink("run", path), 1, "_start", "(param i32)")

    def test_unknown_import_is_named_with_its_type(self):
        path = self.write("import.wat", """(module (import "env" "missing" (func (param i32 i64) (result f32)))
            (func (export "_start")))""")
        self.assert_error(brink("run", path), 1, "env", "missing", "(param i32 i64) (result f32)")

    def test_import_of_wrong_type(self):
        path = self.write("import.wat", """(module (import "wasi_snapshot_preview1" "fd_write" (func (param i64)))
            (func (export "_start")))""")
        self.assert_error(brink("run", path), 1, "wasi_snapshot_preview1", "fd_write", "(param i64)")

    def test_folder_errors(self):
        path = self.write("empty.wat", '(module (func (export "_start")))')
        self.assert_error(brink("run", "--dir", self.folder / "absent", path), 1, "absent")
        self.assert_error(brink("run", "--dir", path, path), 1, "empty.wat")

    def test_file_errors(self):
        self.assert_error(brink("run", self.folder / "absent.wasm"), 1, "absent.wasm", "No such file")
        self.assert_error(brink("absent.wasm"), 1, "absent.wasm", "No such file")
        self.assert_error(brink("run", self.folder), 1, str(self.folder))
        self.assert_error(brink("run", self.folder / "x" / "y.wasm"), 1, "y.wasm")
        if os.getuid() != 0:
            path = self.write("secret.wat", "(module)")
            path.chmod(0)
            self.assert_error(brink("run", path), 1, "secret.wat", "Permission denied")

    def test_binary_from_a_pipe(self):
        read, write = os.pipe()
        os.write(write, b"\0asm\1\0\0\0")
        os.close(write)
        result = brink("run", "/dev/stdin", stdin=read)
        os.close(read)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1)


class Invoke(CommandTest):
    def setUp(self):
        super().setUp()
        self.path = self.write("maths.wat", MATHS)

    def invoke(self, name, *arguments):
        return brink("run", "--invoke", name, self.path, *arguments)

    def test_typed_arguments(self):
        for name, arguments, expected in [
            ("add", ("2", "3"), "5"),
            ("add", ("-2", "1"), "-1"),
            ("add", ("0xffffffff", "0"), "-1"),
            ("add", ("4294967295", "1"), "0"),
            ("i64", ("-9223372036854775808",), "-9223372036854775808"),
            ("i64", ("0x7fffffffffffffff",), "9223372036854775807"),
            ("f32", ("0.1",), "0.1"),
            ("f32", ("0x1p-1",), "0.5"),
            ("f32", ("nan",), "nan"),
            ("f32", ("-nan",), "-nan"),
            ("f32", ("nan:0x200000",), "nan:0x200000"),
            ("f32", ("-inf",), "-inf"),
            ("f64", ("-0",), "-0"),
            ("f64", ("1e300",), "1e+300"),
            ("v128", ("0x0123456789abcdef",), "0x00000000000000000123456789abcdef"),
            ("v128", ("0xfedcba98765432100123456789abcdef",), "0xfedcba98765432100123456789abcdef"),
            ("swap", ("1", "2.5"), "2.5\n1"),
            ("null", ("null",), "null"),
        ]:
            with self.subTest(name=name, arguments=arguments):
                self.assert_output(self.invoke(name, *arguments), expected + "\n")

    def test_bad_arguments(self):
        for name, arguments, part in [
            ("add", ("1",), "takes 2 arguments, but 1 were given"),
            ("add", ("1", "2", "3"), "takes 2 arguments, but 3 were given"),
            ("add", ("1", "x"), "argument 2 of 'add': 'x' is not an i32"),
            ("add", ("4294967296", "0"), "argument 1"),
            ("i64", ("1.5",), "'1.5' is not an i64"),
            ("f32", ("1e39",), "range of f32"),
            ("f64", ("one",), "'one'"),
            ("v128", ("1",), "v128"),
            ("null", ("7",), "'null'"),
            ("strict", ("null",), "(ref func)"),
        ]:
            with self.subTest(name=name, arguments=arguments):
                self.assert_error(self.invoke(name, *arguments), 1, part)

    def test_an_export_without_a_name(self):
        path = self.write("unnamed.wat", """(module (func (export "_start") unreachable)
            (func (export "") (result i32) (i32.const 7)))""")
        self.assert_output(brink("run", "--invoke", "", path), "7\n")
        self.assert_error(brink("run", "--invoke", "", self.path), 1, "no function is exported as ''")

    def test_what_cannot_be_invoked(self):
        for name in ("absent", "memory", "global"):
            self.assert_error(self.invoke(name), 1, str(self.path), f"'{name}'")

    def test_control_characters_do_not_reach_the_terminal(self):
        self.assert_error(self.invoke("\x1b[2Jname\n"), 1, "\\x1b[2Jname\\x0a")


class Traps(CommandTest):
    def setUp(self):
        super().setUp()
        self.path = self.write("maths.wat", MATHS)

    def test_a_trap_is_code_134_with_a_backtrace(self):
        result = brink("run", "--invoke", "nested", self.path)
        self.assertEqual((result.returncode, result.stdout), (134, ""))
        lines = result.stderr.splitlines()
        self.assertEqual(lines[0], "error: integer divide by zero")
        self.assertEqual(len(lines), 3)
        self.assertRegex(lines[1], r"^   0: 0x[0-9a-f]{6,}  maths!inner$")
        self.assertRegex(lines[2], r"^   1: 0x[0-9a-f]{6,}  maths!outer$")

    def test_backtrace_offsets_lie_in_the_module(self):
        # \0asm, version; type section [] -> []; function section; export "_start"; code: nop, unreachable.
        module = (b"\0asm\1\0\0\0" + b"\1\4\1\x60\0\0" + b"\3\2\1\0" + b"\7\x0a\1\6_start\0\0" + b"\x0a\6\1\4\0\1\0\x0b")
        self.assertEqual(module.index(b"\x0a\6\1\4\0\1\0\x0b") + 6, 0x24)
        path = self.write("trap.wasm", module)
        result = brink("run", path)
        self.assertEqual(result.returncode, 134)
        lines = result.stderr.splitlines()
        self.assertEqual(lines[0], "error: unreachable")
        self.assertIn("0x000024", lines[1])
        self.assertIn("_start", lines[1])

    def test_trap_in_start_function(self):
        path = self.write("start.wat", '(module (func $f (unreachable)) (start $f) (func (export "_start")))')
        result = brink("run", path)
        self.assertEqual(result.returncode, 134)
        self.assertEqual(result.stderr.splitlines()[0], "error: unreachable")

    def test_trap_in_initialize(self):
        path = self.write("start.wat", '(module (func (export "_initialize") (unreachable)) (func (export "f")))')
        self.assertEqual(brink("run", "--invoke", "f", path).returncode, 134)

    def test_exit_in_start_function_is_no_trap(self):
        path = self.write("exit.wat", """(module
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (func $f (call $exit (i32.const 9))) (start $f) (func (export "_start")))""")
        self.assert_output(brink("run", path), "", 9)

    def test_stack_exhaustion(self):
        result = brink("run", "--invoke", "down", self.path)
        self.assertEqual(result.returncode, 134)
        lines = result.stderr.splitlines()
        self.assertEqual(lines[0], "error: call stack exhausted")
        self.assertIn("maths!down", lines[1])
        self.assertLess(len(lines), 200)

    def test_out_of_bounds_data_segment(self):
        path = self.write("data.wat",
                          '(module (memory 1) (data (i32.const 65536) "x") (func (export "_start")))')
        result = brink("run", path)
        self.assertEqual(result.returncode, 134)
        self.assertEqual(result.stderr.splitlines()[0].split(":")[:2], ["error", " out of bounds memory access"])

    def test_uncaught_exception(self):
        path = self.write("throw.wat", '(module (tag $t) (func (export "_start") (throw $t)))')
        result = brink("run", path)
        self.assertEqual(result.returncode, 134)
        self.assertTrue(result.stderr.startswith("error: uncaught exception"), result.stderr)


# Argument 0: the thread wakes the first thread, which then ends. 1: it exits with code 7. 2: it traps. 3: the first
# thread ends while it waits. 4: the first thread traps. 5: it only computes while the first thread ends.
THREADS = """(module
  (import "env" "memory" (memory 1 2 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (export "memory" (memory 0))
  (func $thread (export "wasi_thread_start") (param i32 i32)
    (if (i32.eq (local.get 1) (i32.const 5)) (then
      (i32.atomic.store (i32.const 0) (i32.const 1))
      (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))
      (loop $forever (br $forever))))
    (if (i32.eq (local.get 1) (i32.const 3))
      (then (drop (memory.atomic.wait32 (i32.const 4) (i32.const 0) (i64.const -1)))))
    (if (i32.eq (local.get 1) (i32.const 2)) (then (unreachable)))
    (if (i32.eq (local.get 1) (i32.const 1)) (then (call $exit (i32.const 7))))
    (i32.atomic.store (i32.const 0) (i32.const 1))
    (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))
  (func (export "run") (param i32) (result i32)
    (if (i32.le_s (call $spawn (local.get 0)) (i32.const 0)) (then (return (i32.const -1))))
    (if (i32.eq (local.get 0) (i32.const 3)) (then (return (i32.const 3))))
    (if (i32.eq (local.get 0) (i32.const 4)) (then (drop (i32.load (i32.const -1)))))
    (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
    (local.get 0)))
"""


class Threads(CommandTest):
    def setUp(self):
        super().setUp()
        self.path = self.write("threads.wat", THREADS)

    def run_threads(self, argument, *options):
        return brink("run", *options, "--invoke", "run", self.path, argument)

    def test_threads_work_together(self):
        self.assert_output(self.run_threads("0"), "0\n")

    def test_the_end_of_one_is_the_end_of_all(self):
        result = self.run_threads("1")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (7, "", ""))
        result = self.run_threads("2")
        self.assertEqual((result.returncode, result.stdout), (134, ""))
        self.assertTrue(result.stderr.startswith("error: unreachable\n"), result.stderr)
        self.assertIn("threads.wat!thread\n", result.stderr)
        self.assert_output(self.run_threads("3"), "3\n")
        result = self.run_threads("4")
        self.assertEqual(result.returncode, 134)
        self.assertTrue(result.stderr.startswith("error: out of bounds memory access\n"), result.stderr)
        self.assert_output(self.run_threads("5"), "5\n")

    def test_their_number_is_limited(self):
        self.assert_output(self.run_threads("0", "--max-threads", "0"), "-1\n")
        self.assert_output(self.run_threads("0", "--max-threads", "1"), "0\n")
        self.assert_error(brink("run", "--max-threads", "-1", self.path), 2, "--max-threads")

    def test_what_they_need_is_checked(self):
        self.assert_error(self.run_threads("0", "--max-memory", "60K"), 1, "memory")
        self.assert_error(self.run_threads("0", "-W", "threads=n"), 1, "threads")
        path = self.write("no.wat", """(module (import "wasi" "thread-spawn" (func (param i32) (result i32)))
            (func (export "_start")))""")
        self.assert_error(brink("run", path), 1, "wasi_thread_start")


class Cache(CommandTest):
    """Modules that are large enough for the cache; what is in its files is engine/cache's to test."""

    def setUp(self):
        super().setUp()
        body = "(i32.xor (i32.mul (i32.add (local.get 0) (i32.const 123456789)) (i32.const 987654321)) (i32.const %d))"
        functions = "".join(f"(func $f{i} (param i32) (result i32) {body % i})" for i in range(6000))
        text = f"""(module {functions}
          (func (export "sum") (result i32) (i32.add (call $f7 (i32.const 1)) (call $f8 (i32.const 2))))
          (func (export "trap") (result i32) (drop (call $f9 (i32.const 1))) (unreachable)))"""
        self.module = self.write("large.wat", text)
        self.cache = self.folder / "home" / "brink"
        self.env = {"XDG_CACHE_HOME": str(self.folder / "home")}
        self.expected = str((((1 + 123456789) * 987654321 ^ 7) + ((2 + 123456789) * 987654321 ^ 8)) % 2**32)

    def sum(self, *options, **more):
        result = brink("run", *options, "--invoke", "sum", self.module, env=self.env, **more)
        self.assertEqual((result.stderr, result.returncode), ("", 0))
        self.assertEqual(int(result.stdout) % 2**32, int(self.expected))

    def files(self, folder=None):
        return sorted((folder or self.cache).glob("*.brink-cache"))

    def test_a_file_is_made_and_used(self):
        self.sum()
        (file,) = self.files()
        first = (file.stat().st_ino, file.read_bytes())
        self.sum()
        self.assertEqual((file.stat().st_ino, file.read_bytes()), first)
        # A run that ends with a trap adds what it has prepared.
        self.assertEqual(brink("run", "--invoke", "trap", self.module, env=self.env).returncode, 134)
        self.assertEqual(len(self.files()), 1)
        self.sum()

    def test_options(self):
        self.sum("--no-cache")
        self.assertFalse(self.cache.exists())
        other = self.folder / "other" / "below"
        self.sum("--cache", other)
        self.assertEqual(len(self.files(other)), 1)
        # The secret is the user's, not the folder's.
        self.assertFalse((other / "secret").exists())
        self.assertEqual((self.cache / "secret").stat().st_size, 32)
        self.assertEqual(self.files(), [])
        self.sum("--cache-size", "1")
        self.assertEqual(self.files(), [])
        self.sum("--no-quicken")
        self.assertEqual(self.files(), [])

    def test_damage_and_bad_folders_do_no_harm(self):
        self.sum()
        (file,) = self.files()
        whole = file.read_bytes()
        for damaged in (b"", whole[:100], whole[: len(whole) // 2], b"\xff" * len(whole),
                        whole[:-64] + bytes(byte ^ 1 for byte in whole[-64:])):
            file.write_bytes(damaged)
            self.sum()
        file.write_bytes(b"")
        self.sum()
        self.assertEqual(file.read_bytes(), whole)
        for folder in ("/dev/null", "/proc/brink", self.module, self.module / "below"):
            self.sum("--cache", folder)
        self.env = {}  # no home
        self.sum()

    def test_a_limit_on_files_is_no_crash(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))
        self.sum(preexec_fn=limit)
        self.assertEqual(self.files(), [])
        self.assertEqual(list(self.cache.glob("*.new")), [])

    def test_sixteen_processes_at_once(self):
        command = [BRINK, "run", "--invoke", "sum", str(self.module)]
        running = [subprocess.Popen(command, env=self.env, stdout=subprocess.PIPE, text=True) for _ in range(16)]
        for process in running:
            output, _ = process.communicate(timeout=120)
            self.assertEqual((process.returncode, int(output) % 2**32), (0, int(self.expected)))
        self.assertEqual(len(self.files()), 1)
        self.assertEqual(sorted(path.name for path in self.cache.iterdir()), sorted([self.files()[0].name, "secret"]))


class Limits(CommandTest):
    def setUp(self):
        super().setUp()
        self.path = self.write("maths.wat", MATHS)

    def test_memory_limit_is_seen_by_grow(self):
        def grow(limit, pages):
            return brink("run", "--max-memory", limit, "--invoke", "grow", self.path, pages)
        self.assert_output(grow("128K", "1"), "1\n")
        self.assert_output(grow("128K", "2"), "-1\n")
        self.assert_output(grow("131071", "1"), "-1\n")

    def test_memory_limit_at_instantiation(self):
        self.assert_error(brink("run", "--max-memory", "1K", "--invoke", "grow", self.path, "0"), 1, "memory")

    def test_stack_limit(self):
        path = self.write("depth.wat", """(module (func $depth (export "depth") (param i32) (result i32)
            (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
              (else (i32.add (i32.const 1) (call $depth (i32.sub (local.get 0) (i32.const 1))))))))""")
        self.assert_output(brink("run", "--max-stack", "64M", "--invoke", "depth", path, "200000"), "200000\n")
        self.assert_error(brink("run", "--max-stack", "100000G", "--invoke", "depth", path, "1"), 1, "at most 64G, found 100000G")
        result = brink("run", "--max-stack", "64K", "--invoke", "depth", path, "200000")
        self.assertEqual(result.returncode, 134)
        self.assertTrue(result.stderr.startswith("error: call stack exhausted"), result.stderr)

    def test_timeout_ends_loops_and_sleeps(self):
        loop = self.write("loop.wat", '(module (func $forever (export "_start") (loop $l (br $l))))')
        # Sleeps a day: one subscription of the monotonic clock.
        sleep = self.write("sleep.wat", """(module
            (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 16) "\\01\\00\\00\\00\\00\\00\\00\\00\\00\\00\\91\\4e\\94\\4e\\00\\00")
            (func $nap (export "_start")
              (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))""")
        for path, function in ((loop, "forever"), (sleep, "nap")):
            with self.subTest(path=path.name):
                result = brink("run", "--timeout", "50ms", path)
                self.assertEqual(result.returncode, 134)
                self.assertTrue(result.stderr.startswith("error: interrupted\n"), result.stderr)
                self.assertIn(function, result.stderr)
        # And reading what nobody writes.
        read = self.write("read.wat", """(module
            (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "\\10\\00\\00\\00\\10\\00\\00\\00")
            (func (export "_start") (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))))""")
        with subprocess.Popen([BRINK, "run", "--timeout", "50ms", str(read)], stdin=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            self.assertTrue(process.stderr.read().startswith(b"error: interrupted\n"))
            self.assertEqual(process.wait(), 134)
        self.assert_output(brink("run", "--timeout", "1h", "--invoke", "add", self.path, "1", "2"), "3\n")
        self.assert_error(brink("run", "--timeout", "soon", self.path), 2, "--timeout", "soon")

    def test_every_tier_computes_the_same(self):
        path = self.write("sum.wat", """(module (func (export "sum") (param $n i32) (result i64) (local $i i32) (local $s i64)
            (loop $l
              (local.set $s (i64.add (local.get $s) (i64.extend_i32_u (local.get $i))))
              (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
            (local.get $s)))""")
        for arguments in ([], ["--tier", "interp"], ["--tier-threshold", "1"], ["--tier", "auto", "--tier-threshold", "50", "--tier-wait"],
                          ["--no-quicken"], ["--fuel", "10000000"]):
            with self.subTest(arguments=arguments):
                self.assert_output(brink("run", *arguments, "--invoke", "sum", path, "100000"), "4999950000\n")
        for arguments in (["--tier", "fast"], ["--tier-threshold", "0"], ["--tier-threshold", "x"]):
            self.assert_error(brink("run", *arguments, "--invoke", "sum", path, "1"), 2, "--tier")
        self.assert_error(brink("run", "--tier", "interp", "--tier-wait", "--invoke", "sum", path, "1"), 1, "--tier auto")

    def test_fuel_is_counted_in_instructions(self):
        self.assert_output(brink("run", "--fuel", "3", "--invoke", "add", self.path, "1", "2"), "3\n")
        result = brink("run", "--fuel", "2", "--invoke", "add", self.path, "1", "2")
        self.assertEqual(result.returncode, 134)
        self.assertTrue(result.stderr.startswith("error: all fuel consumed\n"), result.stderr)
        for arguments in (["--fuel", "-1"], ["--fuel", "x"], ["--fuel", "1", "--no-quicken"]):
            self.assert_error(brink("run", *arguments, "--invoke", "add", self.path, "1", "2"), 2, "--fuel")

    def test_extreme_limits_do_not_crash(self):
        for option in ("--max-stack", "--max-memory"):
            for size in ("0", "1", "17179869183G", "18446744073709551615"):
                with self.subTest(option=option, size=size):
                    result = brink("run", option, size, "--invoke", "add", self.path, "1", "2")
                    self.assertIn(result.returncode, (0, 1, 134), result.stderr)
                    if result.returncode == 0:
                        self.assert_output(result, "3\n")
                    else:
                        self.assertTrue(result.stderr.startswith("error: "), result.stderr)

    def test_large_sizes_of_a_module_are_refused_or_limited(self):
        # 65536 pages are 4 GiB: reserved, not allocated.
        path = self.write("large.wat", '(module (memory (export "memory") 0 65536) (func (export "_start")))')
        self.assert_output(brink("run", path), "")
        path = self.write("table.wat", '(module (table 4294967295 funcref) (func (export "_start")))')
        self.assert_error(brink("run", path), 1, "table")


class BadModules(CommandTest):
    def check(self, name, content, *parts):
        path = self.write(name, content)
        for command in ("run", "validate", "inspect"):
            with self.subTest(command=command):
                self.assert_error(brink(command, path), 1, str(path), *parts)

    def test_empty_file(self):
        path = self.write("empty.wasm", b"")
        self.assertIn(brink("validate", path).returncode, (0, 1))  # as text, it is an empty module

    def test_garbage(self):
        self.check("garbage.wasm", bytes(range(256)) * 4)
        self.check("text.wat", "this is not a module")

    def test_wrong_version(self):
        self.check("version.wasm", b"\0asm\2\0\0\0", "version")

    def test_component(self):
        self.check("component.wasm", b"\0asm\x0d\0\1\0")

    def test_every_truncation_is_one_line(self):
        module = (b"\0asm\1\0\0\0" + b"\1\4\1\x60\0\0" + b"\3\2\1\0" + b"\7\x0a\1\6_start\0\0" + b"\x0a\4\1\2\0\x0b")
        path = self.write("whole.wasm", module)
        self.assert_output(brink("run", path), "")
        complete = {8, 14, len(module)}  # where a section ends, and no function lacks its body
        for size in range(1, len(module)):
            with self.subTest(size=size):
                result = brink("validate", self.write("cut.wasm", module[:size]))
                if size in complete:
                    self.assert_output(result, "")
                else:
                    self.assert_error(result, 1, "cut.wasm")

    def test_huge_counts_allocate_nothing(self):
        for section in range(1, 14):
            if section == 8:  # the start section has no count
                continue
            module = b"\0asm\1\0\0\0" + bytes([section]) + b"\x05\xff\xff\xff\xff\x0f"
            path = self.write("count.wasm", module)
            limited = lambda: resource.setrlimit(resource.RLIMIT_DATA, (64 << 20, 64 << 20))
            # Sanitizers need address space of their own, and so does an emulator.
            is_free = is_sanitized() or BRINK.endswith("-emulated")
            result = brink("validate", path, preexec_fn=None if is_free else limited)
            with self.subTest(section=section):
                self.assert_error(result, 1, "count.wasm")

    def test_text_errors_have_line_and_column(self):
        self.check("bad.wat", '(module\n  (func (export "f")\n    i32.bogus))', "bad.wat:3:5: ")
        self.check("bad.wat", "(module\n  (memory 1)\n  (func)", "bad.wat:3:")

    def test_invalid_body_of_a_text_module(self):
        path = self.write("bad.wat", "(module\n  (func (result i32)\n    i64.const 0))")
        result = brink("validate", path)
        self.assert_error(result, 1, "bad.wat:3:", "i32")

    def test_deep_nesting(self):
        depth = 200_000
        self.write("deep.wat", "(module (func " + "(block " * depth + ")" * depth + "))")
        result = brink("validate", self.folder / "deep.wat")
        self.assertIn(result.returncode, (0, 1), result.stderr[:200])

    def test_large_custom_section(self):
        size = 100 << 20
        length = bytes([(size + 2) & 0x7F | 0x80, (size + 2) >> 7 & 0x7F | 0x80, (size + 2) >> 14 & 0x7F | 0x80,
                        (size + 2) >> 21 & 0x7F | 0x80, (size + 2) >> 28])
        path = self.folder / "large.wasm"
        with open(path, "wb") as file:
            file.write(b"\0asm\1\0\0\0\0" + length + b"\1x")
            file.truncate(8 + 1 + 5 + 2 + size)
        self.assert_output(brink("validate", path), "")


class Proposals(CommandTest):
    WIDE = """(module (func (export "wide") (param i64 i64) (result i64 i64)
  (i64.mul_wide_u (local.get 0) (local.get 1))))
"""
    # (func (drop (v128.const 0…))) with the constant at offset 0x17.
    SIMD = bytes.fromhex("0061736d01000000" "010401600000" "03020100" "0a170115" "00" "fd0c" + 16 * "00" + "1a0b")

    def test_on_by_default(self):
        path = self.write("wide.wat", self.WIDE)
        self.assert_output(brink("run", "--invoke", "wide", path, "-1", "2"), "-2\n1\n")
        self.assert_output(brink("validate", path), "")

    def test_switched_off_by_name(self):
        path = self.write("wide.wat", self.WIDE)
        for command in (["validate"], ["inspect"], ["run", "--invoke", "wide"]):
            result = brink(*command, "-W", "wide-arithmetic=n", path)
            self.assert_error(result, 1, "wide.wat:2:4: i64.mul_wide_u needs the wide-arithmetic proposal")
        self.assert_output(brink("validate", "-W", "all-proposals=n,wide-arithmetic,multi-value", path), "")
        self.assert_output(brink("validate", "-W", "wide-arithmetic=n", "-W", "wide-arithmetic", path), "")

    def test_a_binary_is_refused_with_the_offset_before_it_runs(self):
        path = self.write("simd.wasm", self.SIMD)
        self.assert_output(brink("validate", path), "")
        for command in ("validate", "run"):
            result = brink(command, "-W", "simd=n", path)
            self.assert_error(result, 1, "at offset 0x17: v128.const needs the simd proposal, which is not enabled")

    def test_in_scripts(self):
        path = self.write("wide.wast", self.WIDE + '(assert_return (invoke "wide" (i64.const 3) (i64.const 5))'
                                                   ' (i64.const 15) (i64.const 0))')
        self.assert_output(brink("wast", path), "2 passed, 0 failed, 0 skipped\n")
        result = brink("wast", "-W", "wide-arithmetic=n", path)
        self.assertEqual(result.returncode, 1)
        self.assertIn("wide-arithmetic", result.stdout)

    def test_a_bad_name_lists_the_names(self):
        for command in ("run", "validate", "wast", "inspect"):
            self.assert_error(brink(command, "-W", "thread=n", "x"), 2, "'thread'", "threads, wide-arithmetic")


class Validate(CommandTest):
    def test_silence_is_success(self):
        path = self.write("good.wat", "(module)")
        self.assert_output(brink("validate", path, path), "")

    def test_verbose_names_the_files(self):
        path = self.write("good.wat", "(module)")
        self.assert_output(brink("validate", "--verbose", path), f"{path}: valid\n")

    def test_every_bad_file_is_named(self):
        good = self.write("good.wat", "(module)")
        bad = self.write("bad.wat", "(module (func (result i32)))")
        result = brink("validate", "-v", bad, good, self.folder / "absent.wat")
        self.assertEqual((result.returncode, result.stdout), (1, f"{good}: valid\n"))
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), 2)
        self.assertIn("bad.wat", lines[0])
        self.assertIn("absent.wat", lines[1])

    def test_bodies_are_validated(self):
        # A body [i32] -> [] that leaves a value: types, functions, code, by hand.
        path = self.write("body.wasm", b"\0asm\1\0\0\0\1\4\1\x60\0\0\3\2\1\0\x0a\6\1\4\0\x41\0\x0b")
        self.assert_error(brink("validate", path), 1, "body.wasm", "offset")


class Wast(CommandTest):
    def test_counts(self):
        path = self.write("a.wast", """(module (func (export "one") (result i32) (i32.const 1)))
            (assert_return (invoke "one") (i32.const 1))""")
        self.assert_output(brink("wast", path), "2 passed, 0 failed, 0 skipped\n")
        self.assert_output(brink("wast", path, path), "4 passed, 0 failed, 0 skipped\n")
        self.assertEqual(brink("wast", "--verbose", path).stdout.splitlines(),
                         [f"{path}: 2 passed, 0 failed, 0 skipped", "2 passed, 0 failed, 0 skipped"])

    def test_failures_have_their_place(self):
        path = self.write("a.wast", '(module (func (export "one") (result i32) (i32.const 1)))\n\n'
                                    '  (assert_return (invoke "one") (i32.const 2))')
        result = brink("wast", path)
        self.assertEqual(result.returncode, 1)
        lines = result.stdout.splitlines()
        self.assertTrue(lines[0].startswith(f"{path}:3:3: "), lines[0])
        self.assertEqual(lines[-1], "1 passed, 1 failed, 0 skipped")

    def test_files_do_not_see_each_other(self):
        first = self.write("a.wast", '(module $m (func (export "f"))) (register "m")')
        second = self.write("b.wast", '(module (import "m" "f" (func)))')
        result = brink("wast", first, second)
        self.assertEqual(result.stdout.splitlines()[-1], "2 passed, 1 failed, 0 skipped")

    def test_a_missing_file_is_a_failure(self):
        result = brink("wast", self.folder / "absent.wast")
        self.assertEqual((result.returncode, result.stdout), (1, "0 passed, 1 failed, 0 skipped\n"))
        self.assertIn("absent.wast", result.stderr)

    def test_what_is_too_large_is_a_failure(self):
        sparse = self.write("sparse.wast", "")
        os.truncate(sparse, 100 << 30)
        result = brink("wast", sparse)
        self.assertEqual((result.returncode, result.stdout), (1, "0 passed, 1 failed, 0 skipped\n"))
        self.assertIn("File too large", result.stderr)


class Profile(CommandTest):
    # A line break in a name must not forge a line of the map.
    MODULE = """(module $named (func $twice (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
      (func (export "a\\nb c") (param i32) (result i32) (call $twice (local.get 0))))"""

    def run_profiled(self, kind):
        path = self.write("named.wat", self.MODULE)
        process = subprocess.Popen([pathlib.Path(BRINK).resolve(), "run", "--tier", "jit", "--profile", kind, "--invoke", "a\nb c", path, "21"],
                                   cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        out, err = process.communicate(timeout=60)
        if "compiles no machine code" in err:
            self.skipTest("no compiler here")
        self.assertEqual((process.returncode, out, err), (0, "42\n", ""))
        return process.pid

    def assert_names(self, names):
        """The functions, once each, and what belongs to none."""
        self.assertEqual(sorted(name for name in names if "!" in name), ["named!a_b_c", "named!twice"])
        for name in ("[brink_slots_named]", "[brink_stub_enter]", "[brink_stub_indirect_call]", "[brink_wrapper_ii00]"):
            self.assertEqual(names.count(name), 1, names)

    def test_perf_map(self):
        # Emulated, the process may have another number than the emulator; and others may have files there.
        before = set(pathlib.Path("/tmp").glob("perf-*.map"))
        self.run_profiled("perfmap")
        new = set(pathlib.Path("/tmp").glob("perf-*.map")) - before
        path = max((path for path in new if "named!twice" in path.read_text()), key=lambda path: path.stat().st_mtime)
        self.addCleanup(path.unlink)
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        lines = [line.split(" ") for line in path.read_text().splitlines()]
        self.assert_names([line[2] for line in lines])
        ranges = sorted((int(line[0], 16), int(line[1], 16)) for line in lines)
        for (begin, size), (following, _) in zip(ranges, ranges[1:]):
            self.assertLessEqual(begin + size, following)

    def test_serve(self):
        path = self.write("named.wat", self.MODULE)
        for option in (["--cpu", "baseline"], ["--profile", "perfmap"], ["-g"], ["--jit-random", "1"]):
            self.assert_error(brink("serve", "--addr", "127.0.0.1:0", *option, path), 2, "a route with the tier jit or auto")

    def test_jit_dump(self):
        self.run_profiled("jitdump")
        [path] = pathlib.Path(self.folder).glob("jit-*.dump")
        data = path.read_bytes()
        magic, version, size, machine = struct.unpack_from("=4I", data)
        self.assertEqual((magic, version, size), (0x4A695444, 1, 40))
        self.assertIn(machine, (62, 183))
        names, at, times = [], size, []
        while at < len(data):
            kind, total, time, _, _, address, same, code_size, number = struct.unpack_from("=IIQIIQQQQ", data, at)
            self.assertEqual((kind, address), (0, same))
            end = data.index(b"\0", at + 56)
            names.append(data[at + 56:end].decode())
            self.assertEqual(end + 1 + code_size, at + total)
            self.assertEqual(number, len(names))
            times.append(time)
            at += total
        self.assert_names(names)
        self.assertEqual(times, sorted(times))

    def test_errors(self):
        path = self.write("named.wat", self.MODULE)
        self.assert_error(brink("run", "--profile", "gprof", path), 2, "--profile")
        for option in (["--profile", "perfmap"], ["--debug-info"]):
            self.assert_error(brink("run", "--tier", "interp", *option, path), 1, "--tier jit or auto")


class Inspect(CommandTest):
    def test_text(self):
        path = self.write("maths.wat", MATHS)
        result = brink("inspect", path)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for part in ('module "maths"', "sections", 'func 0 "add" (func (param i32 i32) (result i32))', "simd",
                     "multi-value"):
            self.assertIn(part, result.stdout)

    def test_json(self):
        path = self.write("echo.wat", ECHO)
        report = json.loads(brink("inspect", "--json", path).stdout)
        self.assertEqual(report["name"], "echo")
        self.assertEqual([item["name"] for item in report["imports"]],
                         ["args_sizes_get", "args_get", "environ_sizes_get", "environ_get", "fd_write", "proc_exit"])
        self.assertEqual([item["name"] for item in report["exports"]], ["memory", "_start", "environment"])
        self.assertEqual(report["functions"]["defined"], 3)
        self.assertEqual(report["features"], [])
        self.assertIsNone(report["invalid"])

    def test_disassembly(self):
        path = self.write("maths.wat", """(module (import "a" "b" (func $imported))
          (func $twice (export "double it") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
          (func $caller (result i32) (call $twice (i32.div_s (i32.const 4) (i32.const 3))))
          (func $invalid (result i32)))""")
        if b"compiles no machine code" in subprocess.run([BRINK, "run", "--tier", "jit", path], capture_output=True).stderr:
            self.skipTest("no compiler here")
        result = brink("inspect", "--disassemble", "twice", path)
        if "objdump" in result.stderr:
            self.skipTest("no objdump for this processor")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        lines = [line.split("  ")[-1].strip() for line in result.stdout.splitlines()]
        self.assertEqual(lines[0].split(":")[0], "function 1, twice")
        for instruction in ("local.get 0", "i32.const 2", "i32.mul", "end", "ret"):
            self.assertIn(instruction, lines)
        for name in ("1", "double it"):
            self.assertEqual(brink("inspect", "--disassemble", name, path).stdout, result.stdout)
        report = json.loads(brink("inspect", "--disassemble", "caller", "--json", path).stdout)
        self.assertEqual(report["name"], "caller")
        machine = [line["text"] for part in report["parts"] for line in part["machine"]]
        self.assertEqual(sum("<twice>" in line for line in machine), 1, machine)
        for name, words in (("0", "imported"), ("9", "there is no function 9"), ("nobody", "no function is called nobody"),
                            ("invalid", "type mismatch")):
            self.assert_error(brink("inspect", "--disassemble", name, path), 1, words)

    def test_an_invalid_body_is_told(self):
        path = self.write("bad.wat", "(module (func (result i32)))")
        result = brink("inspect", path)
        self.assertEqual(result.returncode, 0)
        self.assertIn("invalid: ", result.stdout)


class Output(CommandTest):
    def setUp(self):
        super().setUp()
        self.path = self.write("maths.wat", MATHS)

    def assert_write_error(self, result):
        lines = result.stderr.splitlines()
        self.assertEqual((result.returncode, len(lines)), (1, 1), result.stderr)
        self.assertTrue(lines[0].startswith("error: standard output: "), lines[0])

    def test_full_disk(self):
        for arguments in (["run", "--invoke", "add", self.path, "1", "2"], ["inspect", self.path],
                          ["inspect", "--json", self.path], ["--version"], ["--help"]):
            with self.subTest(arguments=arguments), open("/dev/full", "w") as full:
                self.assert_write_error(brink(*arguments, stdout=full))

    def test_closed_output(self):
        for arguments in (["run", "--invoke", "add", self.path, "1", "2"], ["inspect", self.path]):
            with self.subTest(arguments=arguments):
                self.assert_write_error(brink(*arguments, stdout=None, preexec_fn=lambda: os.close(1)))

    def test_closed_output_does_not_matter_without_output(self):
        result = brink("validate", self.path, stdout=None, preexec_fn=lambda: os.close(1))
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_reader_that_went_away(self):
        read, write = os.pipe()
        os.close(read)
        result = brink("inspect", self.path, stdout=write)
        os.close(write)
        self.assert_write_error(result)

    def test_guest_sees_the_write_error(self):
        echo = self.write("echo.wat", ECHO)
        with open("/dev/full", "w") as full:
            result = brink("run", echo, "x", stdout=full)
        self.assertEqual((result.returncode, result.stderr), (74, ""))
        read, write = os.pipe()
        os.close(read)
        result = brink("run", echo, "x", stdout=write)
        os.close(write)
        self.assertEqual((result.returncode, result.stderr), (74, ""))

    def test_output_comes_before_the_trap(self):
        trap = self.write("trap.wat", ECHO.replace("(call $put_all))\n  (func (export \"environment\")",
                                                   "(call $put_all) (unreachable))\n  (func (export \"environment\")"))
        result = brink("run", trap)
        self.assertEqual((result.returncode, result.stdout), (134, "trap.wat\n"))


def is_sanitized():
    return b"__asan_init" in pathlib.Path(BRINK).read_bytes()


if __name__ == "__main__":
    BRINK = sys.argv.pop(1)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    unittest.main()
