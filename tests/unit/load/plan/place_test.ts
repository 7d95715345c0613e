import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { UsageError, Wrong } from "../../../../mod/cli/mod.ts";
import { readLoadPlan } from "../../../../mod/load/options/options.ts";
import { machineCount, type Place, readPlace } from "../../../../mod/load/plan/place.ts";

Deno.test("readPlace() reads hosts, with user and port", () => {
  const place = readPlace("ssh:a,me@b:2222, [::1]:22,a") as Place;
  assertEquals(place, {
    kind: "ssh",
    hosts: [
      { name: "a", destination: "a", port: null },
      { name: "me@b:2222", destination: "me@b", port: 2222 },
      { name: "[::1]:22", destination: "::1", port: 22 },
      { name: "a (2)", destination: "a", port: null },
    ],
  });
  assertEquals(machineCount(place), 4);
  assertEquals(readPlace("k8s:2"), { kind: "kubernetes", count: 2 });
  assertEquals(readPlace("swarm:200"), { kind: "swarm", count: 200 });
});

Deno.test("readPlace() says what is wrong, and takes no host for an option of ssh", () => {
  const faults: [string, RegExp][] = [
    ["", /^not ssh:HOST,HOST\.\.\., kubernetes:N or swarm:N$/],
    ["ssh", /^not ssh:HOST/],
    ["nomad:3", /^nomad is not ssh, kubernetes or swarm$/],
    ["kubernetes:", /^nothing is not a number of machines from 1 to 1000$/],
    ["k8s:0", /^0 is not/],
    ["swarm:201", /^201 is not a number of machines from 1 to 200$/],
    ["swarm:-1", /^-1 is not/],
    ["ssh:", /^a host is missing$/],
    ["ssh:a,,b", /^a host is missing$/],
    ["ssh:-oProxyCommand=x", /is not host, user@host or user@host:port$/],
    ["ssh:me@-oX", /is not host/],
    ["ssh:a b", /is not host/],
    ["ssh:a:0", /^port 0 of a is not 1 to 65535$/],
    ["ssh:a:70000", /^port 70000 of a/],
  ];
  for (const [text, reason] of faults) assertMatch((readPlace(text) as Wrong).reason, reason, text);
});

Deno.test("flags that make no sense with --on are named, all at once", () => {
  const errorsOf = (...argv: string[]) => assertThrows(() => readLoadPlan(argv), UsageError).errors;
  assertEquals(
    errorsOf(
      ...["--on", "ssh:a,b,c", "-t2", "-c5", "-P", "/s", "--source", "127.0.0.1"],
      ...["--allow-lost", "3", "http://h/"],
    ),
    [
      "--unix-socket cannot be combined with --on ssh: a unix socket is on one machine",
      "--source cannot be combined with --on ssh: each machine has its own addresses",
      "--connections 5 is too few for 3 machines, with 2 threads each: at least 6 are needed",
      "--allow-lost 3 leaves none of 3 machines",
    ],
  );
  assertEquals(errorsOf("--on", "ssh:a", "http://unix:/s:/"), [
    "URL http://unix:/s:/: with --on it cannot be a unix socket",
  ]);
  assertEquals(errorsOf("--on", "ssh:a,b,c,d,e", "-c4", "http://h/"), [
    "--connections 4 is too few for 5 machines: at least 5 are needed",
  ]);
  assertEquals(errorsOf("--on-timeout", "5s", "--allow-lost", "1", "http://h/"), [
    "--allow-lost needs --on",
    "--on-timeout needs --on",
  ]);
});
