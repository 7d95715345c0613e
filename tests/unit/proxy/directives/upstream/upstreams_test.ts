import { assertEquals } from "@std/assert";
import { buildPlan } from "../../../../../mod/proxy/directives/build.ts";

function build(...urls: string[]) {
  const paths = urls.map((url, index) => `/${index}: {proxy.reverse.url: "${url}"}`).join(", ");
  const text = `listen: 80
upstreams: {app: {servers: 127.0.0.1}}
hosts: {default: {paths: {${paths}}}}
`;
  const source = { readText: () => "", environment: () => null };
  return buildPlan(text, "h2o.conf", source, { needsListen: true });
}

Deno.test("The scheme of proxy.reverse.url is the protocol of a named upstream", () => {
  for (const scheme of ["http", "https"]) {
    const { plan } = build(`${scheme}://app/`, `${scheme}://app/more`);
    assertEquals(plan!.upstreams.map((one) => [one.name, one.scheme]), [["app", scheme]]);
  }
});

Deno.test("A named upstream has one protocol", () => {
  assertEquals(build("http://app/", "https://app/").problems, [
    "[h2o.conf:3] proxy.reverse.url: app is used by http and by https; " +
    "allowed: one of them for each upstream",
  ]);
});
