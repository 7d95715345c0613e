import { assert, assertEquals } from "@std/assert";
import { renderListing } from "../../../mod/static/listing.ts";

Deno.test("renderListing() escapes names, hides dot files and puts folders first", () => {
  const page = renderListing(["a<b"], [
    { name: "z.txt", isFolder: false, size: 12, modifiedMs: 0 },
    { name: "<script>", isFolder: false, size: 1, modifiedMs: 0 },
    { name: ".secret", isFolder: false, size: 1, modifiedMs: 0 },
    { name: "sub", isFolder: true, size: 0, modifiedMs: 0 },
  ]);
  assert(!page.includes("<script>"), page);
  assert(!page.includes(".secret"), page);
  assert(page.includes("<h1>/a&#60;b/</h1>"), page);
  assert(page.includes('<a href="./%3Cscript%3E">&#60;script&#62;</a>'), page);
  assert(page.includes('<a href="./sub/">sub/</a>'), page);
  assert(page.includes('<a href="../">../</a>'), page);
  assertEquals(page.indexOf("sub/") < page.indexOf("z.txt"), true);
  assert(page.includes("<td>12</td><td>1970-01-01 00:00:00</td>"), page);
});
