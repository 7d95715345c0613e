import type { TicketRing } from "./ticket_ring.ts";

/** How the sessions of clients are resumed (h2o's ssl-session-resumption). */
export interface SessionPlan {
  /** Clients keep the session, encrypted in a ticket (RFC 5077, RFC 8446 4.6.1). */
  readonly tickets: boolean;
  /** Each process keeps sessions in its memory, at most 20480 for each certificate. */
  readonly cache: boolean;
  /** Keys of the tickets, in h2o's form; null: derived from the ticket seed. */
  readonly ticketFile: string | null;
  /** How long a session may be resumed; null: OpenSSL's two hours. */
  readonly lifetimeSeconds: number | null;
}

export const sessionsDefault: SessionPlan = {
  tickets: true,
  cache: true,
  ticketFile: null,
  lifetimeSeconds: null,
};

/** A plan with its ticket keys opened. */
export interface SessionRules {
  readonly plan: SessionPlan;
  /** null: the context's own keys. */
  readonly ring: TicketRing | null;
}
