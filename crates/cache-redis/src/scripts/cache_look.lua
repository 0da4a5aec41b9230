-- KEYS: the value, whose turn it is to compute it. ARGV: our token, milliseconds a turn lasts.
-- Answers {1, value}, {2, ''} if it is our turn now, or {3, ''} if it is somebody else's.
local value = redis.call('GET', KEYS[1])
if value then return {1, value} end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return {2, ''} end
return {3, ''}
