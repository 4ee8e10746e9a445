"""What bench/compare runs: programs, each with a native twin, arguments for the work and arguments for hardly any."""

import dataclasses
import pathlib
import random
import re

BENCH = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    group: str  # "kernel" or "program"
    module: pathlib.Path
    native: pathlib.Path
    work: tuple  # arguments
    idle: tuple  # arguments for the same start and end with hardly any work between
    work_input: bytes = b""
    idle_input: bytes = b""


# Rounds for about 100 ms of native time: the kernels take 1 to 5 ms a round.
KERNEL_ROUNDS = {"fib": 32, "sieve": 40, "i64": 40, "matmul": 40, "nbody": 40, "mandelbrot": 40, "sha256": 16,
                 "quicksort": 32, "vm": 32, "crc32": 24, "stream": 32, "indirect": 40}

SQL = """WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < {n})
SELECT count(*), sum(x * x % 7), max(x) FROM c;
CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, size REAL);
WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < {n} / 4)
INSERT INTO t SELECT x, 'name ' || (x * 7919 % 1000), x * 0.25 FROM c;
CREATE INDEX by_name ON t(name);
SELECT count(*), sum(size) FROM t WHERE name LIKE 'name 1%';
SELECT a.name, count(*) FROM t a JOIN t b ON b.name = a.name WHERE a.id < 40 GROUP BY a.name ORDER BY 2 DESC, 1 LIMIT 3;
"""

LUA = """local n = {n}
local sum = 0
for i = 1, n do sum = (sum + i * 3) % 1000003 end
local t = {{}}
for i = 1, n // 10 do t[i] = (i * 7919) % 10007 end
table.sort(t)
local words = {{}}
for i = 1, n // 20 do words[#words + 1] = string.format("%d:%s", t[i * 2 - 1], ("x"):rep(i % 5)) end
local text = table.concat(words, ",")
local count = 0
for word in text:gmatch("%d+") do count = count + #word end
local function fib(k) if k < 2 then return k end return fib(k - 1) + fib(k - 2) end
local Point = {{}}
Point.__index = Point
function Point:add(d) self.x = self.x + d return self.x end
local p = setmetatable({{x = 0.5}}, Point)
for i = 1, n // 4 do p:add(i) end
print(sum, #text, count, fib(n > 100 and 24 or 1), p.x)
"""


def noise_and_text(size):
    """Bytes that pack about as source code does."""
    source = random.Random(1)
    words = [bytes(source.choices(b"etaoinshrdlu_();{}", k=source.randint(2, 9))) for _ in range(400)]
    out = bytearray()
    while len(out) < size:
        out += source.choice(words) + b" "
    return bytes(out[:size])


def workloads(build, programs):
    """`build`: the build folder; `programs`: where spec-tests/programs/build has put its products."""
    ours = build / "bench"
    kernels = re.findall(r"^BRINK_KERNEL\((\w+),", (BENCH / "kernels" / "kernels.def").read_text(), re.MULTILINE)
    found = [Workload(name, "kernel", ours / "kernels_program.wasm", ours / "kernels_program", (name, KERNEL_ROUNDS[name]),
                      (name, 0)) for name in kernels]
    packed = noise_and_text(3_000_000)
    found += [
        Workload("mixed", "program", ours / "mixed.wasm", ours / "mixed", (2500,), (0,)),
        Workload("json", "program", ours / "json.wasm", ours / "json", (400,), (0,)),
        Workload("sqlite", "program", programs / "sqlite3.wasm", programs / "sqlite3.native", (":memory:",), (":memory:",),
                 SQL.format(n=120_000).encode(), SQL.format(n=4).encode()),
        Workload("lua", "program", programs / "lua-plain.wasm", programs / "lua-plain.native",
                 ("-e", LUA.format(n=1_000_000)), ("-e", LUA.format(n=20))),
        Workload("gzip", "program", programs / "minigzip.wasm", programs / "minigzip.native", (), (), packed, packed[:100]),
    ]
    return found
