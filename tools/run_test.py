"""`brink run`: programs and functions, what they get and how they end.

python3 run_test.py BRINK
"""

import os

from brink_command import ECHO, MATHS, CommandTest, brink, main

EXIT = """(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (call $exit (i32.const %d)) (unreachable)))
"""


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


if __name__ == "__main__":
    main()
