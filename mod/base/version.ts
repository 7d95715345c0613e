/** hayate's version, the same as `version` in deno.json (a test compares them). */
export const version = "0.1.0";

/** Day of that version, for the man page; a constant, so that two builds of one commit agree. */
export const releaseDate = "2026-11-23";
