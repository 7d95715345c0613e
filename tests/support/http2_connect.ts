/** HTTP/2 connections to the program under test, over TCP and over TLS. */
import type { Address } from "../../mod/base/address.ts";
import { preface, settings } from "../vectors/http2/wire.ts";
import { Http2Wire } from "./http2_wire.ts";
import { connectTo, RawConnection } from "./raw_socket.ts";

type Pairs = readonly (readonly [id: number, value: number])[];

/** Makes connections of one kind to one server. */
export interface Http2Door {
  readonly name: string;
  /** A connection on which nothing was sent. */
  connect(): Promise<Http2Wire>;
  /** One on which the preface and SETTINGS were sent. */
  open(...pairs: Pairs): Promise<Http2Wire>;
}

/** With prior knowledge. */
export function plainDoor(address: Address): Http2Door {
  return door("h2c", () => connectTo(address));
}

/** Over TLS, where ALPN chooses h2. `certificate` in PEM. */
export function tlsDoor(port: number, certificate: string): Http2Door {
  return door("TLS", async () => {
    const conn = await Deno.connectTls({
      hostname: "127.0.0.1",
      port,
      caCerts: [certificate],
      alpnProtocols: ["h2"],
    });
    const { alpnProtocol } = await conn.handshake();
    if (alpnProtocol !== "h2") throw new Error(`Cannot speak HTTP/2: ALPN chose ${alpnProtocol}`);
    return conn;
  });
}

function door(name: string, dial: () => Promise<Deno.Conn>): Http2Door {
  const connect = async () => new Http2Wire(new RawConnection(await dial()));
  return {
    name,
    connect,
    async open(...pairs) {
      const wire = await connect();
      await wire.send(preface, settings(...pairs));
      return wire;
    },
  };
}
