export * from "./tree.ts";
export * from "./problems.ts";
export * from "./yaml_reader.ts";
export * from "./units.ts";
export * from "./addresses.ts";
export * from "./upstream_url.ts";
