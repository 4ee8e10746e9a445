"""What the command says of itself, of wrong usage, and where nobody can read it.

python3 usage_test.py BRINK
"""

import os

from brink_command import ECHO, MATHS, CommandTest, brink, main


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


if __name__ == "__main__":
    main()
