-- KEYS: as for announcing. ARGV: milliseconds within which everybody has announced themselves.
-- Answers {whether that time has passed since we keep track, what each part is}.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SETNX', KEYS[3], string.format('%.0f', now))
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))) do
  redis.call('ZREM', KEYS[1], name)
  redis.call('HDEL', KEYS[2], name)
end
local since = tonumber(redis.call('GET', KEYS[3]))
local settled = (now - since >= tonumber(ARGV[1])) and 1 or 0
return {settled, redis.call('HVALS', KEYS[2])}
