-- The language and its libraries, errors and coroutines above all: each protected call and each yield unwinds the
-- interpreter's own stack. Output must not depend on hash order or addresses.

local function heading(name) print("-- " .. name) end

heading("errors")
print(pcall(error, "plain"))
print(pcall(error, { code = 7 }) == false, select(2, pcall(error, { code = 7 })).code)
print(pcall(function() local t = nil; return t.field end))
print(pcall(function() return 1 + {} end))
print(pcall(function() return #5 end))
print(pcall(function() return {} < {} end))
print(pcall(string.rep, "x", -1))
print(pcall(string.rep))
print(pcall(string.rep, "x", 1 << 40))
print(select(2, xpcall(function() error("deep", 0) end, function(m) return "handled " .. m end)))
print(select(2, xpcall(function() local x = nil; x() end, function(m) return (m:gsub("^[^:]+:%d+: ", "")) end)))
print(pcall(pcall, error, 1))
local function nest(n) if n == 0 then error("bottom", 0) end local ok, m = pcall(nest, n - 1) error(m .. n % 10, 0) end
print(pcall(nest, 60))
local function overflow(...) return 1 + overflow(...) end -- many arguments fill the stack in few calls
local ok, message = pcall(overflow, table.unpack({}, 1, 200))
print(ok, message:match("stack overflow"))
print(select(2, pcall(string.gsub, "abc", "%w", function() error("in callback", 0) end)))
print(pcall(load, "x = = 1"))
print(load("x = = 1", "chunk"))
print(load("goto nowhere", "=chunk"))
local count = 0
for i = 1, 5000 do if not pcall(error) then count = count + 1 end end
print("caught", count)
local closed = {}
do
  local function guard(name) return setmetatable({}, { __close = function(_, e) closed[#closed + 1] = name .. ":" .. tostring(e) end }) end
  pcall(function() local a <close> = guard("a"); local b <close> = guard("b"); error("oops", 0) end)
end
print(table.concat(closed, " "))
print(pcall(setmetatable, 1, {}))
print(pcall(next, {}, "absent"))

heading("coroutines")
local function generate(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end return nil end) end
local total = 0
for v in generate(10000) do total = total + v end
print(total)
local function permutations(a, n)
  n = n or #a
  if n <= 1 then coroutine.yield(table.concat(a)) end
  for i = 1, n do
    a[n], a[i] = a[i], a[n]
    permutations(a, n - 1)
    a[n], a[i] = a[i], a[n]
  end
end
local all = {}
for p in coroutine.wrap(function() permutations({ "a", "b", "c", "d" }) end) do all[#all + 1] = p end
table.sort(all)
print(#all, all[1], all[12], all[24])
local co = coroutine.create(function(a, b)
  local c = coroutine.yield(a + b)
  local d, e = coroutine.yield(c * 2)
  local ok, m = pcall(function() coroutine.yield("inside pcall"); error("after yield", 0) end)
  coroutine.yield(tostring(ok) .. " " .. m)
  error({ reason = "end" })
end)
print(coroutine.resume(co, 1, 2))
print(coroutine.resume(co, 10))
print(coroutine.resume(co, "d", "e"))
print(coroutine.resume(co))
print(select(2, coroutine.resume(co)).reason, coroutine.status(co))
print(coroutine.resume(co))
print(coroutine.isyieldable(), pcall(coroutine.yield, 1))
local watched = coroutine.create(function() local g <close> = setmetatable({}, { __close = function() print("closed") end }); coroutine.yield() end)
coroutine.resume(watched)
print(coroutine.close(watched), coroutine.status(watched))
local function filter(p, g) return coroutine.wrap(function() for n in g do if n % p ~= 0 then coroutine.yield(n) end end end) end
local source = coroutine.wrap(function() for n = 2, 300 do coroutine.yield(n) end end)
local primes = {}
while true do local p = source(); if not p then break end primes[#primes + 1] = p; source = filter(p, source) end
print(#primes, primes[#primes])
local sorted = { 5, 2, 8 }
print(pcall(coroutine.wrap(function() table.sort(sorted, function(a, b) coroutine.yield() return a < b end) end)))

heading("tables and metatables")
local Vector = {}
Vector.__index = Vector
Vector.__add = function(a, b) return setmetatable({ x = a.x + b.x, y = a.y + b.y }, Vector) end
Vector.__eq = function(a, b) return a.x == b.x and a.y == b.y end
Vector.__lt = function(a, b) return a.x < b.x end
Vector.__call = function(self, k) return self[k] end
Vector.__tostring = function(v) return "(" .. v.x .. ", " .. v.y .. ")" end
Vector.__concat = function(a, b) return tostring(a) .. tostring(b) end
Vector.__len = function() return 2 end
local u, v = setmetatable({ x = 1, y = 2 }, Vector), setmetatable({ x = 3, y = 4.5 }, Vector)
print(tostring(u + v), u == v, u < v, u("y"), u .. v, #u, rawlen(u), rawequal(u, u))
local log = {}
local proxy = setmetatable({}, { __index = function(_, k) log[#log + 1] = "get " .. k; return k end, __newindex = function(t, k, w) log[#log + 1] = "set " .. k; rawset(t, k, w) end })
proxy.a = proxy.b
proxy.a = 1
print(table.concat(log, ", "), proxy.a)
local t = {}
for i = 1, 100 do t[i] = (i * 7919) % 101 end
table.sort(t, function(a, b) return a > b end)
print(t[1], t[50], t[100], table.concat(t, ",", 1, 6), #table.pack(table.unpack(t)))
table.move(t, 1, 5, 96)
table.insert(t, 3, "in")
print(table.remove(t, 3), table.remove(t), select("#", nil, nil), select(-1, 1, 2, 3))
local weak, collected = setmetatable({}, { __mode = "k" }), 0
for i = 1, 50 do weak[{}] = i; setmetatable({}, { __gc = function() collected = collected + 1 end }) end
collectgarbage()
print(next(weak), collected)

heading("strings")
print(("%5.2f|%-6s|%06d|%x|%q|%i|%s|%c|%g|%e"):format(3.14159, "ab", 42, 255, 'a "quoted"\n', 7.0, nil, 65, 1e20, 12345.678))
print(("hello world from lua"):gsub("(%w+)", "<%1>", 3))
print(("key = value, other=thing"):gsub("(%w+)%s*=%s*(%w+)", "%2=%1"))
print(("2024-02-29"):match("^(%d+)-(%d+)-(%d+)$"))
print(("f(a(b)c)d"):match("%b()"), ("THE (quick) fox"):find("%((%a+)%)"), ("x"):rep(5, "-"), ("abc"):byte(1, -1))
for k, w in string.gmatch("a=1, bb=22", "(%w+)=(%w+)") do io.write(k, ":", w, ";") end
print(("abc"):reverse():upper(), #"\u{20AC}\z
  x", ("\x41\65\0"):len())
print(utf8.char(72, 228, 8364, 128512), utf8.len("häß€"), utf8.codepoint("€", 1), utf8.offset("aä€b", 4), utf8.len("\xff"))
local packed = string.pack("<i4 >I2 z s1 d", -2, 513, "zero", "len", 0.5)
print(#packed, string.unpack("<i4 >I2 z s1 d", packed))
print(tostring(1e15), 2^53, 1e100, -0.0, 1/0, -1/0, 0/0 ~= 0/0, 10 // 3, -10 // 3, 10 % -3, 7 // 2.0, 5 % 3.5, 1 << 63, ~0)
print(math.type(1), math.type(1.0), math.tointeger(3.0), math.maxinteger + 1 == math.mininteger, "10" + 5, 0x7fffffffffffffff // -1)
print(math.floor(-3.5), math.ceil(-3.5), math.fmod(-7, 3), math.abs(-5), math.max(3, 9, 2), math.ult(1, -1), tonumber("0x1p4"), tonumber("z", 36), tonumber("8", 8))
print(("%.6f %.6f %.6f %.6f"):format(math.sin(1), math.exp(1.5), math.log(10, 2), math.sqrt(2)), math.pi)
math.randomseed(42)
print(math.random(1, 1000000), math.random(1, 1000000), ("%.10f"):format(math.random()))
print(os.date("!%Y-%m-%d %H:%M:%S", 86400 * 365), os.time({ year = 2000, month = 1, day = 1, hour = 12 }) > 0, type(os.clock()), os.getenv("COLOUR"), os.getenv("ABSENT"))
print(#arg, arg[1], arg[2], ...)

heading("control")
for i = 3, 1, -1 do io.write(i, " ") end
for i = 1.0, 2.0, 0.25 do io.write(i, " ") end
print()
local i = 1
::again::
if i < 5 then i = i * 2; goto again end
repeat local done = i > 20; i = i + 5 until done
print(i, (function(...) return select("#", ...) end)(nil, nil, nil))
local function fact(n, acc) if n == 0 then return acc end return fact(n - 1, acc * n) end
print(fact(20, 1), fact(25, 1.0))
local function loop(n) if n > 0 then return loop(n - 1) end return "tail calls in constant space" end
print(loop(200000))
print(require("module").greet("module"), package.loaded.module ~= nil, pcall(require, "absent") == false)
print(string.dump ~= nil and load(string.dump(function(a) return a * 2 end))(21))
os.exit(5, true)
