-- Refreshes, for wrk: each answer's refresh token is the next request's. REFRESH_TOKENS names
-- a file of them, one a line, at least as many as there are connections.
local waiting, first, last = {}, 1, 0
local head = { ["Content-Type"] = "application/x-www-form-urlencoded" }
local form = "grant_type=refresh_token&client_id=bench&client_secret=bench-secret-bench-secret-bench-secret&refresh_token="

local function keep(token)
   last = last + 1
   waiting[last] = token
end

function init()
   for line in io.lines(os.getenv("REFRESH_TOKENS")) do keep(line) end
   bad = 0
end

function request()
   local token = waiting[first]
   waiting[first] = nil
   first = first + 1
   return wrk.format("POST", "/oauth2/token", head, form .. (token or "none"))
end

function response(status, _, body)
   local token = body:match('"refresh_token":"([^"]+)"')
   if status == 200 and token then keep(token) else bad = bad + 1 end
end

local threads = {}
function setup(thread) table.insert(threads, thread) end

function done(summary, latency)
   print(string.format('JSON {"requests":%d,"secs":%.3f,"bad":%d,"p50":%d,"p99":%d}', summary.requests,
      summary.duration / 1e6, threads[1]:get("bad"), latency:percentile(50), latency:percentile(99)))
end
