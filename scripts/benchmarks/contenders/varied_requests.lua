-- Requests of a thousand clients for wrk: what varied_requests.js sends, with the same arguments.

local count = 1000
local requests, at = {}, 0

local function order(number, item_count)
  local items = {}
  for i = 0, item_count - 1 do
    local sku = "SKU-" .. 1000 + (number * 31 + i * 7) % 9000
    items[i + 1] = '{"sku":"' .. sku .. '","title":"Part number ' .. 10 + i ..
      '","price":' .. 100 + i * 37 .. ',"count":' .. i % 5 .. "}"
  end
  return '{"id":' .. 1000 + number .. ',"items":[' .. table.concat(items, ",") ..
    '],"note":"ring twice"}'
end

function init(args)
  local path, hosts, items
  for _, word in ipairs(args) do
    path = path or word:match("^path=(.*)")
    hosts = hosts or tonumber(word:match("^hosts=(%d+)"))
    items = items or tonumber(word:match("^items=(%d+)"))
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
    if items then
      fields["Content-Type"] = "application/json"
      requests[i + 1] = wrk.format("POST", path or own, fields, order(i, items))
    else
      requests[i + 1] = wrk.format("GET", path or own, fields)
    end
  end
end

function request()
  at = at % count + 1
  return requests[at]
end
