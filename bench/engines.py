"""The engines that bench/compare knows: how each is found, and how each of its modes runs a program."""

import dataclasses
import os
import pathlib
import re
import shutil
import subprocess

RUNNER = pathlib.Path(__file__).resolve().parent / "wasi_runner.mjs"


@dataclasses.dataclass(frozen=True)
class Mode:
    """One way of running a program. `options` stand before the file; `kind` is interpreter, baseline or optimizing."""

    engine: str
    name: str
    kind: str
    options: tuple = ()
    environment: tuple = ()
    # Between the file and the program's own arguments.
    separator: tuple = ()


def runner(*options):
    return (*options, str(RUNNER))


# By engine: the names of its command, then its modes. The first mode is what a user gets without asking.
MODES = {
    "brink": (("brink",), (
        Mode("brink", "brink", "baseline", ("run", "--no-cache")),
        Mode("brink", "brink --tier interp", "interpreter", ("run", "--no-cache", "--tier", "interp")),
        Mode("brink", "brink --no-fusion", "interpreter", ("run", "--no-cache", "--tier", "interp", "--no-fusion")),
        Mode("brink", "brink --no-stack-caching", "interpreter", ("run", "--no-cache", "--tier", "interp", "--no-stack-caching")),
        Mode("brink", "brink, neither", "interpreter", ("run", "--no-cache", "--tier", "interp", "--no-fusion", "--no-stack-caching")),
        Mode("brink", "brink --no-quicken", "interpreter", ("run", "--no-quicken")),
        Mode("brink", "brink --tier jit", "baseline", ("run", "--no-cache", "--tier", "jit")),
    )),
    "wasm3": (("wasm3",), (Mode("wasm3", "wasm3", "interpreter"),)),
    "iwasm": (("iwasm",), (Mode("iwasm", "WAMR (iwasm)", "interpreter", ("--stack-size=1048576",)),)),
    "wizeng": (("wizeng", "wizeng.x86-64-linux"), (
        Mode("wizeng", "Wizard, dynamic", "baseline", ("-mode=dyn",)),
        Mode("wizeng", "Wizard, interpreter", "interpreter", ("-mode=int",)),
    )),
    "wasmi": (("wasmi", "wasmi_cli"), (Mode("wasmi", "wasmi", "interpreter", ("run",)),)),
    "wazero": (("wazero",), (
        Mode("wazero", "wazero", "optimizing", ("run",)),
        Mode("wazero", "wazero, interpreter", "interpreter", ("run", "-interpreter")),
    )),
    "wasmtime": (("wasmtime",), (
        Mode("wasmtime", "wasmtime (Cranelift)", "optimizing", ("run", "-C", "cache=n", "-W", "exceptions=y")),
        Mode("wasmtime", "wasmtime (Winch)", "baseline", ("run", "-C", "cache=n,compiler=winch")),
        Mode("wasmtime", "wasmtime (Pulley)", "interpreter",
             ("run", "-C", "cache=n", "-W", "exceptions=y", "--target", "pulley64")),
    )),
    "wasmer": (("wasmer",), (Mode("wasmer", "wasmer", "optimizing", ("run",), separator=("--",)),)),
    "node": (("node",), (
        Mode("node", "node (V8)", "optimizing", runner()),
        Mode("node", "node, Liftoff only", "baseline", runner("--liftoff-only")),
        Mode("node", "node, TurboFan only", "optimizing", runner("--no-liftoff", "--no-wasm-tier-up")),
    )),
    "bun": (("bun",), (
        Mode("bun", "bun (JavaScriptCore)", "optimizing", runner()),
        Mode("bun", "bun, BBQ only", "baseline", runner(),
             (("BUN_JSC_useWasmIPInt", "0"), ("BUN_JSC_useOMGJIT", "0"))),
        Mode("bun", "bun, IPInt only", "interpreter", runner(),
             (("BUN_JSC_useBBQJIT", "0"), ("BUN_JSC_useOMGJIT", "0"))),
    )),
    "deno": (("deno",), (Mode("deno", "deno (V8)", "optimizing", runner("run", "--allow-read", "--allow-env")),)),
}


@dataclasses.dataclass(frozen=True)
class Engine:
    name: str
    path: str
    version: str
    modes: tuple


def version_of(path):
    for option in ("--version", "version"):
        try:
            result = subprocess.run([path, option], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.TimeoutExpired):
            continue
        text = (result.stdout + result.stderr).strip()
        if result.returncode == 0 and text:
            return text.splitlines()[0]
    return "unknown"


def find(brink, pointed_to):
    """→ ([Engine], [names of engines that are not here]). `pointed_to`: engine → path, preferred to the PATH."""
    found, missing = [], []
    for name, (commands, modes) in MODES.items():
        path = str(brink) if name == "brink" else pointed_to.get(name)
        if path is None:
            path = next(filter(None, map(shutil.which, commands)), None)
        if path is None:
            missing.append(name)
        else:
            found.append(Engine(name, path, version_of(path), modes))
    return found, missing


def command(engine, mode, module, arguments):
    return [engine.path, *mode.options, str(module), *mode.separator, *map(str, arguments)]


def environment(mode):
    return {**os.environ, **dict(mode.environment), "NO_COLOR": "1"}


def matches(mode, pattern):
    return pattern is None or re.search(pattern, mode.name) is not None
