"""`brink inspect`.

python3 inspect_test.py BRINK
"""

import json
import subprocess

from brink_command import ECHO, MATHS, CommandTest, brink, brink_path, main


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
        if b"compiles no machine code" in subprocess.run([brink_path(), "run", "--tier", "jit", path], capture_output=True).stderr:
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


if __name__ == "__main__":
    main()
