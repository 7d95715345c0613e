/** Counters of one worker; plain numbers, read by the status pages. */
export class EngineMetrics {
  requests = 0;
  /** Clients that were gone before their response began or was complete. */
  clientAborts = 0;
  /** Responses that an upstream broke off behind their head. */
  cutResponses = 0;
  /** By hundreds: index 1 counts 1xx. */
  readonly statusClasses = new Float64Array(6);

  noteStatus(status: number): void {
    const index = status / 100 | 0;
    if (index >= 1 && index <= 5) this.statusClasses[index]++;
  }
}
