"""The limits of `brink run`, its tiers, and the threads of a guest.

python3 limits_test.py BRINK
"""

import subprocess

from brink_command import MATHS, CommandTest, brink, brink_path, main

# Argument 0: the thread wakes the first thread, which then ends. 1: it exits with code 7. 2: it traps. 3: the first
# thread ends while it waits. 4: the first thread traps. 5: it only computes while the first thread ends.
THREADS = """(module
  (import "env" "memory" (memory 1 2 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (export "memory" (memory 0))
  (func $thread (export "wasi_thread_start") (param i32 i32)
    (if (i32.eq (local.get 1) (i32.const 5)) (then
      (i32.atomic.store (i32.const 0) (i32.const 1))
      (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))
      (loop $forever (br $forever))))
    (if (i32.eq (local.get 1) (i32.const 3))
      (then (drop (memory.atomic.wait32 (i32.const 4) (i32.const 0) (i64.const -1)))))
    (if (i32.eq (local.get 1) (i32.const 2)) (then (unreachable)))
    (if (i32.eq (local.get 1) (i32.const 1)) (then (call $exit (i32.const 7))))
    (i32.atomic.store (i32.const 0) (i32.const 1))
    (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))
  (func (export "run") (param i32) (result i32)
    (if (i32.le_s (call $spawn (local.get 0)) (i32.const 0)) (then (return (i32.const -1))))
    (if (i32.eq (local.get 0) (i32.const 3)) (then (return (i32.const 3))))
    (if (i32.eq (local.get 0) (i32.const 4)) (then (drop (i32.load (i32.const -1)))))
    (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
    (local.get 0)))
"""


class Threads(CommandTest):
    def setUp(self):
        super().setUp()
        self.path = self.write("threads.wat", THREADS)

    def run_threads(self, argument, *options):
        return brink("run", *options, "--invoke", "run", self.path, argument)

    def test_threads_work_together(self):
        self.assert_output(self.run_threads("0"), "0\n")

    def test_the_end_of_one_is_the_end_of_all(self):
        result = self.run_threads("1")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (7, "", ""))
        result = self.run_threads("2")
        self.assertEqual((result.returncode, result.stdout), (134, ""))
        self.assertTrue(result.stderr.startswith("error: unreachable\n"), result.stderr)
        self.assertIn("threads.wat!thread\n", result.stderr)
        self.assert_output(self.run_threads("3"), "3\n")
        result = self.run_threads("4")
        self.assertEqual(result.returncode, 134)
        self.assertTrue(result.stderr.startswith("error: out of bounds memory access\n"), result.stderr)
        self.assert_output(self.run_threads("5"), "5\n")

    def test_their_number_is_limited(self):
        self.assert_output(self.run_threads("0", "--max-threads", "0"), "-1\n")
        self.assert_output(self.run_threads("0", "--max-threads", "1"), "0\n")
        self.assert_error(brink("run", "--max-threads", "-1", self.path), 2, "--max-threads")

    def test_what_they_need_is_checked(self):
        self.assert_error(self.run_threads("0", "--max-memory", "60K"), 1, "memory")
        self.assert_error(self.run_threads("0", "-W", "threads=n"), 1, "threads")
        path = self.write("no.wat", """(module (import "wasi" "thread-spawn" (func (param i32) (result i32)))
            (func (export "_start")))""")
        self.assert_error(brink("run", path), 1, "wasi_thread_start")


class Limits(CommandTest):
    def setUp(self):
        super().setUp()
        self.path = self.write("maths.wat", MATHS)

    def test_memory_limit_is_seen_by_grow(self):
        def grow(limit, pages):
            return brink("run", "--max-memory", limit, "--invoke", "grow", self.path, pages)
        self.assert_output(grow("128K", "1"), "1\n")
        self.assert_output(grow("128K", "2"), "-1\n")
        self.assert_output(grow("131071", "1"), "-1\n")

    def test_memory_limit_at_instantiation(self):
        self.assert_error(brink("run", "--max-memory", "1K", "--invoke", "grow", self.path, "0"), 1, "memory")

    def test_stack_limit(self):
        path = self.write("depth.wat", """(module (func $depth (export "depth") (param i32) (result i32)
            (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
              (else (i32.add (i32.const 1) (call $depth (i32.sub (local.get 0) (i32.const 1))))))))""")
        self.assert_output(brink("run", "--max-stack", "64M", "--invoke", "depth", path, "200000"), "200000\n")
        self.assert_error(brink("run", "--max-stack", "100000G", "--invoke", "depth", path, "1"), 1, "at most 64G, found 100000G")
        result = brink("run", "--max-stack", "64K", "--invoke", "depth", path, "200000")
        self.assertEqual(result.returncode, 134)
        self.assertTrue(result.stderr.startswith("error: call stack exhausted"), result.stderr)

    def test_timeout_ends_loops_and_sleeps(self):
        loop = self.write("loop.wat", '(module (func $forever (export "_start") (loop $l (br $l))))')
        # Sleeps a day: one subscription of the monotonic clock.
        sleep = self.write("sleep.wat", """(module
            (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 16) "\\01\\00\\00\\00\\00\\00\\00\\00\\00\\00\\91\\4e\\94\\4e\\00\\00")
            (func $nap (export "_start")
              (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))""")
        for path, function in ((loop, "forever"), (sleep, "nap")):
            with self.subTest(path=path.name):
                result = brink("run", "--timeout", "50ms", path)
                self.assertEqual(result.returncode, 134)
                self.assertTrue(result.stderr.startswith("error: interrupted\n"), result.stderr)
                self.assertIn(function, result.stderr)
        # And reading what nobody writes.
        read = self.write("read.wat", """(module
            (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "\\10\\00\\00\\00\\10\\00\\00\\00")
            (func (export "_start") (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))))""")
        with subprocess.Popen([brink_path(), "run", "--timeout", "50ms", str(read)], stdin=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            self.assertTrue(process.stderr.read().startswith(b"error: interrupted\n"))
            self.assertEqual(process.wait(), 134)
        self.assert_output(brink("run", "--timeout", "1h", "--invoke", "add", self.path, "1", "2"), "3\n")
        self.assert_error(brink("run", "--timeout", "soon", self.path), 2, "--timeout", "soon")

    def test_every_tier_computes_the_same(self):
        path = self.write("sum.wat", """(module (func (export "sum") (param $n i32) (result i64) (local $i i32) (local $s i64)
            (loop $l
              (local.set $s (i64.add (local.get $s) (i64.extend_i32_u (local.get $i))))
              (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
            (local.get $s)))""")
        for arguments in ([], ["--tier", "interp"], ["--tier-threshold", "1"], ["--tier", "auto", "--tier-threshold", "50", "--tier-wait"],
                          ["--no-quicken"], ["--fuel", "10000000"]):
            with self.subTest(arguments=arguments):
                self.assert_output(brink("run", *arguments, "--invoke", "sum", path, "100000"), "4999950000\n")
        for arguments in (["--tier", "fast"], ["--tier-threshold", "0"], ["--tier-threshold", "x"]):
            self.assert_error(brink("run", *arguments, "--invoke", "sum", path, "1"), 2, "--tier")
        self.assert_error(brink("run", "--tier", "interp", "--tier-wait", "--invoke", "sum", path, "1"), 1, "--tier auto")

    def test_fuel_is_counted_in_instructions(self):
        self.assert_output(brink("run", "--fuel", "3", "--invoke", "add", self.path, "1", "2"), "3\n")
        result = brink("run", "--fuel", "2", "--invoke", "add", self.path, "1", "2")
        self.assertEqual(result.returncode, 134)
        self.assertTrue(result.stderr.startswith("error: all fuel consumed\n"), result.stderr)
        for arguments in (["--fuel", "-1"], ["--fuel", "x"], ["--fuel", "1", "--no-quicken"]):
            self.assert_error(brink("run", *arguments, "--invoke", "add", self.path, "1", "2"), 2, "--fuel")

    def test_extreme_limits_do_not_crash(self):
        for option in ("--max-stack", "--max-memory"):
            for size in ("0", "1", "17179869183G", "18446744073709551615"):
                with self.subTest(option=option, size=size):
                    result = brink("run", option, size, "--invoke", "add", self.path, "1", "2")
                    self.assertIn(result.returncode, (0, 1, 134), result.stderr)
                    if result.returncode == 0:
                        self.assert_output(result, "3\n")
                    else:
                        self.assertTrue(result.stderr.startswith("error: "), result.stderr)

    def test_large_sizes_of_a_module_are_refused_or_limited(self):
        # 65536 pages are 4 GiB: reserved, not allocated.
        path = self.write("large.wat", '(module (memory (export "memory") 0 65536) (func (export "_start")))')
        self.assert_output(brink("run", path), "")
        path = self.write("table.wat", '(module (table 4294967295 funcref) (func (export "_start")))')
        self.assert_error(brink("run", path), 1, "table")


if __name__ == "__main__":
    main()
