-- Lua's io and os libraries on files below the current folder.
local show = print

-- A result, or nil and the message; error numbers differ between systems.
local function outcome(result, message) show(result, message) end

outcome(io.open("missing.txt"))
show(pcall(io.lines, "missing.txt"))
local f <const> = assert(io.open("data.txt", "w"))
show(io.type(f), io.type(42))
for i = 1, 200 do f:write(i, " ", i * i, " ", ("%.3f"):format(i / 7), "\n") end
show(f:seek("cur"), f:seek("set", 2), f:write("7") == f, f:seek("end"))
f:close()
show(io.type(f), pcall(f.write, f, "closed"))

local sum = 0
for a, b, c in io.lines("data.txt", "n", "n", "n") do if not c then break end sum = sum + a + b + c end
show(("%.3f"):format(sum))
local lines = {}
for line in io.lines("data.txt") do lines[#lines + 1] = line end
show(#lines, lines[1], lines[200])
local r = assert(io.open("data.txt", "rb"))
show(r:read(3), r:read("l"), r:read("L"), r:read(0), #r:read("a"), r:read("a"), r:read("l"), r:read(0))
show(r:seek("set", 5), r:read(4))
show(r:write("no") == nil)
r:close()

local a = assert(io.open("data.txt", "a+"))
a:setvbuf("full", 64)
a:write("last line")
a:seek("set")
show(a:read("l"))
a:close()
io.input("data.txt")
local last
for line in io.lines() do last = line end
show(last)
io.input():close()
io.output("out.txt")
io.write("through ", "io.output", "\n")
io.close()
io.output(io.stdout)

outcome(os.rename("out.txt", "renamed.txt"))
outcome(os.rename("out.txt", "again.txt"))
outcome(os.remove("absent.txt"))
outcome(loadfile("absent.lua"))
local s = assert(io.open("script.lua", "w"))
s:write("local a, b = ...\nreturn a + b, 'from a file'\n")
s:close()
show(loadfile("script.lua")(20, 22))
show(pcall(dofile, "script.lua"))
outcome(os.remove("script.lua"))
