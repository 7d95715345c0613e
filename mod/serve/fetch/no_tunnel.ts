import { StaticResponse } from "../../conn/exchange/static_response.ts";

/**
 * The response to CONNECT. A 2xx would turn the connection into a tunnel and the body into the
 * tunnel's first bytes (RFC 9110 9.3.6), which no app intends.
 */
export const noTunnel = new StaticResponse(
  405,
  [["Content-Type", "text/plain; charset=utf-8"], ["Allow", "GET, HEAD, POST, PUT, PATCH, DELETE"]],
  "405 Method Not Allowed\n",
);
