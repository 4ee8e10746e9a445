"""What `brink run --profile` tells Linux's perf of machine code.

python3 profile_test.py BRINK
"""

import pathlib
import struct
import subprocess

from brink_command import CommandTest, brink, brink_path, main


class Profile(CommandTest):
    # A line break in a name must not forge a line of the map.
    MODULE = """(module $named (func $twice (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
      (func (export "a\\nb c") (param i32) (result i32) (call $twice (local.get 0))))"""

    def run_profiled(self, kind):
        path = self.write("named.wat", self.MODULE)
        process = subprocess.Popen([brink_path(), "run", "--tier", "jit", "--profile", kind, "--invoke", "a\nb c", path, "21"],
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
            self.assert_error(brink("serve", "--tier", "interp", "--addr", "127.0.0.1:0", *option, path), 2, "a route with the tier jit or auto")

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


if __name__ == "__main__":
    main()
