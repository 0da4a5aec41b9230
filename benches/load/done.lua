-- what a run came to, as one line of JSON
local threads = {}
function setup(thread) threads[#threads + 1] = thread end
function done(summary, latency, requests)
  local e, used_up = summary.errors, "false"
  for _, thread in ipairs(threads) do if thread:get("used_up") then used_up = "true" end end
  io.write(string.format(
    'JSON {"requests":%d,"duration_us":%d,"err_connect":%d,"err_read":%d,"err_write":%d,"err_status":%d,"err_timeout":%d,"p50_us":%d,"p99_us":%d,"max_us":%d,"used_up":%s}\n',
    summary.requests, summary.duration, e.connect, e.read, e.write, e.status, e.timeout,
    latency:percentile(50), latency:percentile(99), latency.max, used_up))
end
