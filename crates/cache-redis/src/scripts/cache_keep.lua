-- KEYS: the value, whose turn it is. ARGV: our token, the value, milliseconds to keep it.
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
return 1
