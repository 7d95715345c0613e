/** The functions of @std/media-types that hayate uses, with the types that the npm package lacks. */
import { contentType as untyped } from "@std/media-types";

/** The `Content-Type` (with a charset for text) of an extension such as `.html`; undefined: unknown. */
export const contentType: (extensionOrType: string) => string | undefined = untyped;
