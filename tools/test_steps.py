"""Builds Brink and runs its tests, step by step; called by tools/test, which has installed what is needed.

Without options: what continuous integration runs, i.e. the build by clang with unit tests, the official suite and the
real programs, and the builds by gcc and with sanitizers with unit tests and the suite; of the build with
ThreadSanitizer only what has threads; of the one for AArch64, emulated, the tests of machine code, the suite,
interpreted and in machine code, and some of the fuzzer's modules. The suite runs in each of SUITE_MODES. The last line is `N passed, N failed, N
skipped`: unit tests, commands of the suite and programs together.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
COUNTS = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$")
GTEST_COUNTS = re.compile(r"^\[  (PASSED|FAILED|SKIPPED) +\] (\d+) tests?[,.]", re.MULTILINE)
UNITTEST_RAN = re.compile(r"^Ran (\d+) tests? in", re.MULTILINE)
UNITTEST_OUTCOME = re.compile(r"(failures|errors|skipped)=(\d+)")
PROGRAMS = ROOT / "spec-tests" / "programs"


@dataclasses.dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


@dataclasses.dataclass
class Build:
    """One build folder and how it is configured."""

    title: str
    folder: str
    compiler: dict
    options: list
    # For emulated or instrumented code: multiplies every time limit.
    slowness: float = 1.0
    environment: dict = dataclasses.field(default_factory=dict)
    # What is built, where that is not everything.
    targets: tuple = ()
    unit_tests: tuple = ()
    folders: tuple = ()
    # What setting the folder up takes beyond the options.
    setup: tuple = ()
    # The command, or what runs it where its processor is not this machine's.
    command: str = "tools/brink"
    # How the suite is run; None: in all ways.
    modes: tuple | None = None
    more_modes: tuple = ()
    # And how the files that match QUICK_FILES are.
    quick_modes: tuple = ()
    # Unit tests that run once more with pages of 64 KiB, which qemu-user makes. It does not say where the stack is then, so those that
    # need much of it cannot.
    large_page_tests: tuple = ()
    # How many of the fuzzer's random inputs must come to the same as on this machine.
    digests: int = 0


CLANG = {"CC": "clang-19", "CXX": "clang++-19"}
JIT_TESTS = ("jit", "jit cached code", "jit atomics", "jit fuel")

BUILDS = {
    # One seed finds few defects.
    "clang": Build("clang 19", "build", CLANG, ["--buildtype=release"],
                   more_modes=tuple(("--tier", "jit", "--jit-random", str(seed)) for seed in range(2, 7))),
    "gcc": Build("gcc 12", "build-gcc", {"CC": "gcc-12", "CXX": "g++-12"}, ["--buildtype=release"], slowness=2),
    "sanitize": Build(
        "clang 19 with ASan and UBSan", "build-sanitize", CLANG,
        ["--buildtype=debugoptimized", "-Db_sanitize=address,undefined", "-Db_lundef=false"],
        slowness=10,
        environment={
            "ASAN_OPTIONS": "detect_stack_use_after_return=0:allocator_may_return_null=1:abort_on_error=0",
            "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        }),
    "tsan": Build(
        "clang 19 with ThreadSanitizer", "build-tsan", CLANG,
        ["--buildtype=debugoptimized", "-Db_sanitize=thread", "-Db_lundef=false", "-Dbenchmarks=false"],
        slowness=10,
        environment={"TSAN_OPTIONS": "halt_on_error=1"},
        targets=("tools/brink", "engine/runtime/threads_test", "wasi/wasi_threads_test", "jit/jit_test"),
        unit_tests=("threads", "wasi threads", *JIT_TESTS),
        folders=("proposals/threads",)),
    "aarch64": Build(
        "clang 19 for AArch64, emulated", "build-aarch64", {},
        ["--buildtype=release", "-Dbenchmarks=false"], setup=("--cross-file", "tools/cross/aarch64-linux.ini"),
        slowness=10, command="tools/brink-emulated",
        # qemu 7.2 takes 65 MB for 64 GiB of addresses, which every memory with 64-bit addresses otherwise reserves.
        modes=tuple((*mode, "--max-memory", "4G") for mode in (
            (), ("--tier", "jit"), ("--tier", "auto", "--tier-threshold", "1"), ("--tier", "jit", "--jit-random", "2"))),
        # Those with a processor's own code; all others would take a quarter of an hour.
        targets=("tools/brink", "jit/jit_test", "engine/interpret/interpret_test", "engine/runtime/engine_test",
                 "engine/runtime/pool_test", "engine/runtime/threads_test", "fuzz/digests"),
        unit_tests=(*JIT_TESTS, "interpret", "engine", "pool", "threads"), large_page_tests=("engine", "pool", "jit cached code"),
        digests=200),
}
# Instructions and control; few of them make many memories, of which an emulator keeps every one.
QUICK_FILES = r"(br|call|return|select|if|loop|switch|labels|unwind|try|throw|conversions|[if](32|64)|int_exprs|simd_[if]\d)"
ARCHITECTURES = ("aarch64",)
# What runs of it when no build is named: six minutes, the build with them, instead of twelve.
AARCH64_IN_SHORT = dataclasses.replace(BUILDS["aarch64"], targets=("tools/brink", "jit/jit_test", "fuzz/digests"), unit_tests=JIT_TESTS,
                                       large_page_tests=(), modes=BUILDS["aarch64"].modes[:2], quick_modes=BUILDS["aarch64"].modes[3:],
                                       digests=20)
# How each build runs the official suite: as users run it, collecting garbage at every allocation, and by the plain
# interpreter; in machine code, for any processor too, and with registers chosen at random; and with functions that become machine code while they run.
SUITE_MODES = ((), ("--gc-stress",), ("--no-quicken",), ("--gc-stress", "--no-quicken"), ("--tier", "jit"),
               ("--tier", "jit", "--cpu", "baseline"),
               ("--tier", "jit", "--jit-random", "1"), ("--tier", "jit", "--gc-stress"), ("--tier", "auto"),
               ("--tier", "auto", "--tier-threshold", "1", "--tier-wait"))


class Runner:
    def __init__(self, options):
        self.options = options
        self.total = Counts()
        self.lines = []

    def step(self, title, action):
        """Runs action() → Counts or None, and notes how long it took. Returns whether nothing failed."""
        print(f"\n== {title}", flush=True)
        begin = time.monotonic()
        try:
            counts = action()
        except (OSError, subprocess.SubprocessError) as error:
            print(f"error: {error}")
            counts = Counts(failed=1)
        seconds = time.monotonic() - begin
        line = f"{seconds:8.1f} s  {title}"
        if counts is not None:
            line += f": {counts}"
            self.total += counts
        self.lines.append(line)
        print(line.strip(), flush=True)
        return counts is None or counts.failed == 0

    def build(self, build):
        folder = ROOT / build.folder
        options = build.options + [f"-Dwerror={'true' if self.options.ci else 'false'}"]
        environment = dict(os.environ, **build.compiler)
        if (folder / "build.ninja").is_file():
            subprocess.run(["meson", "configure", str(folder), *options], cwd=ROOT, env=environment, check=True)
        else:
            subprocess.run(["meson", "setup", str(folder), *build.setup, *options], cwd=ROOT, env=environment, check=True)
        subprocess.run(["ninja", "-C", str(folder), *build.targets], cwd=ROOT, check=True)

    def unit_tests(self, build):
        folder = ROOT / build.folder
        log = folder / "meson-logs" / "testlog.json"
        log.unlink(missing_ok=True)
        # The suite is a step of its own, so that its commands are counted and not only its exit code.
        process = subprocess.run(
            ["meson", "test", "-C", str(folder), "--no-rebuild", "--no-suite", "conformance", "--print-errorlogs",
             "--timeout-multiplier", str(build.slowness), *build.unit_tests],
            cwd=ROOT, env=dict(os.environ, **build.environment))
        counts = Counts()
        for line in log.read_text().splitlines() if log.is_file() else []:
            counts += count_unit_tests(json.loads(line))
        if process.returncode != 0 and counts.failed == 0:
            counts.failed = 1
        return counts

    def counting_command(self, command, build, timeout):
        """Runs a command whose last line is `N passed, N failed, N skipped`, shown as it comes."""
        process = subprocess.Popen(command, cwd=ROOT, env=dict(os.environ, **build.environment),
                                   stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, errors="replace",
                                   start_new_session=True)
        limit = timeout * build.slowness

        def give_up():
            print(f"error: took longer than {limit:.0f} s", flush=True)
            os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(limit, give_up)
        timer.start()
        last = ""
        for line in process.stdout:
            print(line, end="", flush=True)
            if line.strip():
                last = line.strip()
        code = process.wait()
        timer.cancel()
        match = COUNTS.match(last)
        counts = Counts(*map(int, match.groups())) if match else Counts(failed=1)
        if code not in (0, 77) and counts.failed == 0:
            counts.failed = 1
        return counts

    def suite(self, build, mode):
        return self.counting_command(
            [str(ROOT / "spec-tests" / "run-suite"), "--brink", str(ROOT / build.folder / build.command),
             "--timeout", str(60 * build.slowness), *mode, *build.folders], build, 900)

    def digests(self, build):
        here = dataclasses.replace(BUILDS["clang"], targets=("fuzz/digests",))
        self.build(here)
        return self.counting_command(
            [str(ROOT / "fuzz" / "compare-digests"), str(ROOT / here.folder / "fuzz" / "digests"),
             str(ROOT / build.folder / "fuzz" / "digests-emulated"), "--inputs", str(build.digests)], build, 900)

    def compile_programs(self):
        subprocess.run([str(PROGRAMS / "build")], cwd=ROOT, check=True, stdin=subprocess.DEVNULL)

    def programs(self, build, *options):
        return self.counting_command(
            [str(PROGRAMS / "run"), "--brink", str(ROOT / build.folder / build.command), *options], build, 900)

    def run_build(self, build, with_programs):
        if not self.step(f"{build.title}: build in {build.folder}/", lambda: self.build(build)):
            return
        self.step(f"{build.title}: unit tests", lambda: self.unit_tests(build))
        if build.large_page_tests:
            large = dataclasses.replace(build, unit_tests=build.large_page_tests,
                                        environment=dict(build.environment, QEMU_PAGESIZE="65536"))
            self.step(f"{build.title}: unit tests with large pages", lambda: self.unit_tests(large))
        if not self.options.unit:
            for mode in (*(SUITE_MODES if build.modes is None else build.modes), *build.more_modes):
                self.step(" ".join([f"{build.title}: official suite", *mode]), lambda: self.suite(build, mode))
            for mode in build.quick_modes:
                self.step(" ".join([f"{build.title}: part of the official suite", *mode]),
                          lambda: self.suite(build, (*mode, "--files", QUICK_FILES)))
            if build.digests:
                self.step(f"{build.title}: the fuzzer's modules do the same there and here", lambda: self.digests(build))
        if with_programs and (PROGRAMS / "run").is_file():
            self.step(f"{build.title}: real programs", lambda: self.programs(build))
            self.step(f"{build.title}: real programs, interpreted",
                      lambda: self.programs(build, "--extra-args=--tier interp"))
            self.step(f"{build.title}: real programs in machine code",
                      lambda: self.programs(build, "--extra-args=--tier jit"))
            self.step(f"{build.title}: real programs, compiled while they run",
                      lambda: self.programs(build, "--extra-args=--tier auto --tier-threshold 1"))
            with tempfile.TemporaryDirectory(prefix="brink-cache-") as folder:
                kept = f"--extra-args=--tier jit --cache {folder}/cache --code-secret {folder}/secret"
                for turn in ("that is kept", "that was kept"):
                    self.step(f"{build.title}: real programs in machine code {turn}", lambda: self.programs(build, kept))


def count_unit_tests(entry):
    """Counts of one test of meson's log: its test cases where it tells them, else itself."""
    output = entry.get("stdout", "")
    by_kind = {kind: int(number) for kind, number in GTEST_COUNTS.findall(output)}
    is_ok = entry["result"] == "OK"
    if by_kind:
        counts = Counts(by_kind.get("PASSED", 0), by_kind.get("FAILED", 0), by_kind.get("SKIPPED", 0))
    elif UNITTEST_RAN.search(output + entry.get("stderr", "")):
        text = output + entry.get("stderr", "")
        outcome = {key: int(number) for key, number in UNITTEST_OUTCOME.findall(text.splitlines()[-1])}
        failed = outcome.get("failures", 0) + outcome.get("errors", 0)
        skipped = outcome.get("skipped", 0)
        counts = Counts(int(UNITTEST_RAN.search(text).group(1)) - failed - skipped, failed, skipped)
    elif entry["result"] == "SKIP":
        return Counts(skipped=1)
    else:
        counts = Counts(passed=int(is_ok), failed=int(not is_ok))
    if not is_ok and counts.failed == 0:  # crashed, or ran out of time
        counts.failed = 1
    return counts


def main():
    parser = argparse.ArgumentParser(prog="tools/test", description=__doc__.splitlines()[0],
                                     epilog="Without options: what --ci runs, but warnings are not errors.")
    parser.add_argument("--clang", action="store_true", help="only the build by clang: unit tests, suite, programs")
    parser.add_argument("--gcc", action="store_true", help="only the build by gcc: the same")
    parser.add_argument("--sanitize", action="store_true", help="only the build with ASan and UBSan: the same")
    parser.add_argument("--tsan", action="store_true", help="only the build with ThreadSanitizer: what has threads")
    parser.add_argument("--arch", choices=ARCHITECTURES, help="only the build for another processor, emulated: the same")
    parser.add_argument("--all", action="store_true", help="all builds with everything")
    parser.add_argument("--unit", action="store_true", help="unit tests only")
    parser.add_argument("--ci", action="store_true", help="warnings are errors")
    options = parser.parse_args()

    chosen = [name for name in BUILDS if getattr(options, name, False)]
    if options.arch:
        chosen.append(options.arch)
    is_default = not chosen and not options.all
    if not chosen:
        chosen = [name for name in BUILDS if options.all or name not in ARCHITECTURES]
    runner = Runner(options)
    begin = time.monotonic()
    if not options.unit and (PROGRAMS / "build").is_file():
        runner.step("real programs: compile them", runner.compile_programs)
    for name in chosen:
        everything = name == "clang" or not is_default
        runner.run_build(BUILDS[name], with_programs=everything and not options.unit and not BUILDS[name].targets)
    if is_default and "BRINK_WITHOUT_AARCH64" in os.environ:
        runner.step("AArch64: its packages are missing", lambda: Counts(skipped=1))
    elif is_default:
        runner.run_build(AARCH64_IN_SHORT, with_programs=False)

    print("\n== all steps")
    print("\n".join(runner.lines))
    print(f"{time.monotonic() - begin:8.1f} s  together")
    print(runner.total)
    return 1 if runner.total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
