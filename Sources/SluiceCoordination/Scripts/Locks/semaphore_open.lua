-- Records a semaphore's number of permits, or reads what is recorded.
-- KEYS  as the prelude
-- ARGV  1 permits, 2 highest token known
-- Reply {4} when that is the number; {3, count} when another is recorded
read()
open(tonumber(ARGV[1]), tonumber(ARGV[2]))
if permits ~= tonumber(ARGV[1]) then return {3, permits} end
return {4}
