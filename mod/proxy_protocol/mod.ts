/** The PROXY protocol: what a load balancer says about a connection ahead of its first byte. */
export { describeHeaderFault, headerBytesMax, HeaderFault, ProxyHeader } from "./header.ts";
export { parseProxyHeader } from "./parse.ts";
export { localHeader, type ProxyVersion, relayedHeader } from "./write.ts";
