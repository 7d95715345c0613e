import { assertEquals } from "@std/assert";
import { type ChallengeSocket, challengesOver } from "../../../mod/acme/challenge_ports.ts";

/** `80`, `443/tls`, `/run/a.sock`. */
function socketOf(text: string): ChallengeSocket {
  const bare = text.replace(/\/tls$/, "");
  const tls = bare !== text;
  return bare.startsWith("/")
    ? { address: { kind: "unix", path: bare }, tls }
    : { address: { kind: "tcp", host: "0.0.0.0", port: Number(bare) }, tls };
}

const rows: readonly (readonly [sockets: string, challenges: string])[] = [
  ["80 443/tls", "http-01 tls-alpn-01"],
  ["443/tls 80", "http-01 tls-alpn-01"],
  ["443/tls", "tls-alpn-01"],
  ["80", "http-01"],
  ["8080 443/tls", "tls-alpn-01 http-01"],
  ["80 8443/tls", "http-01 tls-alpn-01"],
  ["8080 8443/tls", "http-01 tls-alpn-01"],
  ["443 80/tls", "http-01 tls-alpn-01"],
  ["/run/a.sock 443/tls", "tls-alpn-01"],
  ["/run/a.sock /run/b.sock/tls", ""],
  ["", ""],
];

Deno.test("the port that the CA asks on comes first", () => {
  for (const [text, challenges] of rows) {
    const sockets = text.split(" ").filter((word) => word !== "").map(socketOf);
    assertEquals(challengesOver(sockets).join(" "), challenges, text);
  }
});
