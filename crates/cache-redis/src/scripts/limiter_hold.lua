-- KEYS: the hold. ARGV: milliseconds. One that lasts longer stays.
if redis.call('PTTL', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], '', 'PX', ARGV[1])
return 1
