import { assertEquals } from "@std/assert";
import { formatAddress } from "../../../../mod/base/address.ts";
import { acmeDefaults } from "../../../../mod/acme/core/settings.ts";
import { UsageError } from "../../../../mod/cli/mod.ts";
import { readServePlan } from "../../../../mod/serve/plan/options.ts";
import type { CertificatePlan } from "../../../../mod/serve/plan/plan.ts";

/** `FLAGS` or `VARIABLE=VALUE; ...: FLAGS`; blanks of a value are written `_`. */
function planOf(text: string) {
  const [flags, ...assignments] = text.split(": ").reverse();
  const variables = new Map(
    assignments.join("; ").split("; ").filter(Boolean).map((pair) => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at), pair.slice(at + 1).replaceAll("_", " ")];
    }),
  );
  const argv = ["--text", "x", ...flags.split(" ").filter((word) => word !== "")];
  const { listen } = readServePlan(argv, (name) => variables.get(name));
  // The IPv6 halves have a test of their own.
  return {
    ...listen,
    sockets: listen.sockets.filter(({ isTwin }) => !isTwin),
    all: listen.sockets,
  };
}

function certificateText(certificate: CertificatePlan | null): string {
  if (certificate === null) return "none";
  if (certificate.kind === "files") return `${certificate.certificateFile} ${certificate.keyFile}`;
  if (certificate.kind === "self-signed") return "self-signed";
  return `${certificate.by} ${certificate.names}`;
}

const bare = "0.0.0.0:";
const pair = "HAYATE_CERT=c; HAYATE_KEY=k";
const supervised = "SERVER_STARTER_PORT=443=4; HAYATE_TLS_SOCKETS=443";

/** What is bound, and whose certificate is shown. */
const rows: readonly (readonly [text: string, sockets: string, certificate: string])[] = [
  ["", `${bare}8080`, "none"],
  ["--tls", `${bare}8080/tls`, "self-signed"],
  ["--port 443", `${bare}443`, "none"],
  ["--port 443 --port 8080/tls", `${bare}443 ${bare}8080/tls`, "self-signed"],
  ["--port 127.0.0.1:1/tls --path /a.sock", "127.0.0.1:1/tls /a.sock", "self-signed"],
  ["--tls --path /a.sock", "/a.sock/tls", "self-signed"],
  ["--tls --cert c --key k", `${bare}8080/tls`, "c k"],
  [`${pair}: --tls`, `${bare}8080/tls`, "c k"],
  [`${pair}: --tls --cert a --key b`, `${bare}8080/tls`, "a b"],
  [`${pair}: `, `${bare}8080`, "none"],
  // The appliance's variable.
  ["PORTS=80_443: ", `${bare}80 ${bare}443/tls`, "self-signed"],
  ["H2O_PORT=80_443: ", `${bare}80 ${bare}443/tls`, "self-signed"],
  ["PORTS=80_443: --host ::1", "[::1]:80 [::1]:443/tls", "self-signed"],
  [
    "PORTS=127.0.0.1:80_localhost:1/tls_/a.sock: --host ::1",
    "127.0.0.1:80 127.0.0.1:1/tls /a.sock",
    "self-signed",
  ],
  [`PORTS=80_443; ${pair}: `, `${bare}80 ${bare}443/tls`, "c k"],
  ["PORTS=80_443: --cert a --key b", `${bare}80 ${bare}443/tls`, "a b"],
  ["PORTS=80_443: --tls", `${bare}80/tls ${bare}443/tls`, "self-signed"],
  ["PORTS=80: ", `${bare}80`, "none"],
  ["PORTS=80_443: --port 1", `${bare}1`, "none"],
  // A CA.
  ["--domain a.example", `${bare}80 ${bare}443/tls`, "--domain a.example"],
  [
    "--domain a.example,b.example --domain c.example",
    `${bare}80 ${bare}443/tls`,
    "--domain a.example,b.example,c.example",
  ],
  ["--domain a.example --port 80 --port 8443", `${bare}80 ${bare}8443/tls`, "--domain a.example"],
  ["--domain a.example --port 80/tls", `${bare}80/tls`, "--domain a.example"],
  ["--domain a.example --tls --port 80", `${bare}80/tls`, "--domain a.example"],
  ["PORTS=8080_8443: --domain a.example", `${bare}8080 ${bare}8443/tls`, "--domain a.example"],
  [`${pair}: --domain a.example`, `${bare}80 ${bare}443/tls`, "--domain a.example"],
  ["TLS_DOMAIN=b.example: --domain a.example", `${bare}80 ${bare}443/tls`, "--domain a.example"],
  [
    "TLS_DOMAIN=a.example_b.example: ",
    `${bare}80 ${bare}443/tls`,
    "TLS_DOMAIN a.example,b.example",
  ],
  ["TLS_DOMAIN=a.example: --tls --cert c --key k --port 1", `${bare}1/tls`, "c k"],
  // It may be meant for other programs: the start says that it is not used.
  ["TLS_DOMAIN=a.example: --port 8080", `${bare}8080`, "TLS_DOMAIN a.example"],
  // Under a supervisor.
  [`${supervised}; PORTS=u53_443=4: `, `${bare}8080`, "none"],
  [`${supervised}; HAYATE_CERT=c; HAYATE_KEY=k: `, `${bare}8080`, "none"],
  [`${supervised}: --tls`, `${bare}8080/tls`, "none"],
  [`${supervised}: --domain a.example`, `${bare}80 ${bare}443/tls`, "--domain a.example"],
  [`${supervised}: --cert a --key b`, `${bare}8080`, "a b"],
  [`${supervised}; HAYATE_TLS_CHALLENGES=/c; TLS_DOMAIN=a.example: `, `${bare}8080`, "none"],
  ["SERVER_STARTER_PORT=443=4: ", `${bare}8080`, "none"],
  ["LISTEN_FDS=1; LISTEN_PID=0; PORTS=80: ", `${bare}80`, "none"],
  [`LISTEN_FDS=1; LISTEN_PID=${Deno.pid}; PORTS=80: `, `${bare}8080`, "none"],
  ["SERVER_STARTER_PORT=443=4: --tls", `${bare}8080/tls`, "self-signed"],
  [
    "SERVER_STARTER_PORT=443=4; TLS_DOMAIN=a.example: ",
    `${bare}80 ${bare}443/tls`,
    "TLS_DOMAIN a.example",
  ],
];

Deno.test("flags and variables decide what is bound, and whose certificate is shown", () => {
  for (const [text, sockets, certificate] of rows) {
    const plan = planOf(text);
    const bound = plan.sockets.map(({ address, tls }) =>
      formatAddress(address) + (tls ? "/tls" : "")
    );
    assertEquals(
      [bound.join(" "), certificateText(plan.certificate)],
      [sockets, certificate],
      text,
    );
  }
});

const wrong: readonly (readonly [text: string, ...errors: string[]])[] = [
  ["--cert a", "--cert needs a port for TLS: --port PORT/tls, or --tls", "--cert needs --key FILE"],
  ["--tls --key a", "--key needs --cert FILE"],
  [
    "--port 1/tls --cert a --key b --domain a.example",
    "--domain and --cert: give only one of them",
  ],
  [
    "--domain a.example --port 80",
    "--domain needs a port for TLS: one that ends in 443, --port PORT/tls, or --tls",
  ],
  [
    "--domain ,",
    "--domain: names no domain",
    "--domain needs a port for TLS: one that ends in 443, --port PORT/tls, or --tls",
  ],
  [
    "--domain a --port 443/tls",
    "--domain: found `a`: it is no public name; allowed: host names such as www.example.com",
  ],
  [
    "TLS_DOMAIN=a: --port 443",
    "TLS_DOMAIN: found `a`: it is no public name; allowed: host names such as www.example.com",
  ],
  ["--domain a.example --acme-directory ca", "--acme-directory ca: not a URL"],
  ["HAYATE_CERT=c: --tls", "HAYATE_CERT and HAYATE_KEY: set both or neither"],
  [`TLS_DOMAIN=a.example; ${pair}: `, "TLS_DOMAIN and HAYATE_CERT: set only one of them"],
  [
    "--acme-email a --acme-state /s",
    "--acme-email needs --domain NAME",
    "--acme-state needs --domain NAME",
  ],
  [
    "PORTS=_: ",
    'PORTS is empty: set it to what to listen on, such as PORTS="80 443", or unset it for 8080',
  ],
  [
    "PORTS=u53_80=7: ",
    "PORTS: 53: UDP and descriptor numbers need hayate supervise",
    "PORTS: 80: UDP and descriptor numbers need hayate supervise",
  ],
  ["PORTS=a.example:80: ", "PORTS: a.example:80: not an IP address"],
];

Deno.test("what cannot be meant is said, each in one line", () => {
  for (const [text, ...errors] of wrong) {
    let found: readonly string[] = [];
    try {
      planOf(text);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      found = error.errors;
    }
    assertEquals(found, errors, text);
  }
});

Deno.test("variables are the defaults of the flags for the CA", () => {
  const variables = "ACME_EMAIL=a@a.example; ACME_DIRECTORY=https://ca.example/; ACME_CA_FILE=/ca";
  const settings = (text: string) => {
    const { certificate } = planOf(text);
    return certificate?.kind === "managed" ? certificate.settings : null;
  };
  assertEquals(settings("--domain a.example"), acmeDefaults);
  assertEquals(
    settings(`${variables}; ACME_STATE=memory: --domain a.example --acme-email b@b.example`),
    {
      ...acmeDefaults,
      email: "b@b.example",
      directory: "https://ca.example/",
      caFile: "/ca",
      state: "memory",
    },
  );
  // Set for another program, they are no mistake.
  assertEquals(settings(`${variables}: `), null);
});

Deno.test("a bare port of PORTS means IPv6, too, unless --host says where", () => {
  const twins = (text: string) =>
    planOf(text).all.map(({ address, tls, isTwin }) =>
      `${formatAddress(address)}${tls ? "/tls" : ""}${isTwin ? " twin" : ""}`
    );
  assertEquals(twins("PORTS=80_443: "), [
    "0.0.0.0:80",
    "[::]:80 twin",
    "0.0.0.0:443/tls",
    "[::]:443/tls twin",
  ]);
  assertEquals(twins("PORTS=80: --host 127.0.0.1"), ["127.0.0.1:80"]);
  assertEquals(twins("PORTS=127.0.0.1:80: "), ["127.0.0.1:80"]);
  assertEquals(twins("--port 80"), ["0.0.0.0:80"]);
});
