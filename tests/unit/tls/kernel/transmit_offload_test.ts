/**
 * What a kernel that encrypts is told, by what the client can read: OpenSSL on its side, and on ours
 * the kernel's encryption in JavaScript.
 */
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { libssl, textAt } from "../../../../mod/sys/libssl.ts";
import { SecretLog } from "../../../../mod/tls/kernel/secret_log.ts";
import { SealingKernel } from "../../../support/paper_kernel.ts";
import { Contexts, Pair, type Paper } from "../../../support/tls_pair.ts";

// Loaded here, so that libraries and callbacks that stay do not count as a leak of a single test.
libssl();
SecretLog.shared();

const calls = Deno.dlopen("libssl.so.3", {
  SSL_key_update: { parameters: ["pointer", "i32"], result: "i32" },
  SSL_CTX_set_tlsext_max_fragment_length: { parameters: ["pointer", "u8"], result: "i32" },
}).symbols;
const updateNotRequested = 0;
const updateRequested = 1;

interface Suite {
  readonly version: "TLSv1.2" | "TLSv1.3";
  readonly name: string;
}

const suites: readonly Suite[] = [
  { version: "TLSv1.3", name: "TLS_AES_128_GCM_SHA256" },
  { version: "TLSv1.3", name: "TLS_AES_256_GCM_SHA384" },
  { version: "TLSv1.3", name: "TLS_CHACHA20_POLY1305_SHA256" },
  { version: "TLSv1.2", name: "ECDHE-ECDSA-AES128-GCM-SHA256" },
  { version: "TLSv1.2", name: "ECDHE-ECDSA-AES256-GCM-SHA384" },
  { version: "TLSv1.2", name: "ECDHE-ECDSA-CHACHA20-POLY1305" },
];

function contextsFor({ version, name }: Suite): Contexts {
  return new Contexts(false, {
    mayOffload: true,
    minimumVersion: version,
    maximumVersion: version,
    ...(version === "TLSv1.3" ? { cipherSuiteTls13: name } : { cipherSuite: name }),
  });
}

/** A pair whose server has a kernel that encrypts. */
function pairOf(contexts: Contexts, changesKeys = true): { pair: Pair; kernel: SealingKernel } {
  const pair = new Pair(
    contexts,
    Infinity,
    "kernel",
    (paper: Paper) => new SealingKernel(paper, changesKeys),
  );
  pair.client.feed(pair.server.paper.take());
  return { pair, kernel: pair.server.paper.kernel as SealingKernel };
}

function giveFile(pair: Pair, text: string): void {
  const { socket, paper } = pair.server;
  paper.file = new TextEncoder().encode(text);
  assertEquals(socket.canSendFile(text.length), true);
  assertEquals(socket.sendFile(3, 0, text.length), text.length);
}

for (const suite of suites) {
  Deno.test(`${suite.name}: a file, and what is written before and after it`, () => {
    using contexts = contextsFor(suite);
    const { pair, kernel } = pairOf(contexts);
    using _ = pair;
    const { client, server } = pair;
    const expected: string[] = [];
    const say = (text: string) => {
      expected.push(text);
      server.send(text);
    };
    // Records of OpenSSL, one of them split.
    for (const count of [1, 20_000, 3]) say("before ".repeat(count));
    assertEquals(kernel.isOn, false);
    const file = "file ".repeat(20_000);
    giveFile(pair, file);
    expected.push(file);
    assertEquals(kernel.isOn, true);
    say("after ");
    client.feed(server.paper.take());
    assertEquals(client.reader.received, expected.join(""));
    // What the client says is read by OpenSSL as before.
    client.send("question");
    server.feed(client.paper.take());
    assertEquals(server.reader.received, "question");
    giveFile(pair, "again");
    client.feed(server.paper.take());
    assertEquals(client.reader.received, expected.join("") + "again");
    assertEquals(kernel.keys.length, 1);
    server.socket.close();
    client.feed(server.paper.take());
    assertEquals([client.reader.endCount, client.reader.error], [1, null]);
    assertEquals(server.paper.isOpen, false);
  });

  Deno.test(`${suite.name}: a file is the first that is sent`, () => {
    using contexts = contextsFor(suite);
    const { pair } = pairOf(contexts);
    using _ = pair;
    giveFile(pair, "at once");
    pair.client.feed(pair.server.paper.take());
    assertEquals(pair.client.reader.received, "at once");
  });
}

Deno.test("a resumed session has keys of its own", () => {
  for (const suite of suites) {
    using contexts = contextsFor(suite);
    const first = pairOf(contexts);
    giveFile(first.pair, "first");
    first.pair.carry();
    const session = libssl().SSL_get1_session(first.pair.client.socket.ssl)!;
    const second = new Pair(
      contexts,
      Infinity,
      "kernel",
      (paper) => new SealingKernel(paper, true),
      (ssl) => void libssl().SSL_set_session(ssl, session),
    );
    assertEquals(second.server.socket.isResumed, true, suite.name);
    giveFile(second, "second");
    second.carry();
    assertEquals(second.client.reader.received, "second", suite.name);
    const keys = (second.server.paper.kernel as SealingKernel).keys[0];
    assertNotEquals(keys.slice(12, 28), first.kernel.keys[0].slice(12, 28));
    libssl().SSL_SESSION_free(session);
    first.pair[Symbol.dispose]();
    second[Symbol.dispose]();
  }
});

const tls13 = suites[0];

/** The client asks for, or announces, new keys. */
function updateKeys(pair: Pair, kind: number): void {
  assertEquals(calls.SSL_key_update(pair.client.socket.ssl, kind), 1);
  // The message leaves with the next write.
  pair.client.send("k");
}

for (const kind of [updateNotRequested, updateRequested]) {
  Deno.test(`key update ${kind} of the client before and after the kernel encrypts`, () => {
    using contexts = contextsFor(tls13);
    const { pair, kernel } = pairOf(contexts);
    using _ = pair;
    giveFile(pair, "one ");
    for (let i = 0; i < 3; i++) {
      updateKeys(pair, kind);
      pair.carry();
      giveFile(pair, "more ");
      pair.server.send("text ");
      pair.carry();
    }
    assertEquals(pair.client.reader.received, "one " + "more text ".repeat(3));
    assertEquals(pair.server.reader.received, "kkk");
    assertEquals(kernel.keys.length, kind === updateRequested ? 4 : 1);
    pair.server.socket.close();
    pair.carry();
    assertEquals([pair.client.reader.endCount, pair.client.reader.error], [1, null]);
  });
}

Deno.test("a client that has asked OpenSSL for new keys keeps OpenSSL", () => {
  using contexts = contextsFor(tls13);
  const { pair, kernel } = pairOf(contexts);
  using _ = pair;
  updateKeys(pair, updateRequested);
  pair.carry();
  assertEquals(pair.server.socket.canSendFile(100), false);
  pair.server.send("text");
  pair.carry();
  assertEquals([pair.client.reader.received, kernel.isOn], ["text", false]);
});

Deno.test("new keys that the kernel cannot have: an alert, and nothing after it", () => {
  using contexts = contextsFor(tls13);
  const { pair } = pairOf(contexts, false);
  using _ = pair;
  giveFile(pair, "one ");
  updateKeys(pair, updateRequested);
  pair.carry();
  assertEquals(pair.client.reader.received, "one ");
  assertMatch(pair.client.reader.error?.message ?? "", /internal.error/);
  assertMatch(pair.server.reader.error?.message ?? "", /new keys/);
  assertEquals([pair.server.paper.isOpen, pair.server.send("more")], [false, 0]);
});

Deno.test("the answer to a key update waits for a full socket, and all else for the answer", () => {
  using contexts = contextsFor(tls13);
  const { pair, kernel } = pairOf(contexts);
  using _ = pair;
  giveFile(pair, "one ");
  kernel.isFull = true;
  // Several requests have one answer.
  for (let i = 0; i < 3; i++) {
    updateKeys(pair, updateRequested);
    pair.server.feed(pair.client.paper.take());
  }
  assertEquals(pair.server.send("two"), 0);
  assertEquals(pair.server.socket.sendFile(3, 0, 4), 0);
  kernel.isFull = false;
  pair.server.socket.onDrain();
  assertEquals(pair.server.reader.drainCount, 1);
  assertEquals(kernel.keys.length, 2);
  assertEquals(pair.server.send("two"), 3);
  pair.carry();
  assertEquals(pair.client.reader.received, "one two");
});

Deno.test("close and shutdown wait until the kernel can send all", () => {
  for (const end of ["close", "shutdown"] as const) {
    using contexts = contextsFor(suites[3]);
    const { pair, kernel } = pairOf(contexts);
    using _ = pair;
    giveFile(pair, "all of it");
    kernel.isFull = true;
    pair.server.socket[end]();
    assertEquals([pair.server.paper.isOpen, pair.server.paper.isShutDown], [true, false]);
    kernel.isFull = false;
    pair.server.socket.onDrain();
    const { isOpen, isShutDown } = pair.server.paper;
    assertEquals([isOpen, isShutDown], end === "close" ? [false, false] : [true, true]);
    pair.client.feed(pair.server.paper.take());
    assertEquals([pair.client.reader.received, pair.client.reader.endCount], ["all of it", 1]);
  }
});

Deno.test("bytes that are not the client's are answered by an alert in the kernel's encryption", () => {
  for (const suite of [suites[0], suites[3]]) {
    using contexts = contextsFor(suite);
    const { pair } = pairOf(contexts);
    using _ = pair;
    giveFile(pair, "one");
    const record = new Uint8Array(5 + 40).fill(7);
    record.set([23, 3, 3, 0, 40]);
    pair.server.feed(record);
    pair.client.feed(pair.server.paper.take());
    assertEquals(pair.client.reader.received, "one");
    assertMatch(pair.client.reader.error?.message ?? "", /bad.record.mac/, suite.name);
  }
});

Deno.test("a kernel that refuses leaves OpenSSL as it is", () => {
  for (const suite of suites) {
    using contexts = contextsFor(suite);
    using pair = new Pair(
      contexts,
      Infinity,
      "kernel",
      (paper) => new SealingKernel(paper, true, false),
    );
    assertEquals(pair.server.socket.canSendFile(100), false);
    pair.server.send("text");
    pair.carry();
    assertEquals(pair.client.reader.received, "text");
  }
});

Deno.test("what the kernel lacks stays with OpenSSL: AES-CCM, CBC, short records", () => {
  const lacking: Suite[] = [
    { version: "TLSv1.3", name: "TLS_AES_128_CCM_SHA256" },
    { version: "TLSv1.2", name: "ECDHE-ECDSA-AES128-CCM" },
    { version: "TLSv1.2", name: "ECDHE-ECDSA-AES128-SHA256" },
  ];
  for (const suite of lacking) {
    using contexts = contextsFor(suite);
    const { client } = contexts;
    const { version, name } = suite;
    const text = new TextEncoder().encode(`${name}\0`);
    if (version === "TLSv1.3") libssl().SSL_CTX_set_ciphersuites(client.pointer, text);
    else libssl().SSL_CTX_set_cipher_list(client.pointer, text);
    const { pair } = pairOf(contexts);
    using _ = pair;
    const used = libssl().SSL_get_current_cipher(pair.server.socket.ssl);
    assertEquals(textAt(libssl().SSL_CIPHER_get_name(used)), name);
    assertEquals(pair.server.socket.canSendFile(100), false, name);
  }
  using contexts = contextsFor(tls13);
  const bytes512 = 1;
  calls.SSL_CTX_set_tlsext_max_fragment_length(contexts.client.pointer, bytes512);
  const { pair } = pairOf(contexts);
  using _ = pair;
  assertEquals(pair.server.socket.canSendFile(100), false);
});

Deno.test("auto gives the kernel files from 128 KB", () => {
  using contexts = contextsFor(tls13);
  using pair = new Pair(contexts, Infinity, "auto", (paper) => new SealingKernel(paper, true));
  const { socket } = pair.server;
  assertEquals(socket.canSendFile(131_071), false);
  assertEquals(socket.canSendFile(131_072), true);
  // From then on there is no way back.
  assertEquals(socket.canSendFile(1), true);
});

Deno.test("ciphertext that waits comes before the kernel's", () => {
  using contexts = contextsFor(tls13);
  const { pair, kernel } = pairOf(contexts);
  using _ = pair;
  const { server, client } = pair;
  server.paper.room = 10;
  server.send("before ");
  assertEquals(server.socket.canSendFile(100), false);
  server.paper.room = Infinity;
  server.socket.onDrain();
  giveFile(pair, "file");
  client.feed(server.paper.take());
  assert(kernel.isOn);
  assertEquals(client.reader.received, "before file");
});
