/** `mod/acme` against a real ACME server, with a state folder and a responder of the test. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fillGaps } from "../../mod/acme/certificates.ts";
import { makeAccountKey } from "../../mod/acme/client/jws.ts";
import { acmeDefaults } from "../../mod/acme/core/settings.ts";
import { StateFolder } from "../../mod/acme/store/state_folder.ts";
import { Pebble, pebblePrograms } from "../support/pebble.ts";
import { peerTest } from "../support/peers.ts";
import { freePort, tempFolder } from "../support/ports.ts";
import { Fixture, Responder, settingsOf } from "./acme_fixture.ts";

peerTest(pebblePrograms, "orders every name, and again when its time comes", async () => {
  await using temp = await tempFolder();
  const folder = new StateFolder(temp.path);
  folder.prepare();
  await using responder = new Responder(folder.path);
  await using pebble = await Pebble.start({ httpPort: responder.port, nonceReject: 50 });
  const settings = settingsOf(pebble);
  const names = ["a.example", "b.example"];
  const filled = await fillGaps(folder, { settings, names, challenges: [] }, Date.now());
  assertEquals(filled, names);
  using fixture = new Fixture(folder, settings, names);
  const first = await fixture.issued("a.example");
  await fixture.issued("b.example");
  assertStringIncludes(first.issuer, "Pebble");
  fixture.shiftMs = first.notAfterMs - Date.now() - 86_400_000;
  fixture.certificates.update({ settings, names: ["a.example"], challenges: ["http-01"] });
  const { serial } = await fixture.until(() => {
    const facts = folder.readCertificate("a.example");
    return facts?.serial.toHex() !== first.serial.toHex() && facts;
  });
  assert(serial.length > 0);
  assertEquals([...Deno.readDirSync(`${temp.path}/challenges`)], []);
});

peerTest(pebblePrograms, "a failed validation is logged with its reason and waits", async () => {
  await using temp = await tempFolder();
  const folder = new StateFolder(temp.path);
  folder.prepare();
  await using pebble = await Pebble.start();
  using fixture = new Fixture(folder, settingsOf(pebble));
  const line = await fixture.until(() => fixture.lines[0]);
  assertStringIncludes(line, "a.example: http-01 failed: connection: ");
  assertStringIncludes(line, "next attempt in 60 s");
  const { failures, lastError } = folder.readName("a.example", pebble.directory);
  assertEquals(failures, 1);
  assertStringIncludes(lastError, "http-01 failed");
});

peerTest(pebblePrograms, "binds the account to one of the CA", async () => {
  await using temp = await tempFolder();
  const folder = new StateFolder(temp.path);
  folder.prepare();
  await using responder = new Responder(folder.path);
  const key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
  await using pebble = await Pebble.start({
    httpPort: responder.port,
    externalAccounts: { "kid-1": key },
  });
  const settings = settingsOf(pebble, { eab: { kid: "kid-1", key }, email: "a@mail.example" });
  using fixture = new Fixture(folder, settings);
  await fixture.issued();
});

peerTest(pebblePrograms, "an unknown profile is named with those that are offered", async () => {
  await using temp = await tempFolder();
  const folder = new StateFolder(temp.path);
  folder.prepare();
  await using pebble = await Pebble.start();
  using fixture = new Fixture(folder, settingsOf(pebble, { profile: "none-such" }));
  const line = await fixture.until(() => fixture.lines[0]);
  assertStringIncludes(line, "profile none-such is unknown to the server; it offers ");
});

peerTest(pebblePrograms, "an account that the server has lost is made again", async () => {
  await using temp = await tempFolder();
  const folder = new StateFolder(temp.path);
  folder.prepare();
  await using responder = new Responder(folder.path);
  await using pebble = await Pebble.start({ httpPort: responder.port });
  const { jwk } = await makeAccountKey();
  const url = pebble.directory.replace("/dir", "/my-account/lost");
  await folder.writeAccount({ directory: pebble.directory, jwk, url });
  using fixture = new Fixture(folder, settingsOf(pebble));
  await fixture.until(() => fixture.lines[0]);
  fixture.shiftMs = 120_000;
  fixture.certificates.update({
    settings: settingsOf(pebble),
    names: ["a.example"],
    challenges: ["http-01"],
  });
  await fixture.issued();
});

Deno.test("a ca-file that cannot be read is named, and nothing is locked", async () => {
  await using temp = await tempFolder();
  const folder = new StateFolder(temp.path);
  folder.prepare();
  using fixture = new Fixture(folder, { ...acmeDefaults, caFile: "/nonexistent.pem" });
  assertStringIncludes(await fixture.until(() => fixture.lines[0]), "ca-file /nonexistent.pem: ");
  assertEquals([...Deno.readDirSync(temp.path)].some(({ name }) => name === "lock"), false);
});

Deno.test("a server that is down is one line, and the next attempt waits", async () => {
  await using temp = await tempFolder();
  const folder = new StateFolder(temp.path);
  folder.prepare();
  const directory = `http://127.0.0.1:${freePort()}/dir`;
  using fixture = new Fixture(folder, { ...acmeDefaults, directory });
  const line = await fixture.until(() => fixture.lines[0]);
  assertStringIncludes(line, "refused");
  assertEquals(folder.readName("a.example", directory).failures, 1);
});

Deno.test("Retry-After of a rate limit is kept, also by the next process", async () => {
  await using temp = await tempFolder();
  const folder = new StateFolder(temp.path);
  folder.prepare();
  let requests = 0;
  const problem = { type: "urn:ietf:params:acme:error:rateLimited", detail: "too many" };
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    requests++;
    return Response.json(problem, { status: 429, headers: { "Retry-After": "7200" } });
  });
  const directory = `http://127.0.0.1:${server.addr.port}/dir`;
  const settings = { ...acmeDefaults, directory };
  {
    using fixture = new Fixture(folder, settings);
    const line = await fixture.until(() => fixture.lines[0]);
    assertStringIncludes(line, "rateLimited: too many");
    assertStringIncludes(line, "next attempt in 7200 s");
  }
  using again = new Fixture(folder, settings);
  await new Promise((resolve) => setTimeout(resolve, 600));
  assertEquals(again.lines, []);
  assertEquals(requests, 1);
});
