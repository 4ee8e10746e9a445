"""Runs the examples: python3 examples_test.py BRINK EMBEDDING. The C program is compiled for WebAssembly and for this
machine, and both must say the same."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent
BRINK = EMBEDDING = ""
CLANG = shutil.which("clang-19") or "clang-19"
WASI_LIBC = pathlib.Path("/usr/lib/wasm32-wasi/libc.a")


def output(*command, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, **options)


def build(source, program, *target):
    # In two steps: linking with -O would run wasm-opt where there is one.
    for command in ([CLANG, *target, "-O2", "-c", source, "-o", f"{program}.o"],
                    [CLANG, *target, f"{program}.o", "-o", program]):
        result = output(*command)
        if result.returncode != 0:
            raise AssertionError(result.stderr)


class Examples(unittest.TestCase):
    def test_functions(self):
        module = FOLDER / "functions" / "functions.wat"
        for arguments, expected in [(("gcd", "48", "36"), "12\n"), (("divmod", "-7", "2"), "-3\n-1\n"),
                                    (("hypot", "3", "4"), "5\n")]:
            name, *values = arguments
            result = output(BRINK, "run", "--invoke", name, module, *values)
            self.assertEqual((result.returncode, result.stdout, result.stderr), (0, expected, ""))

    def test_functions_trap(self):
        module = FOLDER / "functions" / "functions.wat"
        result = output(BRINK, "run", "--invoke", "divmod", module, "1", "0")
        self.assertEqual((result.returncode, result.stdout), (134, ""))
        self.assertIn("integer divide by zero", result.stderr)

    def test_embedding(self):
        result = output(EMBEDDING)
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = result.stdout.splitlines()
        self.assertEqual(lines[0], "run returned 40")
        self.assertIn("out of bounds memory access", lines[1])
        self.assertEqual(lines[2], "  in read_far_away")
        self.assertEqual(len(lines), 4)  # and the function exported as "stray"

    @unittest.skipUnless(shutil.which(CLANG) and WASI_LIBC.is_file(), "no compiler for wasm32-wasi")
    def test_wordcount(self):
        source = FOLDER / "wordcount" / "wordcount.c"
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            build(source, folder / "native")
            build(source, folder / "w.wasm", "--target=wasm32-wasi")
            text = folder / "text"
            text.write_text("One fish, two fish, red fish, blue fish.\n" * 50 + "the end")
            native = output(folder / "native", text, "3")
            self.assertEqual(native.stdout, "402 words, 7 different\n   200  fish\n    50  blue\n    50  one\n")
            guest = output(BRINK, "run", "--dir", folder, folder / "w.wasm", text, "3")
            self.assertEqual((guest.returncode, guest.stdout, guest.stderr), (0, native.stdout, ""))
            # Without the folder there is no such file for the guest.
            alone = output(BRINK, "run", folder / "w.wasm", text, "3")
            self.assertEqual((alone.returncode, alone.stdout), (1, ""))
            # Standard input needs no folder.
            piped = output(BRINK, "run", folder / "w.wasm", "-", "3", input=text.read_text())
            self.assertEqual((piped.returncode, piped.stdout), (0, native.stdout))


if __name__ == "__main__":
    BRINK, EMBEDDING = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1])
