"""What `brink run` keeps for later runs.

python3 cache_test.py BRINK
"""

import resource
import subprocess

from brink_command import CommandTest, brink, brink_path, main


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
        command = [brink_path(), "run", "--invoke", "sum", str(self.module)]
        running = [subprocess.Popen(command, env=self.env, stdout=subprocess.PIPE, text=True) for _ in range(16)]
        for process in running:
            output, _ = process.communicate(timeout=120)
            self.assertEqual((process.returncode, int(output) % 2**32), (0, int(self.expected)))
        self.assertEqual(len(self.files()), 1)
        self.assertEqual(sorted(path.name for path in self.cache.iterdir()), sorted([self.files()[0].name, "secret"]))


if __name__ == "__main__":
    main()
