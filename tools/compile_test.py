"""`brink compile`, and the programs that it makes.

python3 compile_test.py BRINK
"""

import os
import platform
import random
import subprocess
import unittest

from brink_command import CommandTest, brink, brink_path, main

# Enough functions that calls of each other, of imports, through a table, traps and loops are all there.
PROGRAM = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "sum \\n")
  (type $step (func (param i32) (result i32)))
  (table 2 funcref)
  (elem (i32.const 0) $double $increment)
  (func $double (type $step) (i32.mul (local.get 0) (i32.const 2)))
  (func $increment (type $step) (i32.add (local.get 0) (i32.const 1)))
  (func $sum (export "sum") (param i32) (result i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum)
        (call_indirect (type $step) (local.get 0) (i32.and (local.get 0) (i32.const 1)))))
      (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get $sum))
  (func (export "divide") (param i32 i32) (result i32) (i32.div_u (local.get 0) (local.get 1)))
  (func (export "_start")
    (i32.store8 (i32.const 103) (i32.add (i32.const 48) (i32.rem_u (call $sum (i32.const 9)) (i32.const 10))))
    (i32.store (i32.const 0) (i32.const 100))
    (i32.store (i32.const 4) (i32.const 5))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))
"""
# 9+1 + 2·8 + 7+1 + 2·6 + 5+1 + 2·4 + 3+1 + 2·2 + 1+1
SUM = 70


class Compile(CommandTest):
    def setUp(self):
        super().setUp()
        self.source = self.write("in.wat", PROGRAM)
        self.program = self.folder / "out.brink"
        self.home = self.folder / "home"

    def brink(self, *arguments, home=None):
        environment = {**os.environ, "HOME": str(home or self.home)}
        environment.pop("XDG_CACHE_HOME", None)
        return brink(*arguments, env=environment)

    def compile(self, *options, output=None):
        result = self.brink("compile", self.source, "-o", output or self.program, *options)
        self.assertEqual((result.stderr, result.returncode), ("", 0))
        return result.stdout

    def expect(self, *arguments, warning=None, output="sum0\n", home=None):
        result = self.brink(*arguments, home=home)
        self.assertEqual((result.stdout, result.returncode), (output, 0), result.stderr)
        if warning is None:
            self.assertEqual(result.stderr, "")
        else:
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
            self.assertTrue(result.stderr.startswith("warning: "), result.stderr)
            self.assertIn(warning, result.stderr)

    def test_what_is_compiled_runs(self):
        self.assertEqual(self.compile("--verbose").split(" functions, ")[0], "5")
        self.expect("run", self.program)
        self.expect(self.program)
        self.expect("run", "--no-cache", self.program)
        self.expect("run", "--invoke", "sum", self.program, "9", output=f"{SUM}\n")
        trap = self.brink("run", "--invoke", "divide", self.program, "1", "0")
        self.assertEqual(trap.returncode, 134, trap.stderr)
        plain = self.brink("run", "--invoke", "divide", self.source, "1", "0")
        self.assertEqual(plain.stderr.splitlines()[0], trap.stderr.splitlines()[0])

    def test_every_number_of_threads_makes_the_same_file(self):
        self.compile("-j", "1")
        first = self.program.read_bytes()
        for jobs in ("2", "7"):
            self.compile("-j", jobs)
            self.assertEqual(self.program.read_bytes(), first)

    def test_a_program_is_for_one_tier(self):
        self.compile("--tier", "jit")
        self.expect("run", "--tier", "jit", self.program)
        self.expect("run", "--tier", "auto", self.program, warning="other options")
        self.expect("run", "--tier", "interp", self.program)
        self.compile()
        self.expect("run", "--tier", "auto", self.program)
        self.expect("run", "--tier", "jit", self.program, warning="other options")
        self.expect("run", "--no-quicken", self.program, warning="no quick code")

    def test_a_program_is_for_runs_with_fuel_or_without(self):
        self.compile()
        self.expect("run", "--fuel", "100000", self.program, warning="other options")
        self.compile("--fuel")
        self.expect("run", self.program, warning="other options")
        self.expect("run", "--fuel", "100000", self.program)
        # Nine rounds of 13 and a callee's 3 each, and the local.get behind them.
        self.expect("run", "--fuel", "145", "--invoke", "sum", self.program, "9", output=f"{SUM}\n")
        result = self.brink("run", "--fuel", "144", "--invoke", "sum", self.program, "9")
        self.assertEqual(result.stderr.splitlines()[0], "error: all fuel consumed")

    @unittest.skipUnless(platform.machine() == "x86_64", "the processor has no more than the baseline")
    def test_a_program_is_for_one_processor(self):
        self.compile("--cpu", "baseline")
        self.expect("run", "--cpu", "baseline", self.program)
        with open("/proc/cpuinfo") as info:
            if " avx " in info.read():
                self.expect("run", self.program, warning="another processor")

    def test_another_users_code_does_not_run(self):
        self.compile()
        self.expect("run", self.program, home=self.folder / "other", warning="another secret")
        self.expect("run", "--code-secret", self.folder / "shared", self.program, warning="another secret")
        # Who shares the secret shares the code.
        self.compile("--code-secret", self.folder / "shared")
        self.expect("run", "--code-secret", self.folder / "shared", self.program, home=self.folder / "other")
        (self.folder / "shared").chmod(0o644)
        self.expect("run", "--code-secret", self.folder / "shared", self.program, warning="no secret")
        refused = self.brink("compile", self.source, "-o", self.program, "--code-secret", self.folder / "shared")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("no secret to compile with", refused.stderr)

    def test_another_builds_code_does_not_run(self):
        self.compile()
        content = bytearray(self.program.read_bytes())
        content[72] ^= 1  # the build id's first byte
        self.program.write_bytes(content)
        self.expect("run", self.program, warning="another build")

    def test_other_commands_take_the_module_in_it(self):
        self.compile()
        again = self.folder / "again.brink"
        self.assertEqual(self.brink("compile", self.program, "-o", again).returncode, 0)
        self.assertEqual(self.brink("run", "--invoke", "sum", again, "9").stdout, f"{SUM}\n")
        snapshot = self.folder / "snapshot.wasm"
        self.assertEqual(self.brink("snapshot", "--init", "_start", self.program, "-o", snapshot).returncode, 0)
        self.assertEqual(snapshot.read_bytes()[:4], b"\0asm")
        self.assertEqual(self.brink("validate", "-v", self.program).stdout, f"{self.program}: valid\n")
        report = self.brink("inspect", self.program).stdout
        self.assertIn("increment", report + self.brink("inspect", "--disassemble", "increment", self.program).stdout)
        self.assertEqual(report.splitlines()[1:], self.brink("inspect", self.source).stdout.splitlines()[1:])
        self.program.write_bytes(self.program.read_bytes()[:40])
        for command in (("validate",), ("inspect",), ("snapshot", "-o", snapshot), ("compile", "-o", again)):
            result = self.brink(*command, self.program)
            self.assertEqual(result.returncode, 1)
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
            self.assertIn("out.brink: a compiled program that is damaged or not whole", result.stderr)

    def test_what_is_no_program_is_one_error(self):
        self.compile()
        whole = self.program.read_bytes()
        for size in (8, 20, 71, 100, len(whole) // 2, len(whole) - 1):
            self.program.write_bytes(whole[:size])
            result = self.brink("run", self.program)
            self.assertEqual(result.returncode, 1, size)
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
            self.assertIn("damaged or not whole", result.stderr)
        missing = self.brink("compile", self.folder / "absent.wasm", "-o", self.program)
        self.assertEqual((missing.returncode, missing.stderr.count("\n")), (1, 1))
        self.source.write_text("(module (func (result i32)))")
        invalid = self.brink("compile", self.source, "-o", self.program)
        self.assertEqual((invalid.returncode, invalid.stderr.count("\n")), (1, 1), invalid.stderr)
        self.assertIn("in.wat", invalid.stderr)

    def test_damage_is_an_error_or_does_nothing(self):
        """Bits that flip in the compiled code cost speed at most."""
        self.compile()
        whole = self.program.read_bytes()
        begin = len(whole) // 2  # behind the module
        source = random.Random(20261125)
        for _ in range(40):
            damaged = bytearray(whole)
            for _ in range(source.randint(1, 8)):
                damaged[source.randrange(begin, len(damaged))] ^= 1 << source.randrange(8)
            self.program.write_bytes(damaged)
            result = self.brink("run", self.program)
            self.assertEqual((result.stdout, result.returncode), ("sum0\n", 0), result.stderr)

    def test_a_folder_beside_is_made(self):
        result = subprocess.run([brink_path(), "compile", self.source, "-o", self.program, "--code-secret", "keys/secret"],
                                capture_output=True, text=True, timeout=120, cwd=self.folder)
        self.assertEqual((result.stderr, result.returncode), ("", 0))
        self.assertEqual((self.folder / "keys" / "secret").stat().st_mode & 0o777, 0o600)

    def test_others_may_not_change_it_under_us(self):
        # Read instead of mapped, then; it runs all the same.
        self.compile()
        self.program.chmod(0o666)
        self.expect("run", self.program)


if __name__ == "__main__":
    main()
