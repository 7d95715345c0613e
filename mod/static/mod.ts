/** Static files, shared by the modes that serve them. */
export { CompressedForms, Making } from "./compressed_forms.ts";
export type { FieldWriter, FileExchange } from "./file_exchange.ts";
export { type FileRequest, readFileRequest } from "./file_request.ts";
export { FileTransfer } from "./file_transfer.ts";
export {
  type FileOpener,
  fileOpener,
  openByDescriptor,
  type OpenFault,
  type OpenFile,
  PlainOpener,
} from "./open_file.ts";
export { type CacheLimits, defaultCacheLimits } from "./resource_cache.ts";
export type { SiteOptions } from "./resource_loader.ts";
export { type Outcome, type Refusal, type Render, StaticSite } from "./static_site.ts";
export { mediaTypeOf, unknownType } from "./media_type.ts";
