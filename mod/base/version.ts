/** hayate's version, the same as `version` in deno.json (a test compares them). */
export const version = "0.1.0";
