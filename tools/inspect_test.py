"""`brink inspect`.

python3 inspect_test.py BRINK
"""

import json

from brink_command import ECHO, MATHS, CommandTest, brink, main


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

    def test_an_invalid_body_is_told(self):
        path = self.write("bad.wat", "(module (func (result i32)))")
        result = brink("inspect", path)
        self.assertEqual(result.returncode, 0)
        self.assertIn("invalid: ", result.stdout)


class Disassembly(CommandTest):
    MODULE = """(module
      (import "a" "b" (func $imported))
      (type $pair (struct (field i32)))
      (type $many (func (result %s)))
      (table 1 funcref)
      (func $twice (export "double it") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
      (func $caller (result i32) (call $twice (i32.div_s (i32.const 4) (i32.const 3))))
      (func $invalid (result i32))
      (func $choose (param i32) (result i32)
        (block $c (block $b (block $a (br_table $a $b $a $c (local.get 0)))
          (return (i32.const 11))) (return (i32.const 22))) (i32.const 33))
      (func $vector (param v128) (result v128) (i32x4.add (local.get 0) (v128.const i32x4 1 2 3 4)))
      (func $object (param i32) (result (ref $pair)) (call $twice (local.get 0)) (struct.new $pair))
      (func $indirect (result i32) (call_indirect (type $many) (i32.const 0)) (unreachable))
      (func $one (export "another")) (func $another)
      (func $large (param i32) (block (type $many) (i32.const 7) %s %s (br 0)) (unreachable)))""" % (
          "i32 " * 500, "(i32.const 1)" * 500, "(br_if 0 (local.get 0))" * 300)

    def setUp(self):
        super().setUp()
        self.path = self.write("shown.wat", self.MODULE)
        result = brink("inspect", "--disassemble", "twice", self.path)
        if "compiles no machine code" in result.stderr:
            self.skipTest("no compiler here")
        if "objdump" in result.stderr:
            self.skipTest("no objdump for this processor")

    def parts(self, function):
        """[(what they are made of, {offset: line})], in the order of the listing."""
        report = json.loads(brink("inspect", "--disassemble", function, "--json", self.path).stdout)
        self.assertEqual(report["name"], function)
        return [(part.get("instruction", part.get("frame")), {line["offset"]: line["text"] for line in part["machine"]})
                for part in report["parts"]]

    def test_instructions_beside_their_machine_code(self):
        result = brink("inspect", "--disassemble", "twice", self.path)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        lines = [line.split("  ")[-1].strip() for line in result.stdout.splitlines()]
        self.assertEqual(lines[0].split(":")[0], "function 1, twice")
        for instruction in ("local.get 0", "i32.const 2", "i32.mul", "end", "ret"):
            self.assertIn(instruction, lines)
        for name in ("1", "double it"):
            self.assertEqual(brink("inspect", "--disassemble", name, self.path).stdout, result.stdout)

    def test_what_is_outside_of_the_function_has_names(self):
        machine = [line for _, lines in self.parts("caller") for line in lines.values()]
        self.assertEqual(sum("<twice>" in line for line in machine), 1, machine)
        machine = [line for _, lines in self.parts("object") for line in lines.values()]
        for name in ("<instruction>", "<struct.new>", "<module + 0x"):
            self.assertTrue(any(name in line for line in machine), machine)
        machine = [line for _, lines in self.parts("indirect") for line in lines.values()]
        self.assertTrue(any("<type 1>" in line for line in machine), machine)

    def test_the_prologue_is_no_instructions(self):
        parts = self.parts("caller")
        self.assertEqual(parts[0][0], "prologue")
        for words in ("<poll>", "<trap: call stack exhausted>"):
            self.assertEqual([what for what, lines in parts for line in lines.values() if words in line], ["prologue"])

    def test_a_table_is_data(self):
        parts = self.parts("choose")
        lines = {offset: line for _, lines in parts for offset, line in lines.items()}
        [table] = [lines for what, lines in parts if what == "br_table 0 1 0 2"]
        entries = {offset: line for offset, line in table.items() if line.startswith(".long ")}
        targets = []
        for entry in entries.values():
            target, base = entry.removeprefix(".long ").split(" - ")
            self.assertEqual(int(base, 16), min(entries))
            at = int(target, 16)
            while lines[at].startswith("bti ") or lines[at].startswith("b 0x"):  # AArch64 lands before it goes there
                at = at + 4 if lines[at].startswith("bti ") else int(lines[at].split("0x")[1], 16)
            targets.append(lines[at])
        # What is returned there.
        self.assertEqual([line.split("0x")[1] for line in targets], ["b", "16", "b"], targets)

    def test_constants_are_data(self):
        what, lines = self.parts("vector")[-1]
        self.assertEqual((what, list(lines.values())), ("constants", [".quad 0x0000000200000001, 0x0000000400000003"]))

    def test_errors(self):
        for name, words in (("0", "function 0 is imported"), ("99", "there is no function 99"), ("4294967296", "no function 4294967296"),
                            ("nobody", "no function is called nobody"), ("-1", "no function is called -1"),
                            ("another", "2 functions are called another, 8 and 9 among them"), ("invalid", "type mismatch"),
                            ("large", "function 10 stays with the interpreter: its code is too large")):
            with self.subTest(name=name):
                self.assert_error(brink("inspect", "--disassemble", name, self.path), 1, "shown.wat:", words)
        self.assert_error(brink("inspect", "--disassemble", "f", self.write("bad.wasm", b"\0asm\2\0\0\0")), 1, "bad.wasm: ", "version")
        self.assert_error(brink("inspect", "--disassemble", "f", self.folder / "absent.wasm"), 1, "absent.wasm: ", "No such file")
        self.assert_error(brink("inspect", "--disassemble", "", self.path), 2, "--disassemble")


if __name__ == "__main__":
    main()
