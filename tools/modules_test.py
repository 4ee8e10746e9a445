"""What is a module and what is none: `brink validate`, `brink wast`, -W, and the errors of bad files.

python3 modules_test.py BRINK
"""

import os
import resource

from brink_command import CommandTest, brink, brink_path, is_sanitized, main


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
            is_free = is_sanitized() or brink_path().endswith("-emulated")
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


if __name__ == "__main__":
    main()
