import { assertEquals } from "@std/assert";
import { vendorPath } from "../../../../../mod/script/linker/remote/vendor_path.ts";

/** From the tests of deno_cache_dir (rs_lib/src/local.rs), and what Deno 2.7.11 has written. */
const rows: [url: string, contentType: string | null, path: string][] = [
  ["https://deno.land/x/mod.ts", null, "deno.land/x/mod.ts"],
  ["http://deno.land/x/mod.ts", null, "http_deno.land/x/mod.ts"],
  ["https://deno.land/x/MOD.ts", null, "deno.land/x/#mod_fa860.ts"],
  ["https://deno.land/x/mod.ts?testing=1", null, "deno.land/x/#mod_2eb80.ts"],
  ["https://deno.land/OTHER/mod.ts", null, "deno.land/#other_1c55d/mod.ts"],
  [
    "https://deno.land/x/012345678901234567890123456.js",
    null,
    "deno.land/x/012345678901234567890123456.js",
  ],
  [
    "https://deno.land/x/0123456789012345678901234567.js",
    null,
    "deno.land/x/#01234567890123456789_836de.js",
  ],
  ["https://deno.land/x/mod's.js", null, "deno.land/x/#mod_s_44fc8.js"],
  ["https://deno.land/x/mod", "application/typescript", "deno.land/x/#mod_e55cf.ts"],
  ["https://deno.land/x/mod.js/mod.js", null, "deno.land/x/#mod.js_59c58/mod.js"],
  ["http://localhost//mod.js", null, "http_localhost/#e3b0c44/mod.js"],
  ["https://deno.land/x/mod.ts", "application/typescript", "deno.land/x/mod.ts"],
  ["https://deno.land/x/mod.ts", "application/javascript", "deno.land/x/#mod.ts_e8c36.js"],
  ["https://deno.land/x/con/con.ts", null, "deno.land/x/#con_1143d/con.ts"],
  ["https://deno.land/x/test./main.ts", null, "deno.land/x/#test._4ee3d/main.ts"],
  ["http://127.0.0.1:4150/x/Z.js", null, "http_127.0.0.1_4150/x/#z_e700c.js"],
  ["http://127.0.0.1:4150/x/y.ts?v=1", null, "http_127.0.0.1_4150/x/#y_b501b.ts"],
];

Deno.test("vendorPath() names files as Deno does", async () => {
  for (const [url, contentType, path] of rows) {
    assertEquals(await vendorPath(new URL(url), contentType), path, url);
  }
});
