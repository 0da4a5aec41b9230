-- KEYS: one for each budget. ARGV: for each, the microseconds one use takes to be forgotten, and how many there may be.
-- Answers {allowed, which budget, remaining, microseconds until all are there again, microseconds to wait}.
-- A key holds the moment at which all uses so far will be forgotten.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local after = {}
local denied, tightest = nil, nil
for i = 1, #KEYS do
  local interval, count = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local burst = interval * count
  local before = tonumber(redis.call('GET', KEYS[i]) or now) or now
  -- a clock that was set back must not shut anybody out for longer than a period
  before = math.min(math.max(before, now), now + burst)
  after[i] = before + interval
  local wait = after[i] - (now + burst)
  if wait > 0 then
    if not denied or wait > denied[5] then denied = {0, i, 0, before - now, wait} end
  else
    local remaining = math.floor(-wait / interval)
    if not tightest or remaining < tightest[3] then tightest = {1, i, remaining, after[i] - now, 0} end
  end
end
if denied then return denied end
for i = 1, #KEYS do
  redis.call('SET', KEYS[i], string.format('%.0f', after[i]), 'PX', math.ceil((after[i] - now) / 1000))
end
return tightest
