"""What is built, and how: every guest `NAME.wasm` with its native twin `NAME.native` from the same source.

In a command, {src} is the folder of our sources, {examples} the repository's examples/, {debian} the unpacked Debian sources, {prepared} the folder of what
preparations make, {out} the file to produce. Commands run in an empty folder of their own.

clang runs wasm-opt of its own accord when it links with an -O option and finds one; Debian's is too old for
try_table, so compiling and linking are separate steps and the linking one has no -O. Without -nostdlibinc the host's
own headers stand behind those of wasi-libc and fill its gaps with wrong declarations.
"""

import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Preparation:
    """Something several programs need first: a Debian source package, files generated from it, an npm compiler."""

    name: str
    needs: tuple = ()
    source: str | None = None
    inputs: tuple = ()
    steps: tuple = ()
    downloads: bool = False


@dataclasses.dataclass(frozen=True)
class Product:
    """One file to build. `needs` lists commands and files; `inputs` patterns whose change rebuilds it, below src/ or,
    where they begin with examples/, below the repository."""

    output: str
    needs: tuple
    inputs: tuple
    steps: tuple
    preparations: tuple = ()


# What the needed commands and files belong to, to tell which package is missing.
PACKAGES = {
    "clang-19": "clang-19",
    "clang++-19": "clang-19",
    "ld": "binutils",
    "wasm-ld-19": "lld-19",
    "wasm-ld-14": "lld-14",
    "/usr/lib/wasm32-wasi/libc.a": "wasi-libc",
    "/usr/lib/llvm-19/lib/clang/19/lib/wasi/libclang_rt.builtins-wasm32.a": "libclang-rt-19-dev-wasm32",
    "/usr/lib/llvm-19/lib/wasm32-wasi/libc++.a": "libc++-19-dev-wasm32",
    "/usr/lib/llvm-19/lib/wasm32-wasi/libc++abi.a": "libc++abi-19-dev-wasm32",
    "/usr/lib/llvm-19/include/c++/v1/vector": "libc++-19-dev",
    "/usr/lib/llvm-19/lib/libc++abi.a": "libc++abi-19-dev",
    "/usr/include/stb/stb_image.h": "libstb-dev",
    "/usr/include/nlohmann/json.hpp": "nlohmann-json3-dev",
    "/usr/bin/rustc": "rustc",
    "/usr/lib/rustlib/wasm32-wasi": "libstd-rust-dev-wasm32",
    "dpkg-source": "dpkg-dev",
    "make": "make",
    "tclsh": "tcl",
    "node": "nodejs",
    "npm": "npm",
    "em++": "emscripten",
    "java": "default-jre-headless",
}

GUEST_NEEDS = ("clang-19", "wasm-ld-19", "/usr/lib/wasm32-wasi/libc.a",
               "/usr/lib/llvm-19/lib/clang/19/lib/wasi/libclang_rt.builtins-wasm32.a")
GUEST_CXX_NEEDS = (*GUEST_NEEDS, "clang++-19", "/usr/lib/llvm-19/lib/wasm32-wasi/libc++.a",
                   "/usr/lib/llvm-19/lib/wasm32-wasi/libc++abi.a")
NATIVE_NEEDS = ("clang-19", "ld")
NATIVE_CXX_NEEDS = (*NATIVE_NEEDS, "clang++-19", "/usr/lib/llvm-19/include/c++/v1/vector", "/usr/lib/llvm-19/lib/libc++abi.a")

TARGET = ("--target=wasm32-wasi",)
# After the compiler's own headers and, for C++, after libc++'s.
GUEST_HEADERS = ("-nostdlibinc", "-idirafter", "/usr/include/wasm32-wasi")
GUEST_C = ("clang-19", *TARGET, *GUEST_HEADERS, "-O2", "-c")
GUEST_CXX = ("clang++-19", *TARGET, "-nostdinc++", "-isystem", "/usr/lib/llvm-19/include/wasm32-wasi/c++/v1",
             *GUEST_HEADERS, "-O2", "-c")
# The stack stands first, so that overflowing it leaves the memory instead of overwriting data; the default is 64 KiB.
GUEST_LINK = (*TARGET, "-Wl,-z,stack-size=1048576", "-Wl,--stack-first", "-o", "{out}")
# What WebAssembly's C has wherever it runs: signed char, no fused multiply-add.
NATIVE = ("-O2", "-D_GNU_SOURCE", "-fsigned-char", "-ffp-contract=off")
NATIVE_C = ("clang-19", *NATIVE)


def use_try_table(path):
    """A step: gives the one placeholder in the object file of lua/try.s the opcodes of try_table (see there)."""
    placeholder = re.compile(rb"\x02\x40\x01\x08(\x80\x80\x80\x80\x00)\x00")
    patched, count = placeholder.subn(lambda match: b"\x1f\x40\x01\x00" + match[1] + b"\x00", path.read_bytes())
    if count != 1:
        raise ValueError(f"{path}: found {count} placeholders of try_table, expected 1")
    path.write_bytes(patched)


def c_program(name, *, guest_flags=(), link_flags=(), native_flags=(), folder="c"):
    """A program of ours in one C file."""
    source = f"{folder}/{name}.c"
    guest = Product(
        f"{name}.wasm", GUEST_NEEDS, (source,),
        ((*GUEST_C, "-Wall", "-Wextra", "-Werror", *guest_flags, f"{{src}}/{source}", "-o", "program.o"),
         ("clang-19", "program.o", *GUEST_LINK, *link_flags)))
    native = Product(
        f"{name}.native", NATIVE_NEEDS, (source,),
        ((*NATIVE_C, "-Wall", "-Wextra", "-Werror", *native_flags, f"{{src}}/{source}", "-o", "{out}", "-lm"),))
    return [guest, native]


def guest_only(products):
    """For programs whose cases state what to expect, as no native program could show it."""
    return [product for product in products if product.output.endswith(".wasm")]


LUA_FILES = [f"{{debian}}/lua5.4/src/{name}.c" for name in (
    "lapi lauxlib lbaselib lcode lcorolib lctype ldblib ldebug ldo ldump lfunc lgc linit liolib llex lmathlib lmem "
    "loadlib lobject lopcodes loslib lparser lstate lstring lstrlib ltable ltablib ltm lua lundump lutf8lib lvm lzio"
).split()]
WASI_EMULATION = ("-D_WASI_EMULATED_SIGNAL", "-D_WASI_EMULATED_PROCESS_CLOCKS", "-D_WASI_EMULATED_GETPID")
WASI_EMULATION_LIBRARIES = ("-lwasi-emulated-signal", "-lwasi-emulated-process-clocks", "-lwasi-emulated-getpid")

LUA = [
    Product(
        "lua.wasm", GUEST_NEEDS, ("wasi/lua/*", "lua/*.h"),
        ((*GUEST_C, *WASI_EMULATION, "-I{src}/wasi/lua", "-I{src}/lua", "-include", "lua_wasi.h",
          "-Wno-deprecated-declarations", *LUA_FILES, "{src}/wasi/lua/missing.c"),
         ("clang-19", *TARGET, "-mexception-handling", "-c", "{src}/wasi/lua/try.s"),
         (use_try_table, "try.o"),
         ("sh", "-c", 'exec "$@" *.o', "link", "clang-19", *GUEST_LINK, *WASI_EMULATION_LIBRARIES)),
        preparations=("lua5.4",)),
    Product(
        "lua.native", NATIVE_NEEDS, ("lua/*.h",),
        ((*NATIVE_C, "-I{src}/lua", *LUA_FILES, "-o", "{out}", "-lm"),),
        preparations=("lua5.4",)),
]

# Lua whose libraries, and what PRELOAD names, are loaded by an initialisation of their own, for `brink snapshot`.
LUA_INIT = [
    Product(
        "lua-init.wasm", GUEST_NEEDS, ("wasi/lua/*", "lua/*.h"),
        ((*GUEST_C, *WASI_EMULATION, "-I{src}/wasi/lua", "-I{src}/lua", "-I{debian}/lua5.4/src", "-include", "lua_wasi.h",
          "-Wno-deprecated-declarations", *[name for name in LUA_FILES if not name.endswith("/lua.c")],
          "{src}/wasi/lua/missing.c", "{src}/wasi/lua/initialise.c"),
         (*GUEST_C, *WASI_EMULATION, "-I{src}/wasi/lua", "-I{src}/lua", "-include", "lua_wasi.h",
          "-DluaL_newstate=take_state", "-DluaL_openlibs=open_libraries", "{debian}/lua5.4/src/lua.c"),
         ("clang-19", *TARGET, "-mexception-handling", "-c", "{src}/wasi/lua/try.s"),
         (use_try_table, "try.o"),
         ("sh", "-c", 'exec "$@" *.o', "link", "clang-19", "-nostartfiles", *GUEST_LINK, *WASI_EMULATION_LIBRARIES)),
        preparations=("lua5.4",)),
]

# Without a way back from an error, which then ends the program: for bench/compare, as not every engine has exceptions.
LUA_PLAIN = [
    Product(
        "lua-plain.wasm", GUEST_NEEDS, ("wasi/lua/*", "lua/*.h"),
        ((*GUEST_C, *WASI_EMULATION, "-I{src}/wasi/lua", "-I{src}/lua", "-include", "{src}/wasi/lua/lua_plain.h",
          "-Wno-deprecated-declarations", *LUA_FILES, "{src}/wasi/lua/missing.c"),
         ("sh", "-c", 'exec "$@" *.o', "link", "clang-19", *GUEST_LINK, *WASI_EMULATION_LIBRARIES)),
        preparations=("lua5.4",)),
    Product(
        "lua-plain.native", NATIVE_NEEDS, ("lua/*.h",),
        ((*NATIVE_C, "-I{src}/lua", *LUA_FILES, "-o", "{out}", "-lm"),),
        preparations=("lua5.4",)),
]

# What LLVM 19 and Emscripten 3 compile has the legacy exception instructions; binaryen turns them into the final ones.
USE_FINAL_EXCEPTIONS = (
    "node", "{prepared}/binaryen/node_modules/binaryen/bin/wasm-opt", "--mvp-features", "--enable-exception-handling",
    "--enable-reference-types", "--enable-multivalue", "--enable-bulk-memory", "--enable-sign-ext",
    "--enable-mutable-globals", "--enable-nontrapping-float-to-int", "--translate-to-exnref", "legacy.wasm", "-o", "{out}")
USE_LEGACY_EXCEPTIONS = ("cp", "legacy.wasm", "{out}")


def with_both_exceptions(name, needs, inputs, steps, preparations=()):
    """Guests NAME-legacy and NAME-final: steps that make legacy.wasm, and its two encodings."""
    return [
        Product(f"{name}-legacy.wasm", needs, inputs, (*steps, USE_LEGACY_EXCEPTIONS), preparations),
        Product(f"{name}-final.wasm", (*needs, "node"), inputs, (*steps, USE_FINAL_EXCEPTIONS), (*preparations, "binaryen")),
    ]


# Lua once more, now as it is written: with setjmp and longjmp, of which clang makes exceptions.
LUA_SJLJ = with_both_exceptions(
    "lua-sjlj", GUEST_NEEDS, ("wasi/sjlj/*", "wasi/lua/lua_sjlj.h", "wasi/lua/missing.c", "lua/*.h"),
    ((*GUEST_C, *WASI_EMULATION, "-mexception-handling", "-mllvm", "-wasm-enable-sjlj", "-I{src}/wasi/sjlj", "-I{src}/lua",
      "-include", "{src}/wasi/lua/lua_sjlj.h", "-Wno-deprecated-declarations", *LUA_FILES, "{src}/wasi/lua/missing.c",
      "{src}/wasi/sjlj/setjmp.c"),
     ("sh", "-c", 'exec "$@" *.o', "link", "clang-19", *TARGET, "-Wl,-z,stack-size=1048576", "-Wl,--stack-first", "-o",
      "legacy.wasm", *WASI_EMULATION_LIBRARIES)),
    ("lua5.4",))

# long double has 80 bits natively and 128 in WebAssembly; digits beyond the seventeenth would differ.
SQLITE_OPTIONS = ("-DLONGDOUBLE_TYPE=double", "-DSQLITE_THREADSAFE=0", "-DSQLITE_OMIT_LOAD_EXTENSION", "-DSQLITE_OMIT_WAL",
                  "-DSQLITE_MAX_MMAP_SIZE=0", "-DSQLITE_OMIT_POPEN", "-DSQLITE_NOHAVE_SYSTEM", "-DSQLITE_ENABLE_FTS5",
                  "-DSQLITE_ENABLE_RTREE", "-DSQLITE_ENABLE_MATH_FUNCTIONS")
SQLITE_FILES = ("{prepared}/sqlite3/sqlite3.c", "{prepared}/sqlite3/shell.c")

SQLITE = [
    Product(
        "sqlite3.wasm", GUEST_NEEDS, ("wasi/sqlite/*",),
        ((*GUEST_C, *WASI_EMULATION, *SQLITE_OPTIONS, "-I{src}/wasi/sqlite", "-I{prepared}/sqlite3", "-include",
          "sqlite_wasi.h", *SQLITE_FILES, "{src}/wasi/sqlite/missing.c"),
         ("clang-19", "sqlite3.o", "shell.o", "missing.o", *GUEST_LINK, *WASI_EMULATION_LIBRARIES)),
        preparations=("sqlite3",)),
    Product(
        "sqlite3.native", NATIVE_NEEDS, (),
        ((*NATIVE_C, *SQLITE_OPTIONS, "-I{prepared}/sqlite3", *SQLITE_FILES, "-o", "{out}", "-lm"),),
        preparations=("sqlite3",)),
]

ZLIB_FILES = [f"{{debian}}/zlib/{name}.c" for name in (
    "adler32 compress crc32 deflate gzclose gzlib gzread gzwrite infback inffast inflate inftrees trees uncompr zutil"
).split()] + ["{debian}/zlib/test/minigzip.c"]
ZLIB_OPTIONS = ("-DHAVE_UNISTD_H", "-DHAVE_HIDDEN", "-I{debian}/zlib")

ZLIB = [
    Product(
        "minigzip.wasm", GUEST_NEEDS, (),
        ((*GUEST_C, *ZLIB_OPTIONS, *ZLIB_FILES),
         ("sh", "-c", 'exec "$@" *.o', "link", "clang-19", *GUEST_LINK)),
        preparations=("zlib",)),
    Product(
        "minigzip.native", NATIVE_NEEDS, (),
        ((*NATIVE_C, *ZLIB_OPTIONS, *ZLIB_FILES, "-o", "{out}"),),
        preparations=("zlib",)),
]

CXX_OPTIONS = ("-std=c++23", "-fno-exceptions", "-Wall", "-Wextra", "-Werror")
CPLUSPLUS = [
    Product(
        "containers.wasm", GUEST_CXX_NEEDS, ("cpp/containers.cpp", "wasi/common/*"),
        ((*GUEST_CXX, *CXX_OPTIONS, "{src}/cpp/containers.cpp"),
         (*GUEST_C, "{src}/wasi/common/stack_protector.c"),
         ("clang++-19", "containers.o", "stack_protector.o", *GUEST_LINK))),
    Product(
        "containers.native", NATIVE_CXX_NEEDS, ("cpp/containers.cpp",),
        (("clang++-19", *NATIVE, "-stdlib=libc++", *CXX_OPTIONS, "{src}/cpp/containers.cpp", "-o", "{out}"),)),
]

EXCEPTION_OPTIONS = ("-std=c++20", "-Wall", "-Wextra", "-Werror", "-O2")
EXCEPTIONS = [
    *with_both_exceptions(
        "exceptions", ("em++",), ("cpp/exceptions.cpp",),
        (("em++", *EXCEPTION_OPTIONS, "-fwasm-exceptions", "-sSTANDALONE_WASM", "{src}/cpp/exceptions.cpp", "-o",
          "legacy.wasm"),)),
    Product(
        "exceptions.native", NATIVE_CXX_NEEDS, ("cpp/exceptions.cpp",),
        (("clang++-19", *NATIVE, "-stdlib=libc++", *EXCEPTION_OPTIONS, "{src}/cpp/exceptions.cpp", "-o", "{out}"),)),
]

# Debian's wasi-libc has no threads, so the little of it that the program needs is ours (threads/wasi).
WORKERS = [
    Product(
        "workers.wasm", ("clang-19", "wasm-ld-19"), ("threads/*.c", "threads/wasi/*"),
        (("clang-19", *TARGET, "-nostdlibinc", "-I{src}/threads/wasi", "-matomics", "-mbulk-memory", "-fno-builtin", "-O2",
          "-Wall", "-Wextra", "-Werror", "-c", "{src}/threads/workers.c", "{src}/threads/wasi/runtime.c"),
         ("wasm-ld-19", "workers.o", "runtime.o", "--no-entry", "--import-memory", "--export-memory", "--shared-memory",
          "--max-memory=67108864", "-z", "stack-size=65536", "--stack-first", "-o", "{out}"))),
    Product(
        "workers.native", NATIVE_NEEDS, ("threads/*.c",),
        ((*NATIVE_C, "-Wall", "-Wextra", "-Werror", "-pthread", "{src}/threads/workers.c", "-o", "{out}"),)),
]

# The rustc of Debian, whatever else stands in PATH: its standard library for WASI is the packaged one.
RUSTC = ("/usr/bin/rustc", "--edition=2021", "-O", "--remap-path-prefix={src}=src", "-Dwarnings")
RUST = [
    Product(
        "inventory.wasm", ("/usr/bin/rustc", "/usr/lib/rustlib/wasm32-wasi", "wasm-ld-14"), ("rust/inventory.rs",),
        ((*RUSTC, "--target=wasm32-wasi", "-Clinker=wasm-ld-14", "-Clinker-flavor=wasm-ld", "{src}/rust/inventory.rs", "-o",
          "{out}"),)),
    Product(
        "inventory.native", (*NATIVE_NEEDS, "/usr/bin/rustc"), ("rust/inventory.rs",),
        ((*RUSTC, "-Clinker=clang-19", "{src}/rust/inventory.rs", "-o", "{out}"),)),
]

# The handlers of examples/handlers, which answer requests under `brink serve` and, natively, as any CGI program.
def handler(name, suffix, guest_needs, guest_steps, native_needs, native_steps, *, inputs=(), preparations=()):
    inputs = (f"examples/handlers/{name}/*.{suffix}*", *inputs)
    return [Product(f"{name}.wasm", guest_needs, inputs, guest_steps, preparations),
            Product(f"{name}.native", native_needs, inputs, native_steps, preparations)]


HANDLERS = "{examples}/handlers"
WARNINGS = ("-Wall", "-Wextra", "-Werror")
STB = ("-isystem", "/usr/include/stb")
# nlohmann's headers without the rest of the host's.
NLOHMANN = ("ln", "-s", "/usr/include/nlohmann", "nlohmann")
HANDLER_STRIP = "-Wl,--strip-all"
HANDLER_PROGRAMS = [
    *handler(
        "resize", "c", (*GUEST_NEEDS, "/usr/include/stb/stb_image.h"),
        ((*GUEST_C, *WARNINGS, *STB, f"{HANDLERS}/resize/resize.c"),
         ("clang-19", "resize.o", *GUEST_LINK, HANDLER_STRIP)),
        (*NATIVE_NEEDS, "/usr/include/stb/stb_image.h"),
        ((*NATIVE_C, *WARNINGS, *STB, f"{HANDLERS}/resize/resize.c", "-o", "{out}", "-lm"),)),
    *handler(
        "token", "[ch]", (*GUEST_CXX_NEEDS, "/usr/include/nlohmann/json.hpp"),
        (NLOHMANN,
         (*GUEST_CXX, *CXX_OPTIONS, "-isystem", ".", f"{HANDLERS}/token/token.cpp"),
         (*GUEST_C, "{src}/wasi/common/stack_protector.c"),
         ("clang++-19", "token.o", "stack_protector.o", *GUEST_LINK, HANDLER_STRIP)),
        (*NATIVE_CXX_NEEDS, "/usr/include/nlohmann/json.hpp"),
        (("clang++-19", *NATIVE, "-stdlib=libc++", *CXX_OPTIONS, f"{HANDLERS}/token/token.cpp", "-o", "{out}"),),
        inputs=("wasi/common/*",)),
    *handler(
        "redirects", "rs", ("/usr/bin/rustc", "/usr/lib/rustlib/wasm32-wasi", "wasm-ld-14"),
        ((*RUSTC, "--target=wasm32-wasi", "-Clinker=wasm-ld-14", "-Clinker-flavor=wasm-ld", "-Cstrip=symbols",
          f"{HANDLERS}/redirects/redirects.rs", "-o", "{out}"),),
        (*NATIVE_NEEDS, "/usr/bin/rustc"),
        ((*RUSTC, "-Clinker=clang-19", f"{HANDLERS}/redirects/redirects.rs", "-o", "{out}"),)),
    *handler(
        "catalogue", "c", GUEST_NEEDS,
        ((*GUEST_C, *WASI_EMULATION, *SQLITE_OPTIONS, "-I{src}/wasi/sqlite", "-I{prepared}/sqlite3", "-include",
          "sqlite_wasi.h", "{prepared}/sqlite3/sqlite3.c", "{src}/wasi/sqlite/missing.c"),
         (*GUEST_C, *WARNINGS, "-I{prepared}/sqlite3", f"{HANDLERS}/catalogue/catalogue.c"),
         ("clang-19", "catalogue.o", "sqlite3.o", "missing.o", *GUEST_LINK, HANDLER_STRIP, *WASI_EMULATION_LIBRARIES)),
        NATIVE_NEEDS,
        ((*NATIVE_C, *SQLITE_OPTIONS, "-I{prepared}/sqlite3", "{prepared}/sqlite3/sqlite3.c",
          f"{HANDLERS}/catalogue/catalogue.c", "-o", "{out}", "-lm"),),
        inputs=("wasi/sqlite/*",), preparations=("sqlite3",)),
]

ASC = ("node", "{prepared}/assemblyscript/node_modules/assemblyscript/bin/asc.js")
# asc resolves what it compiles relative to the folder of its packages.
ASSEMBLYSCRIPT = [
    Product(
        "garden.wasm", ("node",), ("assemblyscript/garden.ts",),
        (("cp", "{src}/assemblyscript/garden.ts", "."),
         ("ln", "-s", "{prepared}/assemblyscript/node_modules", "node_modules"),
         (*ASC, "garden.ts", "--config", "node_modules/@assemblyscript/wasi-shim/asconfig.json", "-O2", "--debug", "-o",
          "garden.wasm"),
         ("cp", "garden.wasm", "{out}")),
        preparations=("assemblyscript",)),
    Product(
        "kernels.wasm", ("node",), ("assemblyscript/kernels.ts",),
        (("cp", "{src}/assemblyscript/kernels.ts", "."),
         (*ASC, "kernels.ts", "-O2", "--use", "abort=", "--runtime", "stub", "-o", "kernels.wasm"),
         ("cp", "kernels.wasm", "{out}")),
        preparations=("assemblyscript",)),
    *[product for name in ("garden", "kernels") for product in c_program(name, folder="assemblyscript")
      if product.output.endswith(".native")],
]

# Kotlin's compiler, the package of npm, is Java; its standard libraries are beside it. The twin is the same source for
# the Java machine: a shell script with the archive behind it.
KOTLIN_LIBRARIES = "{prepared}/kotlin/node_modules/kotlin-compiler/lib"
JAVA_OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
KOTLINC = ("java", "-Xmx1g", *JAVA_OPTIONS, "-cp",
           f"{KOTLIN_LIBRARIES}/kotlin-compiler.jar:{KOTLIN_LIBRARIES}/kotlin-stdlib.jar")
KOTLINC_WASM = (*KOTLINC, "org.jetbrains.kotlin.cli.js.KotlinWasmCompiler", "-Xwasm-target=wasm-wasi", "-libraries",
                f"{KOTLIN_LIBRARIES}/kotlin-stdlib-wasm-wasi.klib", "-ir-output-dir", ".", "-ir-output-name", "ledger")
UTF8 = "-Dfile.encoding=UTF-8 -Dsun.stdout.encoding=UTF-8 -Dstdout.encoding=UTF-8"  # the last from Java 19 on
JAR_START = f'#!/bin/sh\nexec java {" ".join(JAVA_OPTIONS)} {UTF8} -jar "$0" "$@"\n'
KOTLIN = [
    Product(
        "ledger.wasm", ("java",), ("kotlin/ledger.kt",),
        ((*KOTLINC_WASM, "-Werror", "{src}/kotlin/ledger.kt"),
         (*KOTLINC_WASM, "-Xinclude=ledger.klib", "-Xir-produce-js", "-Xir-dce"),
         ("cp", "ledger.wasm", "{out}")),
        preparations=("kotlin",)),
    Product(
        "ledger.native", ("java",), ("kotlin/ledger.kt",),
        ((*KOTLINC, "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler", "-no-reflect", "-no-stdlib", "-cp",
          f"{KOTLIN_LIBRARIES}/kotlin-stdlib.jar", "-include-runtime", "-d", "ledger.jar", "{src}/kotlin/ledger.kt"),
         ("sh", "-c", 'printf %s "$1" | cat - ledger.jar > "$0" && chmod +x "$0"', "{out}", JAR_START)),
        preparations=("kotlin",)),
]


def npm_packages(name):
    """What the lock file in src/NAME lists."""
    return Preparation(
        name, needs=("node", "npm"), downloads=True, inputs=(f"{name}/package.json", f"{name}/package-lock.json"),
        steps=(("cp", f"{{src}}/{name}/package.json", f"{{src}}/{name}/package-lock.json", "."),
               ("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")))


PREPARATIONS = [
    Preparation(
        "sqlite3", source="sqlite3", needs=("clang-19", "make", "tclsh"),
        # The amalgamation, by SQLite's makefile without its configure script.
        steps=(("make", "-s", "-f", "{debian}/sqlite3/main.mk", "TOP={debian}/sqlite3", "BCC=clang-19 -O1", "EXE=", "OPTS=",
                "sqlite3.c", "shell.c"),)),
    Preparation("lua5.4", source="lua5.4"),
    Preparation("zlib", source="zlib"),
    npm_packages("kotlin"),
    npm_packages("binaryen"),
    npm_packages("assemblyscript"),
]

# The longest first, so that two cores finish together.
PRODUCTS = [
    *KOTLIN, *SQLITE, *LUA, *LUA_INIT, *LUA_PLAIN, *LUA_SJLJ, *EXCEPTIONS, *CPLUSPLUS, *WORKERS, *HANDLER_PROGRAMS, *RUST, *ZLIB,
    *ASSEMBLYSCRIPT,
    *c_program("hello"), *c_program("exit42"), *c_program("words"), *c_program("files"), *c_program("clocks"),
    *guest_only(c_program("sandbox")), *guest_only(c_program("traps")),
    *c_program("simd", guest_flags=("-msimd128",)),
    *c_program("tailcall", guest_flags=("-mtail-call",)),
    *c_program("reactor", link_flags=("-mexec-model=reactor",)),
]
