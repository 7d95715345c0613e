/** The control page in a real browser: what it shows, how it fits, and what its buttons do. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Browser } from "../../support/browser.ts";
import { peerTest } from "../../support/peers.ts";
import { freePort } from "../../support/ports.ts";
import { rawExchange, tcp } from "../../support/raw_socket.ts";
import { always, parts, response, ScriptedUpstream, TestProxy } from "../../support/proxy.ts";

const rows = '[...document.querySelectorAll("#upstreams tbody tr")]';

/** A proxy with two servers, one of them dead, and the URL of its page. */
async function start(
  app: ScriptedUpstream,
  write: "ON" | "OFF",
  more = "",
): Promise<{ proxy: TestProxy; port: number; url: string }> {
  const port = freePort();
  const proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
control: {listen: "127.0.0.1:${port}", token: secret, write: ${write}}
${more}
upstreams:
  app:
    servers: ["127.0.0.1:${app.port}", "127.0.0.1:1 backup"]
    check: interval=200 rise=1 fall=1 timeout=1000 type=tcp
  a.rather.long.name.of.an.upstream.that.must.not.push.the.page.apart:
    servers: "unix:/run/a/rather/long/path/of/a/socket/that/does/not/exist/anywhere.sock"
hosts: {default: {paths: {/: {proxy.reverse.url: http://app/}}}}
`);
  return { proxy, port, url: `http://127.0.0.1:${port}/hayate/` };
}

peerTest(
  "chromium",
  "The page shows listeners, upstreams and peers with their states, rates and latencies",
  async () => {
    await using app = ScriptedUpstream.start(always(response("a")));
    const { proxy, url } = await start(app, "OFF");
    await using _ = proxy;
    await using browser = await Browser.open();
    await browser.logIn("anybody", "secret");
    await browser.show(url, { width: 1200, height: 900, scheme: "light" });
    await browser.waitFor("document.body.dataset.looks >= 1");
    for (let i = 0; i < 20; i++) await proxy.get("/");
    await browser.waitFor(`${rows}[0].children[7].textContent === "20"`);
    const [first, second] = await browser.value<string[][]>(
      `${rows}.map((row) => [...row.children].map((cell) => cell.textContent))`,
    );
    assertEquals(first.slice(0, 3), [`127.0.0.1:${app.port}`, "up", "1"]);
    assertMatch(first[4], /^[\d.]+$/);
    assertMatch(first[5], /^[\d.]+ ms$/);
    assertMatch(first[11], /^\d+ of \d+$/);
    assertMatch(
      second[0],
      /^127\.0\.0\.1:1backuphealth check failed: connection refused, out for \d+\ss$/,
    );
    assertEquals(second[1], "unhealthy");
    const listener = await browser.value<string[]>(
      '[...document.querySelectorAll("#listeners tbody td")].map((cell) => cell.textContent)',
    );
    assertEquals(listener[0], `127.0.0.1:${(proxy.address as { port: number }).port}`);
    assert(Number(listener[2]) >= 20);
    const generation = '[...document.querySelectorAll("#generations tbody td")]';
    assertEquals(
      await browser.value<string[]>(`${generation}.slice(0, 2).map((cell) => cell.textContent)`),
      ["1", "serving"],
    );
    assertMatch(
      await browser.value<string>('document.getElementById("about").textContent'),
      /^[\d.]+, generation 1, pid \d+, up \d+ s$/,
    );
    assert(await browser.value<boolean>('document.querySelector("polyline").points.length > 0'));
    assertEquals(
      await browser.value<number>('document.querySelectorAll("#upstreams button").length'),
      0,
    );
    // The 401 that made the browser prompt for the token is the only console message.
    assertEquals(browser.complaints.filter((line) => !line.includes("401")), []);
  },
);

peerTest(
  "chromium",
  "The page works when it is opened by a URL that contains the token",
  async () => {
    await using app = ScriptedUpstream.start(always(response("a")));
    const { proxy, url } = await start(app, "ON");
    await using _ = proxy;
    await using browser = await Browser.open();
    const view = { width: 1200, height: 900, scheme: "light" } as const;
    await browser.show(url.replace("//", "//anybody:secret@"), view);
    await browser.waitFor("document.body.dataset.looks >= 1");
    await browser.waitFor(`${rows}[0].querySelector("button") !== null`);
    assertEquals(
      await browser.value<string>(`${rows}[0].children[0].textContent`),
      `127.0.0.1:${app.port}`,
    );
    // A change works the same way.
    await browser.value(`${rows}[0].querySelector("button").click()`);
    await browser.value(`document.getElementById("yes").click()`);
    await browser.waitFor(`${rows}[0].children[1].textContent !== "up"`);
    assertEquals(browser.complaints.filter((line) => !line.includes("401")), []);
  },
);

peerTest("chromium", "The page fits a phone and a screen, in light and in dark", async () => {
  await using app = ScriptedUpstream.start(always(response("a")));
  const { proxy, url } = await start(app, "ON");
  await using _ = proxy;
  await using browser = await Browser.open();
  await browser.logIn("anybody", "secret");
  const papers = new Set<string>();
  for (const scheme of ["light", "dark"] as const) {
    for (
      const [width, isMobile] of [[360, true], [700, true], [850, false], [985, false], [
        1200,
        false,
      ]] as const
    ) {
      await browser.show(url, { width, height: 800, scheme, isMobile });
      await browser.waitFor("document.body.dataset.looks >= 1");
      const seen = await browser.value<{ over: number; paper: string; contrast: number }>(`(() => {
        const light = (color) => {
          const [r, g, b] = color.match(/[\\d.]+/g).map((part) => part / 255)
            .map((part) => part <= .03928 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4);
          return .2126 * r + .7152 * g + .0722 * b;
        };
        const paper = getComputedStyle(document.body).backgroundColor;
        const card = light(getComputedStyle(document.querySelector("section")).backgroundColor);
        const contrasts = [...document.querySelectorAll("section .state, section td, .soft")].map((one) => {
          const ink = light(getComputedStyle(one).color);
          return (Math.max(ink, card) + .05) / (Math.min(ink, card) + .05);
        });
        return { over: document.documentElement.scrollWidth - innerWidth, paper, contrast: Math.min(...contrasts) };
      })()`);
      assert(seen.over <= 0, `${width} ${scheme}: ${seen.over} px too wide`);
      // WCAG 2.1, 1.4.3 (AA).
      assert(seen.contrast >= 4.5, `${width} ${scheme}: contrast ${seen.contrast}`);
      papers.add(seen.paper);
    }
  }
  assertEquals(papers.size, 2);
});

peerTest("chromium", "Buttons drain a server, take it down and bring it back", async () => {
  await using app = ScriptedUpstream.start(always(response("a")));
  const { proxy, url } = await start(app, "ON");
  await using _ = proxy;
  await using browser = await Browser.open();
  await browser.logIn("anybody", "secret");
  await browser.show(url, { width: 360, height: 800, scheme: "dark", isMobile: true });
  await browser.waitFor(`${rows}.length === 3`);
  const steps: [string, string, number][] = [
    ["drain", "draining", 502],
    ["undrain", "up", 200],
    ["down", "down", 502],
    ["up", "up", 200],
  ];
  for (const [label, state, status] of steps) {
    await browser.value(
      `[...${rows}[0].querySelectorAll("button")].find((one) => one.textContent === "${label}").click()`,
    );
    // It is the last one that is up.
    if (status !== 200) await browser.value(`document.getElementById("yes").click()`);
    await browser.waitFor(`${rows}[0].querySelector(".state").textContent === "${state}"`);
    assertEquals(parts(await proxy.get("/")).status, status, label);
  }
});

peerTest(
  "chromium",
  "The page asks before the last server goes, and lists who changed what",
  async () => {
    await using app = ScriptedUpstream.start(always(response("a")));
    const { proxy, url } = await start(app, "ON");
    await using _ = proxy;
    await using browser = await Browser.open();
    await browser.logIn("alice", "secret");
    await browser.show(url, { width: 1200, height: 800, scheme: "light" });
    await browser.waitFor(`${rows}.length === 3`);
    const first = `${rows}[0].querySelector("button")`;
    await browser.value(`${first}.click()`);
    assertEquals(
      await browser.value('document.getElementById("question-text").textContent'),
      `127.0.0.1:${app.port} is the last server of app that is up. Without it, requests to app fail.`,
    );
    // What Enter does is the harmless answer, and Escape is the same.
    assertEquals(await browser.value("document.activeElement.id"), "no");
    await browser.value("document.activeElement.click()");
    assertEquals(await browser.value('document.getElementById("question").open'), false);
    // Asked again in the same moment, it waits for an answer of its own.
    await browser.value(
      `${first}.click(), document.getElementById("no").click(), ${first}.click()`,
    );
    await browser.value("new Promise((resolve) => setTimeout(resolve, 100))");
    assertEquals(await browser.value('document.getElementById("question").open'), true);
    await browser.value("document.activeElement.click()");
    await browser.value("refresh()");
    assertEquals(await browser.value(`${rows}[0].children[1].textContent`), "up");
    await browser.value(`${first}.click()`);
    await browser.value('document.getElementById("yes").click()');
    const changes =
      '[...document.querySelectorAll("#changes tbody td")].map((td) => td.textContent)';
    await browser.waitFor(`${changes}.length === 5`);
    assertEquals((await browser.value<string[]>(changes)).slice(1), [
      "alice at 127.0.0.1",
      "app",
      `127.0.0.1:${app.port}`,
      "drained",
    ]);
    assertMatch(
      await browser.value(`${rows}[0].children[0].textContent`),
      /drained by an operator$/,
    );
    // Nobody is asked about a server that is not up.
    await browser.value(`${rows}[1].querySelector("button").click()`);
    await browser.waitFor(`${changes}.length === 10`);
    assertEquals(browser.complaints.filter((line) => !line.includes("401")), []);
  },
);

peerTest(
  "chromium",
  "The page shows those of very many servers first that are not up",
  async () => {
    const port = freePort();
    const servers = Array.from(
      { length: 300 },
      (_, at) => `"127.0.${at >> 8}.${at & 255}:1${at >= 250 ? " down" : ""}"`,
    ).join(", ");
    await using _proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
control: {listen: "127.0.0.1:${port}", token: secret}
upstreams: {app: {servers: [${servers}]}}
hosts: {default: {paths: {/: {proxy.reverse.url: http://app/}}}}
`);
    await using browser = await Browser.open();
    await browser.logIn("alice", "secret");
    const view = { width: 1200, height: 800, scheme: "light" } as const;
    await browser.show(`http://127.0.0.1:${port}/hayate/`, view);
    await browser.waitFor("document.body.dataset.looks >= 2");
    const seen = async () => {
      const states = await browser.value<string[]>(
        `${rows}.filter((row) => row.checkVisibility()).map((row) => row.children[1].textContent)`,
      );
      const down = states.filter((state) => state === "down").length;
      const count = 'document.getElementById("shown").textContent';
      return [states.length, down, await browser.value<string>(count)];
    };
    assertEquals(await seen(), [200, 50, "200 of 300 servers"]);
    await browser.value('document.getElementById("show-all").click()');
    assertEquals(await seen(), [300, 50, "300 servers"]);
    assertEquals(await browser.value<string>("document.activeElement.id"), "words");
  },
);

peerTest(
  "chromium",
  "The page filters many servers by words, and by whether they are up",
  async () => {
    const port = freePort();
    const servers = Array.from({ length: 40 }, (_, at) => `"127.0.0.${at + 1}:1"`).join(", ");
    await using _proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
control: {listen: "127.0.0.1:${port}", token: secret}
upstreams:
  app: {servers: [${servers}, "127.0.0.99:1 down"]}
  shop: {servers: ["127.0.1.1:1"]}
hosts: {default: {paths: {/: {proxy.reverse.url: http://app/}}}}
`);
    await using browser = await Browser.open();
    await browser.logIn("alice", "secret");
    const url = `http://127.0.0.1:${port}/hayate/`;
    await browser.show(url, { width: 390, height: 800, scheme: "light", isMobile: true });
    await browser.waitFor(`${rows}.length === 42`);
    const filter = async (words: string, onlyOut: boolean) => {
      await browser.value(`(() => {
      const words = document.getElementById("words"), box = document.getElementById("only-out");
      words.value = "${words}";
      box.checked = ${onlyOut};
      words.dispatchEvent(new Event("input"));
    })()`);
      const shown = `${rows}.filter((row) => row.checkVisibility()).length`;
      return [
        await browser.value<number>(shown),
        await browser.value<string>('document.getElementById("shown").textContent'),
      ];
    };
    assertEquals(await filter("", false), [42, "42 servers"]);
    assertEquals(await filter("SHOP", false), [1, "1 of 42 servers"]);
    assertEquals(await filter("app 127.0.0.9", false), [2, "2 of 42 servers"]);
    assertEquals(await filter("in the configuration", false), [1, "1 of 42 servers"]);
    assertEquals(await filter("", true), [1, "1 of 42 servers"]);
    assertEquals(await filter("nothing of this", false), [0, "0 of 42 servers"]);
    assert(await browser.value<boolean>('document.getElementById("filter").checkVisibility()'));
    assertEquals(await filter("", false), [42, "42 servers"]);
    assert(await browser.value<boolean>("document.documentElement.scrollWidth <= innerWidth"));
  },
);

for (const workers of [1, 2]) {
  peerTest(
    "chromium",
    `The page shows a draining generation beside the serving one (${workers})`,
    async () => {
      const { promise: ended, resolve: end } = Promise.withResolvers<void>();
      await using app = ScriptedUpstream.start(async (peer) => {
        await peer.readHead();
        await ended;
        await peer.send(response("late"));
      });
      const { proxy, url } = await start(app, "OFF", `num-threads: ${workers}`);
      await using _ = proxy;
      await using browser = await Browser.open();
      await browser.logIn("anybody", "secret");
      await browser.show(url, { width: 360, height: 800, scheme: "light", isMobile: true });
      await browser.waitFor("document.body.dataset.looks >= 1");
      // Disposed first: after a failure the proxy and its server must not wait for each other.
      using _answer = { [Symbol.dispose]: end };
      const late = proxy.get("/");
      await proxy.child.waitUntil("the request", () => app.heads.length > 0 ? true : null);
      proxy.child.kill("SIGHUP");
      const states = 'document.querySelector("#generations tbody").innerText';
      await browser.waitFor(`/^1[^]*ending[^]*1\\s*2[^]*serving/.test(${states})`);
      end();
      assertEquals(parts(await late).body, "late");
      await browser.waitFor(`/^2[^]*serving/.test(${states})`);
    },
  );
}

peerTest("chromium", "The page reports when the proxy is gone", async () => {
  await using app = ScriptedUpstream.start(always(response("a")));
  const { proxy, url } = await start(app, "OFF", "num-threads: 2");
  await using browser = await Browser.open();
  await browser.logIn("anybody", "secret");
  await browser.show(url, { width: 800, height: 600, scheme: "light" });
  await browser.waitFor("document.body.dataset.looks >= 1");
  assertMatch(await browser.value("document.getElementById('about').textContent"), /, 2 workers,/);
  await proxy[Symbol.asyncDispose]();
  await browser.waitFor("document.getElementById('note').className === 'bad'");
  assertMatch(await browser.value("document.getElementById('note').textContent"), /^no answer: /);
});

Deno.test("The page asks browsers for the token, and pages of other origins may not use it", async () => {
  await using app = ScriptedUpstream.start(always(response("a")));
  const { proxy, port } = await start(app, "ON");
  await using _ = proxy;
  const ask = async (fields: string, path = "/hayate/status.json") => {
    const request = `GET ${path} HTTP/1.1\r\nHost: h:1\r\n${fields}Connection: close\r\n\r\n`;
    return parts(await rawExchange(tcp(port), request, { idleMs: 2000 }));
  };
  const basic = (pair: string) => `Authorization: Basic ${btoa(pair)}\r\n`;
  const refused = await ask("");
  assertEquals(refused.status, 401);
  assertMatch(refused.head, /www-authenticate: Basic realm="hayate"/i);
  const rows: [string, number][] = [
    [basic("any:secret"), 200],
    [basic(":secret"), 200],
    [basic("any:wrong"), 401],
    ["Authorization: Basic !\r\n", 401],
    ["Authorization: Bearer secret\r\n", 200],
    [`${basic("any:secret")}Origin: http://h:1\r\n`, 200],
    [`${basic("any:secret")}Origin: http://evil.test\r\n`, 403],
    [`${basic("any:secret")}Origin: null\r\n`, 403],
  ];
  for (const [fields, status] of rows) assertEquals((await ask(fields)).status, status, fields);
  const { body } = await ask(basic("any:secret"));
  assertEquals(Object.keys(JSON.parse(body)).slice(0, 4), [
    "version",
    "pid",
    "generation",
    "workers",
  ]);
});
