import { assert, assertEquals } from "@std/assert";
import { newAgenda } from "../../../../mod/acme/core/agenda.ts";
import {
  challengeFolderOf,
  readToken,
  StateFolder,
} from "../../../../mod/acme/store/state_folder.ts";

async function withFolder(run: (path: string) => void | Promise<void>): Promise<void> {
  const path = Deno.makeTempDirSync();
  try {
    await run(path);
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
}

Deno.test("what is written is read again, and only its owner may read it", () =>
  withFolder(async (path) => {
    const folder = new StateFolder(`${path}/acme`);
    assertEquals(folder.prepare(), null);
    const account = { directory: "https://a.example/", jwk: { kty: "EC" }, url: "https://a/1" };
    await folder.writeAccount(account);
    assertEquals(await folder.readAccount(account.directory), account);
    assertEquals(await folder.readAccount("https://b.example/"), null);
    const stored = { ...newAgenda, failures: 2, directory: account.directory };
    folder.writeName("a.example", stored);
    assertEquals(folder.readName("a.example", account.directory), stored);
    assertEquals(Deno.statSync(folder.path).mode! & 0o777, 0o700);
    assertEquals(Deno.statSync(`${folder.path}/names/a.example.json`).mode! & 0o777, 0o600);
  }));

Deno.test("another directory starts with a new agenda", () =>
  withFolder((path) => {
    const folder = new StateFolder(path);
    folder.prepare();
    folder.writeName("a.example", { ...newAgenda, failures: 2, directory: "https://a/" });
    assertEquals(folder.readName("a.example", "https://b/").failures, 0);
  }));

Deno.test("what has another shape counts as missing", () =>
  withFolder(async (path) => {
    const folder = new StateFolder(path);
    folder.prepare();
    const directory = "https://a/";
    const right = { ...newAgenda, failures: 2, directory, window: [1, 2] };
    const wrong: [string, unknown][] = [
      ["failures", -1],
      ["failures", 0.5],
      ["failures", "2"],
      ["retryAtMs", null],
      ["retryAtMs", -1],
      ["lastError", 5],
      ["renewAtMs", "soon"],
      ["pollAtMs", undefined],
      ["directory", 1],
      ["window", [1]],
      ["window", [2, 1]],
      ["window", ["1", "2"]],
      ["window", [null, 2]],
    ];
    const file = `${path}/names/a.example.json`;
    Deno.writeTextFileSync(file, JSON.stringify(right));
    assertEquals(folder.readName("a.example", directory).failures, 2);
    for (const [name, value] of wrong) {
      Deno.writeTextFileSync(file, JSON.stringify({ ...right, [name]: value }));
      assertEquals(folder.findName("a.example"), null, `${name} ${value}`);
    }
    await folder.writeAccount({ directory, jwk: { kty: "EC" }, url: "https://a/1" });
    const [account] = [...Deno.readDirSync(`${path}/accounts`)].map(({ name }) => name);
    for (const [name, value] of [["jwk", null], ["jwk", "EC"], ["url", "none"], ["url", 5]]) {
      const stored = { directory, jwk: { kty: "EC" }, url: null, [name as string]: value };
      Deno.writeTextFileSync(`${path}/accounts/${account}`, JSON.stringify(stored));
      assertEquals(await folder.readAccount(directory), null, `${name} ${value}`);
    }
  }));

Deno.test("damaged files count as missing", () =>
  withFolder(async (path) => {
    const folder = new StateFolder(path);
    folder.prepare();
    Deno.writeTextFileSync(`${path}/names/a.example.json`, '{"failures": 1');
    Deno.writeTextFileSync(`${path}/certificates/a.example.pem`, "-----BEGIN CERTIFICATE-----");
    assertEquals(folder.readName("a.example", "https://a/").failures, 0);
    assertEquals(folder.readCertificate("a.example"), null);
    await folder.writeAccount({ directory: "https://a/", jwk: {}, url: null });
    for (const { name } of Deno.readDirSync(`${path}/accounts`)) {
      Deno.writeTextFileSync(`${path}/accounts/${name}`, "[]");
    }
    assertEquals(await folder.readAccount("https://a/"), null);
  }));

Deno.test("only pending tokens are answered, and no other file", () =>
  withFolder((path) => {
    const folder = new StateFolder(path);
    folder.prepare();
    const challenges = challengeFolderOf(path);
    const answer = `abc.${"t".repeat(43)}`;
    folder.offerToken("abc", answer);
    Deno.writeTextFileSync(`${path}/secret.token`, "secret");
    assertEquals(readToken(challenges, "abc"), answer);
    assertEquals(readToken(challenges, "../secret"), null);
    assertEquals(readToken(challenges, "other"), null);
    for (const [token, text] of [["def", answer], ["ghi", "secret"], ["jkl", `${answer}\n`]]) {
      Deno.writeTextFileSync(`${path}/challenges/${token}.token`, text);
      assertEquals(readToken(challenges, token), null, token);
    }
    folder.withdrawToken("abc");
    assertEquals(readToken(challenges, "abc"), null);
  }));

Deno.test("a folder that cannot be made is a fault, not an exception", () =>
  withFolder((path) => {
    Deno.writeTextFileSync(`${path}/file`, "");
    assert(new StateFolder(`${path}/file/acme`).prepare() !== null);
  }));
