/** hayate's version. A test checks that `version` in deno.json is the same. */
export const version = "0.1.0";

/** Release date of that version, for the man page. A constant, so that builds are reproducible. */
export const releaseDate = "2026-11-23";
