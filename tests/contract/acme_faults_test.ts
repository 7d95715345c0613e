/** `mod/acme` against what a real ACME server may do and pebble does not: a front does it. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fillGaps } from "../../mod/acme/certificates.ts";
import { acmeDefaults } from "../../mod/acme/core/settings.ts";
import { makeKey } from "../../mod/acme/der/key.ts";
import { fromPem, toPem } from "../../mod/acme/der/pem.ts";
import { certificatePath, StateFolder } from "../../mod/acme/store/state_folder.ts";
import { AcmeFront, type AcmeKind, problem, withMembers } from "../support/acme_front.ts";
import { Pebble, pebblePrograms } from "../support/pebble.ts";
import { peerTest } from "../support/peers.ts";
import { tempFolder } from "../support/ports.ts";
import { Fixture, Responder, settingsOf, Trial } from "./acme_fixture.ts";

peerTest(pebblePrograms, "a refused nonce is replaced by the one that came with it", async () => {
  let refusals = 3;
  await using trial = await Trial.start({
    change: ({ kind }, response) =>
      kind === "new order" && refusals-- > 0
        ? problem(400, "badNonce", "stale", {
          "Replay-Nonce": response.headers.get("replay-nonce")!,
        })
        : null,
  });
  await trial.fixture.issued();
  assertEquals(trial.front.calls.filter(({ kind }) => kind === "nonce").length, 1);
  assertEquals(trial.fixture.lines, []);
});

peerTest(pebblePrograms, "a server that refuses every nonce is asked eight times", async () => {
  await using trial = await Trial.start({
    change: ({ kind }) => kind === "account" ? problem(400, "badNonce", "stale") : null,
  });
  const line = await trial.fixture.until(() => trial.fixture.lines[0]);
  assertStringIncludes(line, "badNonce: stale");
  assertEquals(trial.front.payloadsOf("account").length, 8);
});

peerTest(pebblePrograms, "a rate limit of orders waits as long as it asks", async () => {
  let isLimited = true;
  await using trial = await Trial.start({
    answer: ({ kind }) =>
      kind === "new order" && isLimited
        ? problem(429, "rateLimited", "too many certificates", { "Retry-After": "86400" })
        : null,
  });
  const { fixture, front } = trial;
  const line = await fixture.until(() => fixture.lines[0]);
  assertMatch(line, /rateLimited: too many certificates; .*next attempt in 86400 s/);
  isLimited = false;
  fixture.passTime(86_390_000);
  await new Promise((resolve) => setTimeout(resolve, 600));
  assertEquals(front.payloadsOf("new order").length, 1);
  fixture.passTime(20_000);
  await fixture.issued();
  assertEquals(front.payloadsOf("new order").length, 2);
});

peerTest(pebblePrograms, "a server that is down for the first minute is asked again", async () => {
  await using temp = await tempFolder();
  const folder = new StateFolder(temp.path);
  folder.prepare();
  await using responder = new Responder(folder.path);
  await using pebble = await Pebble.start({ httpPort: responder.port });
  let port: number;
  {
    await using gone = await AcmeFront.start(pebble, {});
    port = Number(new URL(gone.url).port);
  }
  const settings = settingsOf(pebble, { directory: `https://127.0.0.1:${port}/dir` });
  using fixture = new Fixture(folder, settings);
  assertMatch(await fixture.until(() => fixture.lines[0]), /refused.*next attempt in 60 s/);
  await using front = await AcmeFront.start(pebble, {}, port);
  await new Promise((resolve) => setTimeout(resolve, 600));
  assertEquals(front.calls, []);
  fixture.passTime(61_000);
  await fixture.issued();
  assertEquals(fixture.lines.length, 1);
  assertEquals(folder.readName("a.example", settings.directory).failures, 0);
});

/** Kinds of resources that never come to an end, and what is logged then. */
const endless: readonly (readonly [AcmeKind, status: string])[] = [
  ["authorization", "pending"],
  ["order", "pending"],
  ["order", "processing"],
];

for (const [kind, status] of endless) {
  peerTest(pebblePrograms, `an ${kind} that stays ${status} is given up`, async () => {
    let polls = 0;
    await using trial = await Trial.start({
      change: (call, response, text) => {
        if (call.kind !== kind) return null;
        // An order is processed after it was ready.
        if (status === "processing" && JSON.parse(text).status === "ready") return null;
        polls++;
        return withMembers(response, text, { status });
      },
    });
    const { fixture } = trial;
    await fixture.until(() => polls > 1);
    fixture.shiftMs += 121_000;
    const line = await fixture.until(() => fixture.lines[0]);
    assertMatch(line, new RegExp(`still ${status} after 120 s; .*next attempt in 60 s`));
    assertEquals([...Deno.readDirSync(`${fixture.folder.path}/challenges`)], []);
  });
}

/** What is done to the answer with the certificate, and what is logged. */
const broken: readonly (readonly [what: string, (pem: string) => string, RegExp])[] = [
  ["empty", () => "", /the certificate cannot be read/],
  ["a page of HTML", () => "<html>busy</html>", /the certificate cannot be read/],
  ["cut off", (pem) => pem.slice(0, 300), /the certificate cannot be read/],
  ["damaged", (pem) => pem.replace(/^M/m, "A"), /the certificate cannot be read/],
  [
    "without a readable issuer",
    (pem) => `${pem}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    /the certificate cannot be read/,
  ],
  ["the chain alone", (pem) => pem.slice(pem.indexOf("-----BEGIN", 10)), /is for another key/],
  ["longer than any chain", (pem) => pem + " ".repeat(300_000), /the response is too long/],
];

for (const [what, change, fault] of broken) {
  peerTest(pebblePrograms, `a certificate that is ${what} is not used`, async () => {
    await using trial = await Trial.start({
      change: ({ kind }, { headers }, text) =>
        kind === "certificate" ? new Response(change(text), { headers }) : null,
    });
    const { fixture } = trial;
    assertMatch(await fixture.until(() => fixture.lines[0]), fault);
    assertEquals(fixture.folder.readCertificate("a.example"), null);
    assertEquals(fixture.folder.readName("a.example", trial.front.directory).failures, 1);
  });
}

peerTest(pebblePrograms, "only certificates of the answer get into the file", async () => {
  const key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
  await using trial = await Trial.start({
    change: ({ kind }, { headers }, text) =>
      kind === "certificate" ? new Response(`subject=x\n${key}${text}`, { headers }) : null,
  });
  await trial.fixture.issued();
  const path = `${trial.fixture.folder.path}/certificates/a.example.pem`;
  const labels = (await Deno.readTextFile(path)).match(/BEGIN [A-Z ]+/g);
  assertEquals(labels, ["BEGIN CERTIFICATE", "BEGIN CERTIFICATE", "BEGIN PRIVATE KEY"]);
});

peerTest(pebblePrograms, "a certificate that OpenSSL refuses does not replace one", async () => {
  // Its structure is right: only the version of the issuer's signature is not.
  const md5 = "2a864886f70d010104";
  const damaged = (pem: string) => {
    const [leaf, ...chain] = fromPem("CERTIFICATE", pem)!;
    const hex = leaf.toHex().replaceAll("2a864886f70d01010b", md5);
    const blocks = [Uint8Array.fromHex(hex), ...chain];
    return blocks.map((block) => toPem("CERTIFICATE", block)).join("");
  };
  let isDamaged = false;
  await using trial = await Trial.start({
    change: ({ kind }, { headers }, text) =>
      kind === "certificate" && isDamaged ? new Response(damaged(text), { headers }) : null,
  });
  const { fixture } = trial;
  const first = await fixture.issued();
  isDamaged = true;
  fixture.passTime(first.notAfterMs - Date.now() - 86_400_000);
  assertMatch(
    await fixture.until(() => fixture.lines[0]),
    /OpenSSL refuses the certificate; serving the old certificate/,
  );
  const { serial } = fixture.folder.readCertificate("a.example")!;
  assertEquals(serial.toHex(), first.serial.toHex());
  const files = [...Deno.readDirSync(`${fixture.folder.path}/certificates`)];
  assertEquals(files.map(({ name }) => name), ["a.example.pem"]);
});

Deno.test("a stored certificate with another key is replaced at the start", async () => {
  await using temp = await tempFolder();
  const folder = new StateFolder(temp.path);
  folder.prepare();
  const needs = { settings: acmeDefaults, names: ["a.example"], challenges: [] };
  const fill = () => fillGaps(folder, needs, Date.now());
  assertEquals(await fill(), ["a.example"]);
  assertEquals(await fill(), []);
  const path = certificatePath(temp.path, "a.example");
  const [certificate] = fromPem("CERTIFICATE", await Deno.readTextFile(path))!;
  const { pkcs8 } = await makeKey("p256");
  const pem = toPem("CERTIFICATE", certificate) + toPem("PRIVATE KEY", pkcs8);
  assertEquals(
    folder.writeCertificate("a.example", pem),
    "the key does not belong to the certificate",
  );
  assertEquals(await fill(), []);
  await Deno.writeTextFile(path, pem);
  assertEquals(await fill(), ["a.example"]);
});

/** Answers to a new order that are no order, and the one line that is logged. */
const odd: readonly (readonly [what: string, () => Response, RegExp])[] = [
  ["no JSON", () => new Response("\xff\u0000{", { status: 500 }), /: status 500;/],
  ["a list", () => Response.json([1, null], { status: 403 }), /: status 403;/],
  ["null", () => Response.json(null, { status: 400 }), /: status 400;/],
  [
    "with a detail that is no text",
    () => Response.json({ type: 7, detail: { a: 1 } }, { status: 400 }),
    /: status 400;/,
  ],
  [
    "with line breaks and terminal codes",
    () => problem(403, "unauthorized", "a\r\nb\u001b[31m\u009b\u2028\u202ec\u0000"),
    /unauthorized: a b \[31m c ; serving/,
  ],
  [
    "in bytes that are no UTF-8",
    () => new Response(new Uint8Array([0x7b, 0xff, 0xfe]), { status: 400 }),
    /: status 400;/,
  ],
  ["very long", () => problem(400, "malformed", "x".repeat(100_000)), /x{300,400}; serving/],
  ["a redirect", () => Response.redirect("https://127.0.0.1:1/", 302), /: status 302;/],
  [
    "an order without its parts",
    () => Response.json({}, { status: 201, headers: { Location: "https://127.0.0.1:1/o" } }),
    /127\.0\.0\.1:1\/o: .*refused/,
  ],
  ["an order without a URL", () => Response.json({}, { status: 201 }), /the order has no URL/],
];

for (const [what, make, fault] of odd) {
  peerTest(pebblePrograms, `an answer that is ${what} is one line`, async () => {
    await using trial = await Trial.start({
      change: ({ kind }, { headers }) => {
        if (kind !== "new order") return null;
        const response = make();
        const nonce = { "Replay-Nonce": headers.get("replay-nonce")! };
        const own = [...response.headers];
        return new Response(response.body, {
          status: response.status,
          headers: { ...Object.fromEntries(own), ...nonce },
        });
      },
    });
    const { fixture } = trial;
    const line = await fixture.until(() => fixture.lines[0]);
    assertMatch(line, fault);
    assertMatch(line, /^acme: a\.example: [\x20-\x7e]*$/);
    const { lastError } = fixture.folder.readName("a.example", trial.front.directory);
    assertStringIncludes(line, lastError);
  });
}

/** Challenges of an authorization that cannot be answered. */
const challenges: readonly (readonly [what: string, unknown, RegExp])[] = [
  ["missing", undefined, /the server offers only no challenge/],
  ["null", [null, 7, "x"], /the server offers only no challenge/],
  ["unknown", [{ type: "x-01", url: "/u", token: "t" }], /the server offers only x-01/],
  ["without a token", [{ type: "http-01", url: "/u" }], /the server offers only no challenge/],
  [
    "with a path for a token",
    [{ type: "http-01", url: "/u", token: "../../x" }],
    /the token is malformed/,
  ],
];

for (const [what, value, fault] of challenges) {
  peerTest(pebblePrograms, `challenges that are ${what} are one line`, async () => {
    await using trial = await Trial.start({
      change: ({ kind }, response, text) =>
        kind === "authorization" ? withMembers(response, text, { challenges: value }) : null,
    });
    const { fixture } = trial;
    assertMatch(await fixture.until(() => fixture.lines[0]), fault);
    assertEquals([...Deno.readDirSync(`${fixture.folder.path}/challenges`)], []);
  });
}

peerTest(pebblePrograms, "an order with a slow server ends before its lock does", async () => {
  let fixture: Fixture | null = null;
  await using trial = await Trial.start({
    change: ({ kind }) => {
      if (kind === "new order") fixture!.shiftMs += 9 * 60_000;
      return null;
    },
  });
  fixture = trial.fixture;
  const line = await fixture.until(() => fixture!.lines[0]);
  assertStringIncludes(line, "the server was too slow for one order");
});

peerTest(
  pebblePrograms,
  "an order that a stop ends is no failure, and leaves nothing",
  async () => {
    let isHeld = true;
    await using trial = await Trial.start({
      // The validation never ends, so that the stop comes before its end.
      change: ({ kind }, response, text) =>
        kind === "authorization" && isHeld
          ? withMembers(response, text, { status: "pending" })
          : null,
    });
    const { fixture, front } = trial;
    const { folder } = fixture;
    const pending = () => [...Deno.readDirSync(`${folder.path}/challenges`)];
    const failures = () => folder.readName("a.example", front.directory).failures;
    await fixture.until(() => pending().length > 0);
    assertEquals(failures(), 1);
    fixture.certificates.stop();
    assertEquals([failures(), pending()], [0, []]);
    assertEquals([...Deno.readDirSync(folder.path)].some(({ name }) => name === "lock"), false);
    // What is under way ends without another word.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    assertEquals(fixture.lines, []);
    assertEquals([failures(), pending()], [0, []]);
    isHeld = false;
    using again = new Fixture(folder, fixture.needs.settings);
    again.shiftMs = 10_000;
    await again.issued();
  },
);
