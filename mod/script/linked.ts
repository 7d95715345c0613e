/** All that a linked app needs when it is in the cache, to be imported at once. */
export { linkCached } from "./cache/linked_cache.ts";
export { importLinked } from "./linked_module.ts";
