-- Errors only: every pcall is a setjmp, every error and every yield a longjmp, so this is the program for whatever way
-- the two were compiled.

local function message(...) return (tostring(select(2, ...)):gsub("^[^:]+:%d+: ", "")) end

print("-- deep recursion of pcall")
local function nest(n)
  if n == 0 then error("bottom", 0) end
  local ok, m = pcall(nest, n - 1)
  if n % 3 == 0 then error(m .. "<" .. n, 0) end
  return m
end
for _, depth in ipairs { 0, 1, 10, 100, 150 } do print(depth, pcall(nest, depth)) end
local function endless(n) local ok, m = pcall(endless, n + 1) if not ok then error(m, 0) end return m end
local ok, m = pcall(endless, 1)
print(ok, tostring(m):match("C stack overflow") or tostring(m):match("stack overflow"))
local function unbounded() return unbounded() .. "x" end
print(message(pcall(unbounded)):match("stack overflow"))
print(select("#", pcall(string.rep, "ab", 3)), pcall(string.rep, "ab", 3))

print("-- values that are errors")
for _, value in ipairs { 1, 1.5, "text", true, print == print } do print(pcall(error, value, 0)) end
print(pcall(error))
local object = setmetatable({ code = 404 }, { __tostring = function(self) return "code " .. self.code end })
local _, caught = pcall(error, object)
print(rawequal(caught, object), tostring(caught))

print("-- out of library functions that call back")
local function boom(what) return function() error(what, 0) end end
print(pcall(table.sort, { 3, 2, 1 }, boom "in sort"))
print(pcall(string.gsub, "hello", "l", boom "in gsub"))
print(pcall(load, boom "in load"))
print(pcall(function() for _ in boom "in iterator" do end end))
print(pcall(tostring, setmetatable({}, { __tostring = boom "in tostring" })))
local operators = { __add = boom "add", __index = boom "index", __newindex = boom "newindex", __call = boom "call", __lt = boom "lt",
  __eq = boom "eq", __concat = boom "concat", __len = boom "len", __unm = boom "unm" }
local a, b = setmetatable({}, operators), setmetatable({}, operators)
for _, use in ipairs {
  function() return a + 1 end, function() return a.x end, function() a.x = 1 end, function() return a() end, function() return a < b end,
  function() return a == b end, function() return a .. b end, function() return #a end, function() return -a end,
} do print(pcall(use)) end

print("-- handlers")
print(xpcall(boom "first", function(e) return "handled " .. e end))
print(select("#", xpcall(boom "first", function(e) error("second", 0) end)))
print(xpcall(function(...) return select("#", ...), ... end, print, 1, nil, 3))
local trace = select(2, xpcall(boom "traced", debug.traceback))
print(trace:match("^traced\nstack traceback:") ~= nil)

print("-- coroutines")
local function pair(body) local co = coroutine.create(body) return function(...) return coroutine.resume(co, ...) end, co end
local resume, co = pair(function(x)
  local good, why = pcall(function() local y = coroutine.yield(x + 1) error("after " .. y, 0) end)
  local z = coroutine.yield(why)
  error({ z })
end)
print(resume(1)) print(resume("yield")) print(type(select(2, resume("table")))) print(resume()) print(coroutine.status(co))
local function chain(n)
  return coroutine.wrap(function()
    if n == 0 then coroutine.yield("deep") error("end of chain", 0) end
    for v in chain(n - 1) do coroutine.yield(v .. n) end
  end)
end
local step = chain(20)
print(pcall(step)) print(pcall(step)) print(pcall(step))
local closed = {}
local guarded = coroutine.create(function()
  local first <close> = setmetatable({}, { __close = function(_, e) closed[#closed + 1] = "first " .. tostring(e) end })
  local second <close> = setmetatable({}, { __close = function(_, e) closed[#closed + 1] = "second " .. tostring(e) error("while closing", 0) end })
  coroutine.yield(1)
end)
coroutine.resume(guarded)
print(coroutine.close(guarded)) print(table.concat(closed, "; "))
print(pcall(coroutine.wrap(function() return pcall(pcall, error, "inner") end)))
print(pcall(coroutine.yield, "outside"))
print(message(pcall(function() local w w = coroutine.wrap(function() w() end) w() end)))

print("-- many")
local counts = { 0, 0, 0 }
local function leaf(i) if i % 3 == 0 then error("three") elseif i % 5 == 0 then error { i } end return i end
for i = 1, 20000 do
  local fine, e = pcall(leaf, i)
  local kind = fine and 1 or type(e) == "string" and 2 or 3
  counts[kind] = counts[kind] + 1
end
print(table.concat(counts, " "))
local yields = 0
for i = 1, 300 do
  local c = coroutine.wrap(function() for j = 1, i % 7 do coroutine.yield(j) end error("done", 0) end)
  while pcall(c) do yields = yields + 1 end
end
print(yields)
collectgarbage()
error("the end, not caught", 0)
