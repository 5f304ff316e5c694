-- Deletes every record that has a tag, and marks the tag, so that what is being fetched for it now cannot be stored.
--
-- KEYS  1 the tag's index  2 the tag's last purge, for an hour  3 count of purges  4 horizon  5 log of purges
-- ARGV  1 the tag  2 prefix of records  3 prefix of flights  4 how many names the log may hold
-- Reply the keys of the deleted records.
-- Messages: the invalidation of each.

redis.call('SET', KEYS[2], note_purge(KEYS[3], KEYS[5], KEYS[1], KEYS[4], tonumber(ARGV[4])), 'PX', HOUR)
local deleted = {}
for _, record in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  -- It may have been filled again without the tag since.
  local tags = ' ' .. (field(record, 'tags') or '') .. ' '
  if string.find(tags, ' ' .. ARGV[1] .. ' ', 1, true) then
    redis.call('DEL', record)
    redis.call('DEL', ARGV[3] .. string.sub(record, #ARGV[2] + 1))
    deleted[#deleted + 1] = record
  end
end
redis.call('DEL', KEYS[1])
return deleted
