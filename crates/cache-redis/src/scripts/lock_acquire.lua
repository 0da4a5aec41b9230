-- KEYS: the lock, its last fencing token. ARGV: milliseconds. Answers the token, or 0 if somebody has the lock.
-- Tokens grow with the clock, so that they go on growing after everything was forgotten.
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local time = redis.call('TIME')
local token = math.max(time[1] * 1000000 + time[2], tonumber(redis.call('GET', KEYS[2]) or 0) + 1)
local text = string.format('%.0f', token)
redis.call('SET', KEYS[2], text, 'EX', 86400)
redis.call('SET', KEYS[1], text, 'PX', ARGV[1])
return token
