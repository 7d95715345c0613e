// Requests of a thousand clients: each with a path, a cookie and a user agent of its own.
// Arguments: `path=PATH`, the same one for all; `hosts=N`, host0.example and so on in turn;
// `items=N`, an order of so many items of 70 bytes to POST; `make=format` or, without items,
// `make=text`: each is made when it is sent, by wrk.format() or as a text, and not before the run.

const count = 1000;
let requests = [];
let at = 0;
let make = null;

export function init(args) {
  const value = (name) => args.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const path = value("path");
  const hosts = Number(value("hosts") ?? 0);
  const items = Number(value("items") ?? 0);
  make = { format, text }[value("make")] ?? null;
  requests = Array.from({ length: count }, (_, i) => ({
    method: items === 0 ? "GET" : "POST",
    path: path ?? `/articles/${i * 7919 % count}/comments?page=${i % 17}&sort=date`,
    headers: {
      ...(hosts === 0 ? {} : { host: `host${i * 7919 % hosts}.example` }),
      "user-agent": `Mozilla/5.0 (X11; Linux x86_64; rv:1${i % 40}.0) ${
        "Gecko/20100101 Component/1.0 ".repeat(16)
      }`,
      accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
      "accept-language": "en-US,en;q=0.5",
      cookie: `session=${(i * 2654435761 % 4294967296).toString(16).padStart(32, "0")}; theme=dark`,
      ...(items === 0 ? {} : { "content-type": "application/json" }),
    },
    ...(items === 0 ? {} : { body: order(i, items) }),
  }));
}

function order(number, itemCount) {
  const items = Array.from({ length: itemCount }, (_, i) => {
    const sku = `SKU-${1000 + (number * 31 + i * 7) % 9000}`;
    return `{"sku":"${sku}","title":"Part number ${10 + i}","price":${100 + i * 37},"count":${
      i % 5
    }}`;
  });
  return `{"id":${1000 + number},"items":[${items.join(",")}],"note":"ring twice"}`;
}

function format({ method, path, headers, body }) {
  return wrk.format(method, path, headers, body);
}

function text({ method, path, headers }) {
  const { host = `${wrk.host}:${wrk.port}`, accept, cookie } = headers;
  return `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nuser-agent: ${headers["user-agent"]}\r\n` +
    `accept: ${accept}\r\naccept-language: ${
      headers["accept-language"]
    }\r\ncookie: ${cookie}\r\n\r\n`;
}

export function request() {
  at = (at + 1) % count;
  return make === null ? requests[at] : make(requests[at]);
}
