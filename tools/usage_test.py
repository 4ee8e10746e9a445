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


# What help calls an option's value: values that no option takes which calls it so. A FILE and a FOLDER can have any name but none.
BAD_VALUES = {
    "NUMBER": ("", "x", "-1", "+1", "1.5", "0x10", " 1", "[1]", "18446744073709551616"),
    "BYTES": ("", "x", "-1", "64K"),
    "SIZE": ("", "x", "-1", "1.5", "64Q", "K", "18446744073709551616", "17179869184G"),
    "TIME": ("", "x", "-1", "s", "5d", "inf", "1e300s"),
    "HOST:PORT": ("", "localhost", "localhost:", "127.0.0.1:65536", "127.0.0.1:x", ":80", "a.b:80", "::1:80"),
    "HOST[::GUEST]": ("", "::", "::a", "a::"),
    "NAME[=VALUE]": ("", "=", "=a"),
    "NAME=FILE": ("", "a", "a=", "=a"),
    "NEW=OLD": ("", "a", "a=", "=a"),
    "PREFIX=FILE": ("", "a", "/a=", "a=b", "/a?=b", "/../a=b"),
    "NAME[=y/n],...": ("", "mvp", "simd=2", "simd,", "=y"),
    "FILE": ("",), "FOLDER": ("",), "FUNCTION": ("",), "NAME": ("",),
}
ANY_VALUE = {("run", "--invoke")}  # an export may be called anything
HIDDEN = {command: [("--jit-random", "NUMBER")] for command in ("run", "wast", "serve")}


class Options(CommandTest):
    def options_of(self, command):
        """[(the long name, what the value is called)] of all that take one."""
        lines = brink(*command.split(), "--help").stdout.splitlines()
        named = [line.split()[0].split(",")[-1] for line in lines if line.startswith("  -")]
        values = [line.removeprefix("  ").split("  ")[0].split(" ")[1:] for line in lines if line.startswith("  -")]
        return [(name, value[0]) for name, value in zip(named, values) if value] + HIDDEN.get(command, [])

    def test_a_bad_value_is_one_error_that_names_the_option(self):
        for command, count in (("run", 18), ("compile", 6), ("snapshot", 7), ("inspect", 3), ("validate", 1), ("wast", 6), ("serve", 30),
                               ("bench startup", 2)):
            options = self.options_of(command)
            self.assertGreaterEqual(len(options), count, options)
            seen = set()
            for name, value in options:
                if (command, name) in ANY_VALUE:
                    continue
                bad = ("", "none", value) if "|" in value else BAD_VALUES[value]
                for text in bad[:2] if value in seen else bad:
                    with self.subTest(command=command, option=name, value=text):
                        self.assert_error(brink(*command.split(), name, text), 2, f"error: {name}: ")
                seen.add(value)
                self.assert_error(brink(*command.split(), name), 2, f"error: {name}: 1 required ")

    def test_every_name_of_a_choice_is_one(self):
        for command in ("run", "compile", "wast", "serve"):
            for name, value in self.options_of(command):
                for word in value.split("|") if "|" in value else ():
                    # All there is to say is that there is nothing to run, or nowhere to write to.
                    self.assertNotIn(name, brink(command, name, word).stderr)


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
