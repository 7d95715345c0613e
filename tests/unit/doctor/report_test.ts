import { assert, assertEquals } from "@std/assert";
import { judgedModes } from "../../../mod/doctor/finding.ts";
import { judge } from "../../../mod/doctor/judge.ts";
import { renderJson, renderText } from "../../../mod/doctor/report.ts";
import { goodHost, goodOpenssl } from "./good_host.ts";

const facts = { ...goodHost, somaxconn: 128, tcpTwReuse: 2 };
const findings = judge(facts, judgedModes);

Deno.test("renderText() gives each mode OK, WARN or FAIL, then the commands", () => {
  const lines = renderText(facts, findings, judgedModes).split("\n");
  assertEquals(lines.slice(0, 9), [
    "This host: 4 CPUs, 7.5 GiB of memory, 1048576 open files",
    "  TLS        OpenSSL 3.5.4, supported until 2030-04-08",
    "             has TLS 1.3, X25519MLKEM768, ChaCha20-Poly1305, OCSP stapling,",
    "             session tickets, p256 keys, p384 keys, rsa2048 keys",
    "  load       WARN  tcp-tw-reuse",
    "  serve      FAIL  somaxconn",
    "  supervise  FAIL  somaxconn",
    "  proxy      FAIL  somaxconn",
    "",
  ]);
  const good = renderText(goodHost, [], ["load"]).split("\n");
  assertEquals(good[4], "  load       OK");
  const openssl = {
    ...{ ...goodOpenssl, version: "3.0.19", supportEnd: "2026-09-07", isSupported: false },
    ...{ hasHybridGroup: false, hasChacha20: false },
  };
  assertEquals(renderText({ ...goodHost, openssl }, [], ["load"]).split("\n").slice(1, 5), [
    "  TLS        OpenSSL 3.0.19, out of support since 2026-09-07",
    "             has TLS 1.3, OCSP stapling, session tickets, p256 keys, p384 keys,",
    "             rsa2048 keys",
    "             lacks X25519MLKEM768, ChaCha20-Poly1305",
  ]);
  assertEquals(
    renderText({ ...goodHost, openssl: null }, [], ["load"]).split("\n")[1],
    "  TLS        no OpenSSL 3",
  );
  assert(lines.includes("FAIL  somaxconn (serve, supervise, proxy)"));
  assert(lines.includes("      $ sysctl -w net.core.somaxconn=16384"));
  assert(lines.includes("WARN  tcp-tw-reuse (load, proxy)"));
  assert(lines.includes("      net.core.somaxconn is 128"));
  assertEquals(lines.filter((line) => line.length > 80), []);
});

Deno.test("renderText() says what ssl-offload would find", () => {
  const lineOf = (kernelTls: typeof goodHost.kernelTls) =>
    renderText({ ...goodHost, kernelTls }, [], ["load"]).split("\n").find((line) =>
      line.includes("kTLS")
    );
  assertEquals(
    [
      lineOf({ isOffered: true, changesKeys: true }),
      lineOf({ isOffered: true, changesKeys: false }),
      lineOf({ isOffered: false, changesKeys: true }),
      lineOf(null),
    ],
    [
      "  kTLS       offered by the kernel, which can change keys",
      "  kTLS       offered by the kernel, which cannot change keys (Linux 6.14 can)",
      "  kTLS       not offered by the kernel (modprobe tls, if it has the module)",
      undefined,
    ],
  );
});

Deno.test("renderJson() holds facts and findings; ok means no failure", () => {
  const document = JSON.parse(renderJson(facts, findings));
  assertEquals([document.schema, document.ok], ["hayate-doctor/2", false]);
  assertEquals(document.facts.somaxconn, 128);
  assertEquals(document.findings.map((each: { name: string }) => each.name), [
    "somaxconn",
    "tcp-tw-reuse",
  ]);
  assertEquals(JSON.parse(renderJson(facts, findings.slice(1))).ok, true);
});

Deno.test("renderText() prints advice that is not a command without a prompt", () => {
  const host = { ...goodHost, cpus: { online: 1, allowed: 1, quota: null, throttledPeriods: 0 } };
  const lines = renderText(host, judge(host, ["load"]), ["load"]).split("\n");
  assert(lines.includes("      # run load on another machine"));
});
