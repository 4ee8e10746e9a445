local M = {}
function M.greet(name) return "hello from a " .. name end
return M
