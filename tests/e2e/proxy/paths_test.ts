/** One normal form of a path chooses its route and its file; an upstream gets the bytes unchanged. */
import { assertEquals } from "@std/assert";
import { StrictUpstream } from "../../support/strict_upstream.ts";
import { parts, response, TestProxy } from "../../support/proxy.ts";

function upstream(): StrictUpstream {
  return StrictUpstream.start(({ target }) => response(`UP ${target}`));
}

async function start(port: number, global: string): Promise<TestProxy> {
  const proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
${global}
hosts:
  default:
    paths:
      /: {proxy.reverse.url: "http://127.0.0.1:${port}"}
      /base: {proxy.reverse.url: "http://127.0.0.1:${port}/b"}
      /files: {file.dir: DIR/www}
      /files/private: {redirect: "http://login.test"}
      /to: {redirect: /}
      /to/cdn: {redirect: "//cdn.test/"}
`);
  await proxy.folder.write("www/private/x", "secret");
  await proxy.folder.write("www/open", "open");
  return proxy;
}

const aliases = [
  "/files/private/x",
  "/files//private/x",
  "/files///private//x",
  "//files/private/x",
  "/files/%2fprivate/x",
  "/files%2Fprivate/x",
  "/files%2f%2Fprivate/x",
  "/files/./private/x",
  "/files/%2e/private/x",
  "/files/open/../private/x",
  "/files/open/%2E./private/x",
  "/files/open%2f..%2fprivate/x",
  "/files//.//private/x",
  "/files/%70rivate/x",
  "/files/%70%72ivate%2Fx",
];

Deno.test("No spelling of a path bypasses its route", async () => {
  await using origin = upstream();
  await using proxy = await start(origin.port, "");
  for (const target of aliases) {
    const { status, head } = parts(await proxy.get(target));
    const location = /^location: (\S+)/im.exec(head)?.[1] ?? "";
    assertEquals([status, location.startsWith("http://login.test")], [302, true], target);
  }
  // These name other files, none of which exists.
  for (const target of ["/files/private;v=1/x", "/files/.%5cprivate/x", "/files/private%20/x"]) {
    assertEquals(parts(await proxy.get(target)).status, 404, target);
  }
  assertEquals(parts(await proxy.get("/files/%00/../private/x")).status, 400);
  assertEquals(parts(await proxy.get("/files//open")).body, "open");
});

Deno.test("merge-slashes: OFF chooses routes as h2o does", async () => {
  await using origin = upstream();
  await using proxy = await start(origin.port, "merge-slashes: OFF");
  assertEquals(parts(await proxy.get("/files/private/x")).status, 302);
  assertEquals(parts(await proxy.get("/files//private/x")).body, "secret");
  assertEquals(parts(await proxy.get("//files/private/x")).body, "UP //files/private/x");
});

Deno.test("An upstream gets the path unchanged, so signatures stay valid", async () => {
  await using origin = upstream();
  await using proxy = await start(origin.port, "");
  const rows = [
    ["//bucket//key%2Fname?X-Sig=a%2Fb//c", "//bucket//key%2Fname?X-Sig=a%2Fb//c"],
    ["/a//b/", "/a//b/"],
    ["/a%2f%2Fb", "/a%2f%2Fb"],
    ["/%41/%c3%a9;x=1", "/%41/%c3%a9;x=1"],
    ["/base//x%2F/y", "/b//x%2F/y"],
    ["//base/x", "/b/x"],
    ["/base%2F/x//", "/b%2F/x//"],
    ["/base/./k%2Fv?sig=%2F", "/b/k%2Fv?sig=%2F"],
  ];
  for (const [target, seen] of rows) {
    assertEquals(parts(await proxy.get(target)).body, `UP ${seen}`, target);
  }
});

Deno.test("A redirect to a local path names no other host, for any number of slashes", async () => {
  await using origin = upstream();
  for (const global of ["", "merge-slashes: OFF"]) {
    await using proxy = await start(origin.port, global);
    const rows = [
      ["/to/a//b", "/a//b"],
      ["/to//evil.test/", "/evil.test/"],
      ["/to///evil.test", "/evil.test"],
      ["/to/\\evil.test", "/evil.test"],
      ["/to/%2fevil.test", "/%2fevil.test"],
      ["/to/cdn/x", "//cdn.test/x"],
    ];
    for (const [target, wanted] of rows) {
      const { status, head } = parts(await proxy.get(target));
      assertEquals([status, /^location: (\S+)/im.exec(head)?.[1]], [302, wanted], target);
    }
  }
});
