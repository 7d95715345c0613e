/** When certificates are renewed (RFC 9773), and profiles: pebble's own, and a front for the rest. */
import { assert, assertEquals } from "@std/assert";
import { type CertificateFacts, renewalId } from "../../mod/acme/der/certificate.ts";
import { certificatePath } from "../../mod/acme/store/state_folder.ts";
import { type AcmeFrontRules, problem, withMembers } from "../support/acme_front.ts";
import { newerPebblePrograms, pebblePrograms } from "../support/pebble.ts";
import { peerTest } from "../support/peers.ts";
import { type Fixture, Trial } from "./acme_fixture.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;

function agendaOf({ folder, needs }: Fixture) {
  return folder.readName("a.example", needs.settings.directory);
}

/** The agenda after the server was asked for the window. */
function polled(fixture: Fixture) {
  return fixture.until(() => {
    const agenda = agendaOf(fixture);
    return agenda.pollAtMs > Date.now() + fixture.shiftMs && agenda;
  });
}

function renewed(fixture: Fixture, first: CertificateFacts) {
  return fixture.until(() => {
    const facts = fixture.folder.readCertificate("a.example");
    return facts !== null && facts.serial.toHex() !== first.serial.toHex() && facts;
  });
}

peerTest(newerPebblePrograms, "pebble's window decides, and the order replaces", async () => {
  await using trial = await Trial.start({}, {}, { isNewer: true });
  const { fixture, front, pebble } = trial;
  const first = await fixture.issued();
  const agenda = await polled(fixture);
  // Pebble's window lies around two thirds of the life, its Retry-After is six hours.
  const [startMs, endMs] = agenda.window!;
  assert(first.notBeforeMs < startMs && startMs < endMs && endMs < first.notAfterMs);
  assertEquals(agenda.renewAtMs, startMs);
  assert(Math.abs(agenda.pollAtMs - Date.now() - dayMs / 4) < 30_000);
  const pem = await Deno.readTextFile(certificatePath(fixture.folder.path, "a.example"));
  const leaf = pem.slice(0, pem.indexOf("-----END") + "-----END CERTIFICATE-----\n".length);
  await pebble.setRenewalInfo(leaf, [new Date(Date.now() - dayMs), new Date()]);
  fixture.passTime(dayMs / 4 + minuteMs);
  await renewed(fixture, first);
  const replaces = front.payloadsOf("new order").map((payload) => payload?.replaces);
  assertEquals(replaces, [undefined, renewalId(first)!]);
  assertEquals(fixture.lines, []);
});

peerTest(newerPebblePrograms, "a certificate of pebble's profile", async () => {
  await using trial = await Trial.start({}, { profile: "short" }, { isNewer: true });
  const { notBeforeMs, notAfterMs } = await trial.fixture.issued();
  const days = (notAfterMs - notBeforeMs) / dayMs;
  assert(5.9 < days && days < 6.1, `${days} days`);
  assertEquals(trial.front.payloadsOf("new order")[0]?.profile, "short");
});

/** A front that adds what older versions of pebble lack; `renewal` answers about the window. */
function withRenewals(
  renewal: () => Response,
  change: NonNullable<AcmeFrontRules["change"]> = () => null,
): AcmeFrontRules {
  return {
    answer: (call) => call.kind === "renewal" ? renewal() : null,
    change: (call, response, text) => {
      if (call.kind !== "directory") return change(call, response, text);
      const { newNonce, meta } = JSON.parse(text);
      const renewalInfo = `${new URL(newNonce).origin}/renewalInfo`;
      const profiles = { usual: "", tiny: "" };
      return withMembers(response, text, { renewalInfo, meta: { ...meta, profiles } });
    },
  };
}

function windowAt(startMs: number, endMs: number, headers: Record<string, string> = {}): Response {
  const [start, end] = [startMs, endMs].map((ms) => new Date(ms).toISOString());
  return Response.json({ suggestedWindow: { start, end } }, { headers });
}

peerTest(pebblePrograms, "a profile that the server offers is asked for", async () => {
  const rules = withRenewals(() => new Response(null, { status: 404 }));
  await using trial = await Trial.start(rules, { profile: "tiny" });
  await trial.fixture.issued();
  assertEquals(trial.front.payloadsOf("new order")[0]?.profile, "tiny");
});

peerTest(pebblePrograms, "the window is asked for again between a minute and a day", async () => {
  const rows = [["0", minuteMs], ["7200", 120 * minuteMs], ["9000000", dayMs]] as const;
  let retryAfter = "";
  const nowMs = Date.now();
  await using trial = await Trial.start(
    withRenewals(() =>
      windowAt(nowMs + 30 * dayMs, nowMs + 40 * dayMs, { "Retry-After": retryAfter })
    ),
  );
  const { fixture } = trial;
  retryAfter = rows[0][0];
  await fixture.issued();
  for (const [index, [, pauseMs]] of rows.entries()) {
    const { pollAtMs, renewAtMs } = await polled(fixture);
    const foundMs = pollAtMs - Date.now() - fixture.shiftMs;
    assert(Math.abs(foundMs - pauseMs) < 30_000, `${foundMs} instead of ${pauseMs}`);
    assertEquals(renewAtMs, nowMs + 30 * dayMs);
    retryAfter = rows[index + 1]?.[0] ?? "";
    fixture.passTime(pauseMs + 1000);
  }
});

peerTest(pebblePrograms, "a window that moves to now renews now", async () => {
  const nowMs = Date.now();
  let window: [number, number] = [nowMs + 30 * dayMs, nowMs + 40 * dayMs];
  await using trial = await Trial.start(
    withRenewals(() => windowAt(...window, { "Retry-After": "60" })),
  );
  const { fixture, front } = trial;
  const first = await fixture.issued();
  await polled(fixture);
  window = [nowMs - dayMs, nowMs - minuteMs];
  fixture.passTime(61_000);
  await renewed(fixture, first);
  assertEquals(front.payloadsOf("new order").at(-1)?.replaces, renewalId(first)!);
});

for (const type of ["alreadyReplaced", "malformed"]) {
  peerTest(pebblePrograms, `an order that is refused as ${type} is repeated without`, async () => {
    await using trial = await Trial.start(withRenewals(
      () => windowAt(Date.now() - dayMs, Date.now() - 1000, { "Retry-After": "86400" }),
      ({ kind, payload }, { headers }) =>
        kind === "new order" && payload?.replaces !== undefined
          ? problem(409, type, "no", { "Replay-Nonce": headers.get("replay-nonce")! })
          : null,
    ));
    const { fixture, front } = trial;
    const first = await fixture.issued();
    await renewed(fixture, first);
    const replaces = front.payloadsOf("new order").map((payload) => payload?.replaces);
    assertEquals(replaces.slice(0, 3), [undefined, renewalId(first)!, undefined]);
    assertEquals(fixture.lines, []);
  });
}

/** Answers about the window that say nothing: renewal stays at two thirds of the life. */
const useless: readonly (readonly [what: string, () => Response])[] = [
  ["missing", () => new Response("no", { status: 404 })],
  ["a page of HTML", () => new Response("<html>")],
  ["an empty object", () => Response.json({})],
  ["a window without times", () => Response.json({ suggestedWindow: { start: 1, end: null } })],
  ["a number", () => Response.json({ suggestedWindow: 7 })],
  ["reversed", () => windowAt(Date.now() + 2 * dayMs, Date.now() + dayMs)],
  ["after the end", () => windowAt(Date.now() + 400 * dayMs, Date.now() + 401 * dayMs)],
  ["too long", () => new Response("{".repeat(300_000))],
];

for (const [what, answer] of useless) {
  peerTest(pebblePrograms, `a window that is ${what} changes nothing`, async () => {
    await using trial = await Trial.start(withRenewals(answer));
    const { fixture } = trial;
    const { notBeforeMs, notAfterMs } = await fixture.issued();
    const { renewAtMs, window, pollAtMs } = await polled(fixture);
    assertEquals(window, null);
    assertEquals(renewAtMs, Math.round(notBeforeMs + (notAfterMs - notBeforeMs) * 2 / 3));
    assert(pollAtMs > Date.now() + 5 * 3_600_000);
    assertEquals(fixture.lines, []);
  });
}

peerTest(pebblePrograms, "a window that ends after the certificate is cut off", async () => {
  await using trial = await Trial.start(
    withRenewals(() => windowAt(Date.now() + dayMs, Date.now() + 400 * dayMs)),
  );
  const { notAfterMs } = await trial.fixture.issued();
  const { window } = await polled(trial.fixture);
  assertEquals(window?.[1], notAfterMs);
});
