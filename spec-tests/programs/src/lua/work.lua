-- Work for the interpreter loop: calls, tables, floats, strings, garbage.

local function queens(n)
  local count, columns, down, up = 0, {}, {}, {}
  local function place(row)
    if row > n then count = count + 1; return end
    for c = 1, n do
      if not columns[c] and not down[row + c] and not up[row - c] then
        columns[c], down[row + c], up[row - c] = true, true, true
        place(row + 1)
        columns[c], down[row + c], up[row - c] = nil, nil, nil
      end
    end
  end
  place(1)
  return count
end

local function sieve(n)
  local composite, count = {}, 0
  for i = 2, n do
    if not composite[i] then
      count = count + 1
      for j = i * i, n, i do composite[j] = true end
    end
  end
  return count
end

local function mandelbrot(size)
  local inside = 0
  for py = 0, size - 1 do
    for px = 0, size - 1 do
      local cx, cy, x, y, n = px / size * 3 - 2, py / size * 2 - 1, 0.0, 0.0, 0
      while n < 50 and x * x + y * y < 4 do x, y, n = x * x - y * y + cx, 2 * x * y + cy, n + 1 end
      if n == 50 then inside = inside + 1 end
    end
  end
  return inside
end

local function words(n)
  local seed, seen, list = 7, {}, {}
  for _ = 1, n do
    seed = (seed * 16807) % 2147483647
    local word = string.char(97 + seed % 26, 97 + seed // 26 % 26)
    if not seen[word] then seen[word] = 0; list[#list + 1] = word end
    seen[word] = seen[word] + 1
  end
  table.sort(list, function(a, b) return seen[a] > seen[b] or seen[a] == seen[b] and a < b end)
  return #list, list[1] .. seen[list[1]], list[2] .. seen[list[2]]
end

local function trees(depth)
  local function make(d) if d == 0 then return {} end return { make(d - 1), make(d - 1) } end
  local function check(t) return t[1] and 1 + check(t[1]) + check(t[2]) or 1 end
  local total = 0
  for _ = 1, 4 do total = total + check(make(depth)) end
  return total
end

local function text(n)
  local parts = {}
  for i = 1, n do parts[#parts + 1] = ("%d:%s"):format(i, i % 3 == 0 and "fizz" or i % 5 == 0 and "buzz" or "-") end
  local joined = table.concat(parts, " ")
  return #joined, select(2, joined:gsub("fizz", "")), joined:sub(-12)
end

print("queens", queens(6))
print("sieve", sieve(20000))
print("mandelbrot", mandelbrot(40))
print("words", words(5000))
print("trees", trees(9))
print("text", text(2000))
