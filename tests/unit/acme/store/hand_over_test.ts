import { assertEquals } from "@std/assert";
import { handStateOver } from "../../../../mod/acme/store/hand_over.ts";
import { StateFolder } from "../../../../mod/acme/store/state_folder.ts";
import { rootTest } from "../../../support/privileges.ts";
import { tempFolder } from "../../../support/ports.ts";

const [uid, gid] = [3999, 4999];
const ownerOf = (path: string) => {
  const { uid, gid } = Deno.lstatSync(path);
  return [uid, gid];
};

rootTest("handStateOver() makes the folder, and lets the user pass to it", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/lib/acme`;
  handStateOver(path, uid, gid);
  assertEquals(ownerOf(path), [uid, gid]);
  assertEquals(ownerOf(`${path}/certificates`), [uid, gid]);
  assertEquals([Deno.statSync(path).mode! & 0o777, Deno.statSync(`${folder.path}/lib`).mode! & 1], [
    0o700,
    1,
  ]);
});

rootTest("handStateOver() gives root's state away, with what is in it", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/lib/acme`;
  await Deno.mkdir(`${folder.path}/lib`, { mode: 0o700 });
  new StateFolder(path).prepare();
  await Deno.writeTextFile(`${path}/certificates/a.example.pem`, "x");
  handStateOver(path, uid, gid);
  assertEquals(ownerOf(`${path}/certificates/a.example.pem`), [uid, gid]);
  assertEquals(Deno.statSync(`${folder.path}/lib`).mode! & 0o777, 0o711);
});

rootTest("handStateOver() touches nothing that is not root's, or more than a state", async () => {
  await using folder = await tempFolder();
  const [theirs, mixed] = [`${folder.path}/theirs`, `${folder.path}/mixed`];
  new StateFolder(theirs).prepare();
  await Deno.chown(theirs, uid, gid);
  // What the user has put there must not be followed.
  await Deno.symlink("/etc/hostname", `${theirs}/certificates/a.example.pem`);
  handStateOver(theirs, uid + 1, gid);
  assertEquals(ownerOf(theirs), [uid, gid]);
  assertEquals(ownerOf("/etc/hostname"), [0, 0]);
  new StateFolder(mixed).prepare();
  await Deno.writeTextFile(`${mixed}/other`, "x");
  handStateOver(mixed, uid, gid);
  assertEquals(ownerOf(mixed), [0, 0]);
});
