import { assertEquals } from "@std/assert";
import { readPorts, readPortSpec } from "../../../mod/config/listen_spec.ts";

Deno.test("readPortSpec() reads every form of Server::Starter", () => {
  const rows: readonly [text: string, name: string, host: string, port: number, rest?: string][] = [
    ["8080", "8080", "0.0.0.0", 8080],
    [" 8080 ", "8080", "0.0.0.0", 8080],
    ["127.0.0.1:80", "127.0.0.1:80", "127.0.0.1", 80],
    ["[127.0.0.1]:80", "127.0.0.1:80", "127.0.0.1", 80],
    ["[::1]:80", "[::1]:80", "::1", 80],
    ["::1:80", "[::1]:80", "::1", 80],
    ["localhost:80", "localhost:80", "localhost", 80],
    ["u53", "53", "0.0.0.0", 53, "udp"],
    ["127.0.0.1:u53", "127.0.0.1:53", "127.0.0.1", 53, "udp"],
    ["8080=7", "8080", "0.0.0.0", 8080, "7"],
    ["[::1]:u53=8", "[::1]:53", "::1", 53, "udp8"],
    ["0=0", "0", "0.0.0.0", 0, "0"],
  ];
  for (const [text, name, host, port, rest = ""] of rows) {
    const spec = readPortSpec(text);
    if (typeof spec === "string") throw new Error(`${text}: ${spec}`);
    const { address, datagram, number } = spec;
    assertEquals(
      [spec.name, address, `${datagram ? "udp" : ""}${number ?? ""}`],
      [name, { kind: "tcp", host, port }, rest],
      text,
    );
  }
});

Deno.test("readPortSpec() says what is wrong, naming the text", () => {
  for (const text of ["", "abc", ":80", "*:80", "1.2.3.4", "80x", "65536", "[::zz]:80", "80=x"]) {
    const spec = readPortSpec(text);
    assertEquals(typeof spec === "string" && spec.includes(text), true, text);
  }
});

Deno.test("readPorts() splits at blanks and takes paths", () => {
  const names = readPorts(" 80\t443\n/run/a.sock ", false).map((spec) =>
    typeof spec === "string" ? spec : spec.name
  );
  assertEquals(names, ["80", "443", "/run/a.sock"]);
});

Deno.test("readPorts() takes /tls, and ports that end in 443, for TLS", () => {
  const entries = "80 443 127.0.0.1:8443 9000/tls /run/a.sock /run/b.sock/tls 4430";
  const tls = readPorts(entries, false).flatMap((spec) =>
    typeof spec !== "string" && spec.tls ? [spec.name] : []
  );
  assertEquals(tls, ["443", "127.0.0.1:8443", "9000", "/run/b.sock"]);
});

Deno.test("readPorts() adds the IPv6 half of a bare port, with the same TLS", () => {
  const specs = readPorts("80 8443 7/tls 127.0.0.1:81 [::]:80 /run/a.sock 9=5", true).map((spec) =>
    typeof spec === "string"
      ? spec
      : `${spec.name}${spec.tls ? " tls" : ""}${spec.isTwin ? " twin" : ""}`
  );
  assertEquals(specs, [
    "80",
    "8443 tls",
    "[::]:8443 tls twin",
    "7 tls",
    "[::]:7 tls twin",
    "127.0.0.1:81",
    "[::]:80",
    "/run/a.sock",
    "9",
  ]);
});
