"""`brink snapshot`, and the modules that it writes.

python3 snapshot_test.py BRINK
"""

from brink_command import CommandTest, brink, main

# Its initialisation copies the environment to memory and marks globals and table; the program prints what it finds.
PROGRAM = """(module $program
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 8192) "nothing yet\\n")
  (global $length (mut i32) (i32.const 12))
  (table $handlers 1 funcref)
  (elem (i32.const 0) $cold)
  (func $cold (result i32) (i32.const 0))
  (func $warm (result i32) (i32.const 10))
  (elem declare func $warm)
  (func $init (export "wizer.initialize")
    (drop (call $sizes (i32.const 0) (i32.const 4)))
    (drop (call $environ (i32.const 1024) (i32.const 8192)))
    (global.set $length (i32.load (i32.const 4)))
    (table.set $handlers (i32.const 0) (ref.func $warm)))
  (func $print (export "_start")
    (i32.store (i32.const 0) (i32.const 8192))
    (i32.store (i32.const 4) (global.get $length))
    ;; the NUL behind the text becomes a newline
    (if (call_indirect $handlers (result i32) (i32.const 0)) (then
      (i32.store8 offset=8191 (global.get $length) (call_indirect $handlers (result i32) (i32.const 0)))))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16))))
  (func (export "both") (call $init) (call $print)))
"""

WASI = """(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_renumber" (func $renumber (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_set_flags" (func $flags (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "file")
  (func $must (param i32) (if (local.get 0) (then (call $exit (i32.const 99)))))
  (func $open_file (call $must (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 4) (i32.const 0)
    (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 200))))
  (func (export "open") (call $open_file))
  (func (export "open and close") (call $open_file) (call $must (call $close (i32.load (i32.const 200)))))
  (func (export "close folder") (call $must (call $close (i32.const 3))))
  (func (export "close input") (call $must (call $close (i32.const 0))))
  (func (export "renumber") (call $must (call $renumber (i32.const 0) (i32.const 2))))
  (func (export "flags") (call $must (call $flags (i32.const 1) (i32.const 4))))
  (func (export "exit") (call $exit (i32.const 0)))
  (func (export "trap") (unreachable))
  (func (export "argument") (param i32))
  (func (export "_start")))
"""


class Snapshot(CommandTest):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "out.wasm"

    def module(self, text):
        return self.write("in.wat", text)

    def take(self, text, *options):
        result = brink("snapshot", self.module(text), "-o", self.out, *options)
        self.assertEqual((result.stderr, result.stdout, result.returncode), ("", "", 0))

    def refuse(self, code, *parts, arguments):
        """One line that holds the parts, and nothing is left behind."""
        before = sorted(self.folder.iterdir())
        result = brink("snapshot", *arguments)
        first = result.stderr.splitlines()[0]
        self.assertTrue(first.startswith("error: "), result.stderr)
        for part in parts:
            self.assertIn(part, first)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(sorted(self.folder.iterdir()), before)

    def test_the_program_goes_on_where_initialisation_ended(self):
        plain = brink("run", "--env", "A=first", "--env", "B=second", "--invoke", "both", self.module(PROGRAM))
        self.assertEqual(plain.stdout, "A=first\0B=second\n")
        self.take(PROGRAM, "--env", "A=first", "--env", "B=second")
        frozen = brink("run", "--env", "A=other", self.out)
        self.assertEqual((frozen.stdout, frozen.stderr, frozen.returncode), (plain.stdout, "", 0))
        self.assertEqual(brink("run", self.module(PROGRAM)).stdout, "nothing yet\n")

    def test_what_is_written_is_valid_and_without_the_initialisation(self):
        self.take(PROGRAM)
        self.assertEqual(brink("validate", self.out).returncode, 0)
        report = brink("inspect", self.out).stdout
        self.assertNotIn("wizer.initialize", report)
        self.assertIn("_start", report)

    def test_rename(self):
        self.take(PROGRAM, "--env", "A=x", "--rename", "print=_start", "--rename", "_start=both")
        self.assertEqual(brink("run", "--invoke", "print", self.out).stdout, "A=x\n")
        # `both` runs the initialisation once more.
        self.assertEqual(brink("run", "--env", "A=other", self.out).stdout, "A=other\n")
        self.refuse(1, "nothing is exported as 'absent'",
                    arguments=[self.module(PROGRAM), "-o", self.folder / "other", "--rename", "x=absent"])
        for bad in ("x", "=x", "x="):
            self.refuse(2, "is not NEW=OLD", arguments=[self.module(PROGRAM), "-o", self.out, "--rename", bad])

    def test_a_reactor_is_initialised_first(self):
        reactor = """(module (global $g (mut i32) (i32.const 0))
          (func (export "_initialize") (global.set $g (i32.add (global.get $g) (i32.const 1))))
          (func (export "wizer.initialize") (global.set $g (i32.mul (global.get $g) (i32.const 21))))
          (func (export "get") (result i32) (global.get $g)))"""
        self.take(reactor)
        self.assertEqual(brink("run", "--invoke", "get", self.out).stdout, "21\n")
        self.take(reactor, "--init", "_initialize")
        self.assertEqual(brink("run", "--invoke", "get", self.out).stdout, "1\n")

    def test_descriptors_must_be_as_they_were(self):
        (self.folder / "file").write_text("x")
        module = self.module(WASI)
        for init, message in (("open", "descriptor 4 is open"), ("close folder", "descriptor 3 has been closed"),
                              ("close input", "descriptor 0 has been closed"),
                              ("renumber", "descriptor 0 has been closed"), ("flags", "descriptor 1 has other flags")):
            with self.subTest(init=init):
                self.refuse(1, "in.wat: cannot be frozen: the guest's " + message,
                            arguments=[module, "-o", self.out, "--init", init, "--dir", f"{self.folder}::/"])
        self.take(WASI, "--init", "open and close", "--dir", f"{self.folder}::/")

    def test_an_initialisation_that_does_not_return(self):
        module = self.module(WASI)
        self.refuse(1, "ended with exit code 0 before", arguments=[module, "-o", self.out, "--init", "exit"])
        self.refuse(134, "unreachable", arguments=[module, "-o", self.out, "--init", "trap"])

    def test_what_cannot_be_initialised(self):
        module = self.module(WASI)
        self.refuse(1, "no function is exported as 'wizer.initialize'", "--init", arguments=[module, "-o", self.out])
        self.refuse(1, "no function is exported as 'memory'", arguments=[module, "-o", self.out, "--init", "memory"])
        self.refuse(1, "argument must have type (func)", arguments=[module, "-o", self.out, "--init", "argument"])
        self.refuse(2, "--output", arguments=[module])
        self.refuse(1, "cannot open", arguments=[self.folder / "absent.wasm", "-o", self.out])

    def test_threads_are_refused_by_name(self):
        module = self.module("""(module (import "env" "memory" (memory 1 1 shared)) (import "wasi" "thread-spawn"
          (func (param i32) (result i32))) (func (export "wizer.initialize")))""")
        self.refuse(1, "shared memory (threads)", arguments=[module, "-o", self.out])

    def test_the_output_is_whole_or_not_there(self):
        module = self.module(PROGRAM)
        self.refuse(1, "Is a directory", arguments=[module, "-o", self.folder])
        self.refuse(1, "cannot create", arguments=[module, "-o", self.folder / "absent" / "out.wasm"])
        self.out.write_text("old")
        self.refuse(134, arguments=[self.module(WASI), "-o", self.out, "--init", "trap"])
        self.assertEqual(self.out.read_text(), "old")
        self.take(PROGRAM)
        self.assertEqual(self.out.read_bytes()[:4], b"\0asm")
        # Over its own input.
        self.take(PROGRAM)
        again = brink("snapshot", self.out, "-o", self.out, "--init", "both")
        self.assertEqual((again.returncode, again.stderr), (0, ""))
        self.assertEqual(brink("validate", self.out).returncode, 0)

    def test_scripts_pass_with_snapshots_in_place_of_instances(self):
        script = self.folder / "script.wast"
        script.write_text("""
          (module $m (memory 1) (global $g (export "g") (mut i32) (i32.const 1))
            (func (export "change") (global.set $g (i32.const 7)) (i32.store (i32.const 5000) (i32.const 8)))
            (func (export "load") (result i32) (i32.load (i32.const 5000))))
          (invoke "change")
          (assert_return (get "g") (i32.const 7))
          (assert_return (invoke $m "load") (i32.const 8))
          (module (global (export "object") (ref struct) (struct.new 0)) (type (struct)))""")
        result = brink("wast", "-v", "--snapshot", script)
        self.assertIn("holds a reference to an object on the GC heap", result.stdout)
        self.assertIn("5 passed, 0 failed", result.stdout)
        self.assertEqual(result.returncode, 0, result.stdout)


if __name__ == "__main__":
    main()
