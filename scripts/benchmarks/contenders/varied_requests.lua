-- Requests of a thousand clients for wrk: what varied_requests.js sends, with the same arguments.

local count = 1000
local requests, at = {}, 0

function init(args)
  local path, hosts
  for _, word in ipairs(args) do
    path = path or word:match("^path=(.*)")
    hosts = hosts or tonumber(word:match("^hosts=(%d+)"))
  end
  for i = 0, count - 1 do
    local fields = {
      ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:1" .. i % 40 .. ".0) " ..
        string.rep("Gecko/20100101 Component/1.0 ", 16),
      ["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
      ["Accept-Language"] = "en-US,en;q=0.5",
      ["Cookie"] = string.format("session=%032x; theme=dark", i * 2654435761 % 4294967296),
    }
    if hosts then fields["Host"] = "host" .. i * 7919 % hosts .. ".example" end
    local own = "/articles/" .. i * 7919 % count .. "/comments?page=" .. i % 17 .. "&sort=date"
    requests[i + 1] = wrk.format("GET", path or own, fields)
  end
end

function request()
  at = at % count + 1
  return requests[at]
end
