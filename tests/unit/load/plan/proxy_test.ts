import { assertEquals } from "@std/assert";
import { Wrong } from "../../../../mod/cli/mod.ts";
import { connectHead, placeOf, readProxy, wayOf } from "../../../../mod/load/plan/proxy.ts";
import { parseTarget, type Target } from "../../../../mod/load/plan/target.ts";

Deno.test("readProxy() takes a host and a port, with credentials", () => {
  const rows: [text: string, host: string, port: number, credentials: string | null][] = [
    ["http://proxy:3128", "proxy", 3128, null],
    ["proxy:3128", "proxy", 3128, null],
    ["HTTP://[::1]:80/", "::1", 80, null],
    ["http://me:secret@10.0.0.1:8080", "10.0.0.1", 8080, `Basic ${btoa("me:secret")}`],
    ["http://me:p%40ss%3A@proxy:1", "proxy", 1, `Basic ${btoa("me:p@ss:")}`],
    ["http://me@proxy:1", "proxy", 1, `Basic ${btoa("me:")}`],
  ];
  for (const [text, host, port, credentials] of rows) {
    assertEquals(readProxy(text), { host, port, credentials }, text);
  }
  const wrong = ["", "proxy", "http://proxy", "http://:1", "http://p:0", "http://p:99999"];
  const foreign = [
    "https://p:1",
    "socks5h://p:1",
    "http://p:1/x",
    "http://p:1/?q",
    "unix:/p.sock:",
  ];
  for (const text of [...wrong, ...foreign]) {
    assertEquals(readProxy(text) instanceof Wrong, true, text);
  }
});

const http = parseTarget("http://h:81/a?b") as Target;
const https = parseTarget("https://[::1]/a") as Target;
const plain = { proxyTunnel: false, http2: false, script: null, replay: null };

Deno.test("https, HTTP/2, scripts and logs take a tunnel, http only when it is asked for", () => {
  assertEquals([wayOf(http, plain), wayOf(https, plain)], ["absolute", "tunnel"]);
  const others = [{ proxyTunnel: true }, { http2: true }, { script: "s.js" }, { replay: {} }];
  for (const other of others) assertEquals(wayOf(http, { ...plain, ...other }), "tunnel");
});

Deno.test("credentials go to the proxy, and not through the tunnel", () => {
  const proxy = { host: "p", port: 1, credentials: "Basic eA==" };
  const headers = [{ name: "A", value: "b" }];
  const plan = { ...plain, proxy, headers };
  assertEquals(placeOf(https, plan), { path: "/a", headers });
  assertEquals(placeOf(http, { ...plan, proxy: null }), { path: "/a?b", headers });
  const field = { name: "Proxy-Authorization", value: "Basic eA==" };
  assertEquals(placeOf(http, plan), { path: "http://h:81/a?b", headers: [...headers, field] });
  const own = [{ name: "proxy-authorization", value: "mine" }];
  assertEquals(placeOf(http, { ...plan, headers: own }).headers, own);
  const text = (head: Uint8Array) => new TextDecoder().decode(head);
  assertEquals(
    text(connectHead(https, proxy)),
    "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\nProxy-Authorization: Basic eA==\r\n\r\n",
  );
  assertEquals(
    text(connectHead(http, { ...proxy, credentials: null })),
    "CONNECT h:81 HTTP/1.1\r\nHost: h:81\r\n\r\n",
  );
});
