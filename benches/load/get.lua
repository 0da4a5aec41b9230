-- Asks for the paths of a file in turn. A line is a path and a bearer token, separated by a tab.
local requests, at = {}, 0
function init(args)
  for line in io.lines(args[1]) do
    local path, bearer = line:match("^([^\t]*)\t(.*)$")
    requests[#requests + 1] = wrk.format("GET", path, {["Authorization"] = "Bearer " .. bearer})
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
dofile(os.getenv("BENCH_LUA") .. "/done.lua")
