/**
 * `hayate load --on kubernetes:N` with a kubectl that runs pods as local processes. No cluster takes
 * part: the Job is checked against the API's own types.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { jobManifest } from "../../../mod/load/fleet/places/kubernetes_job.ts";
import { binaryPath, runHayate } from "../../support/binary.ts";
import { schemaFaults } from "../../support/kubernetes_schema.ts";
import { testThatNeeds } from "../../support/peers.ts";
import { tempFolder } from "../../support/ports.ts";
import { ReferenceServer } from "../../support/reference_server.ts";

/** A pod is Running at once, but for one of an image that nobody can pull. */
const kubectl = `#!/bin/sh
cd "$(dirname "$0")" && echo "$*" >> calls
[ "$1" = --namespace=load ] && shift
case "$1" in
create) cat > job.json ;;
get)
  n=$(sed 's/.*"completions":\\([0-9]*\\).*/\\1/' job.json)
  state='{"phase":"Running"}'
  grep -q '"image":"none"' job.json && state='{"phase":"Pending","containerStatuses":[{"state":
    {"waiting":{"reason":"ImagePullBackOff","message":"no such image"}}}]}'
  items=
  for i in $(seq "$n"); do items="$items,{\\"metadata\\":{\\"name\\":\\"p$i\\"},\\"status\\":$state}"; done
  echo "{\\"items\\":[\${items#,}]}" ;;
attach) exec "$HAYATE" load join ;;
delete) ;;
*) echo "error: unknown command $1" >&2; exit 1 ;;
esac
`;

Deno.test("load --on kubernetes makes a Job, runs one test in its pods, and deletes it", async () => {
  await using server = await ReferenceServer.start();
  await using folder = await tempFolder();
  await folder.write("kubectl", kubectl, 0o755);
  const env = { PATH: `${folder.path}:${Deno.env.get("PATH")}`, HAYATE: binaryPath };
  await server.stats();
  const args = [
    "load",
    "--on",
    "kubernetes:3",
    "--on-option=--namespace=load",
    "-c",
    "7",
    "-n",
    "100",
  ];
  const passed = await runHayate([...args, server.url("/")], { env });
  assertEquals([passed.code, passed.stderr], [0, ""]);
  assertMatch(passed.stdout, /\n {2}100 requests in /);
  assertEquals((await server.stats()).requests, 100);
  const calls = (await Deno.readTextFile(`${folder.path}/calls`)).trim().split("\n");
  assertMatch(calls[0], /^--namespace=load create -f -$/);
  assertMatch(calls.at(-1)!, /^--namespace=load delete job hayate-load-\w{8} --wait=false/);
  const failed = await runHayate(
    [...args, "--image", "none", "--on-timeout", "3s", server.url("/")],
    { env },
  );
  assertEquals(failed.code, 1);
  assertMatch(
    failed.stderr,
    /did not come within 3 seconds: p\d: ImagePullBackOff no such image\n/,
  );
  const last = (await Deno.readTextFile(`${folder.path}/calls`)).trim().split("\n").at(-1)!;
  assertMatch(last, /^--namespace=load delete job /);
});

const faults = await schemaFaults([jobManifest("hayate-load-1", 3, "hayate")]);

testThatNeeds(
  faults === null ? ["npm's registry"] : [],
  "the Job of load --on kubernetes is valid by the API's types",
  () => assertEquals(faults, [[]]),
);
