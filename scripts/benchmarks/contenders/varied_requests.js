// Requests of a thousand clients: each with a path, a cookie and a user agent of its own.

const count = 1000;
const requests = Array.from({ length: count }, (_, i) => ({
  method: "GET",
  path: `/articles/${i * 7919 % count}/comments?page=${i % 17}&sort=date`,
  headers: {
    "user-agent": `Mozilla/5.0 (X11; Linux x86_64; rv:1${i % 40}.0) ${
      "Gecko/20100101 Component/1.0 ".repeat(16)
    }`,
    accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "accept-language": "en-US,en;q=0.5",
    cookie: `session=${(i * 2654435761 % 4294967296).toString(16).padStart(32, "0")}; theme=dark`,
  },
}));
let next = 0;

export function request() {
  next = (next + 1) % count;
  return requests[next];
}
