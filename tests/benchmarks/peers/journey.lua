-- wrk's nearest to the journey: three requests in turn, each answer checked and the token taken.
-- wrk does not tell a script which connection an answer belongs to, so the token is the thread's.
local at = 0
local token = "a1b2c3d4"

request = function()
  at = at + 1
  if at == 1 then
    return wrk.format("GET", "/token")
  elseif at == 2 then
    return wrk.format("GET", "/items/" .. token, { ["x-token"] = token })
  end
  at = 0
  return wrk.format("GET", "/done?token=" .. token)
end

response = function(status, headers, body)
  if status ~= 200 then
    wrk.thread:stop()
  end
  local found = string.match(body, '"token":"(%w+)"')
  if found then
    token = found
  end
end
