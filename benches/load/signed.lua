-- Posts webhooks that were signed beforehand: signing here would measure Lua.
-- args: path, file, names of headers. A line of the file is the headers' values and the body, separated by tabs. It is
-- read line by line while the run goes on; when it is used up, the run ends.
local path, file, names
local pending
used_up = false
function init(args)
  path, file, names = args[1], assert(io.open(args[2], "r")), {}
  for name in args[3]:gmatch("[^,]+") do names[#names + 1] = name end
end
function request()
  local line = file:read("*l")
  if line then pending = line else used_up = true; wrk.thread:stop() end
  local headers, from = {["Content-Type"] = "application/json"}, 1
  for _, name in ipairs(names) do
    local tab = pending:find("\t", from, true)
    headers[name] = pending:sub(from, tab - 1)
    from = tab + 1
  end
  return wrk.format("POST", path, headers, pending:sub(from))
end
dofile(os.getenv("BENCH_LUA") .. "/done.lua")
