/** The PROXY protocol: a load balancer's header before the first byte of a connection. */
export { describeHeaderFault, headerBytesMax, HeaderFault, ProxyHeader } from "./header.ts";
export { parseProxyHeader } from "./parse.ts";
export { localHeader, type ProxyVersion, relayedHeader } from "./write.ts";
