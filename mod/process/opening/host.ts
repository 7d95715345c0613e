import type { Address } from "../../base/address.ts";
import type { Grant } from "../privileges/grants.ts";
import type { ListenWish } from "../privileges/opener_messages.ts";

/** What an opener needs of the layers beside and above it. */
export interface OpenerHost {
  /** Binds a socket; a text is the reason why it cannot. */
  bind(address: Address, wish: ListenWish): number | string;
  /** Reads the configuration again, as root; undefined: this parent starts a new child instead. */
  readonly refresh?: () => Promise<readonly Grant[]>;
}
