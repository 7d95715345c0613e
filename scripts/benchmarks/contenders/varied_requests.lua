-- Requests of a thousand clients for wrk: what varied_requests.js sends, with the same arguments.

local count = 1000
local requests, at, make = {}, 0, nil

local function format(each)
  return wrk.format(each.method, each.path, each.fields, each.body)
end

local function text(each)
  local fields = each.fields
  local host = fields["Host"] or wrk.host .. ":" .. wrk.port
  return "GET " .. each.path .. " HTTP/1.1\r\nHost: " .. host ..
    "\r\nUser-Agent: " .. fields["User-Agent"] .. "\r\nAccept: " .. fields["Accept"] ..
    "\r\nAccept-Language: " .. fields["Accept-Language"] ..
    "\r\nCookie: " .. fields["Cookie"] .. "\r\n\r\n"
end

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
    make = make or ({ format = format, text = text })[word:match("^make=(.*)")]
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
    if items then fields["Content-Type"] = "application/json" end
    local parts = {
      method = items and "POST" or "GET",
      path = path or own,
      fields = fields,
      body = items and order(i, items),
    }
    requests[i + 1] = make and parts or format(parts)
  end
end

function request()
  at = at % count + 1
  return make and make(requests[at]) or requests[at]
end
