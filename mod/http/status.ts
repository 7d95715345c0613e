import { statusTexts } from "../std/http.ts";

/** Reason phrases of the registered status codes (RFC 9110 15 and the IANA registry). */
const reasons: Readonly<Record<number, string>> = {
  ...statusTexts,
  203: "Non-Authoritative Information",
  207: "Multi-Status",
  407: "Proxy Authentication Required",
  422: "Unprocessable Content",
};

/** The reason phrase of a status; "Unknown" for an unregistered one. */
export function reasonPhrase(status: number): string {
  return reasons[status] ?? "Unknown";
}
