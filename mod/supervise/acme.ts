/** TLS_DOMAIN: certificates from a CA for the sockets of our own modes. */
import { StartError } from "../base/errors.ts";
import type { CertificateNeeds } from "../acme/certificates.ts";
import { chosenSettings, readDomains } from "../acme/core/domains.ts";
import { challengesOver } from "../acme/challenge_ports.ts";
import { ManagedDomains } from "../acme/managed_domains.ts";
import type { Variables } from "../process/environment.ts";
import {
  type ApplianceTls,
  type FormerTls,
  namedAppliance,
  tlsVariables,
} from "../tls/appliance.ts";
import { opensslFault } from "../tls/openssl_fault.ts";
import type { ListenSpec } from "../config/listen_spec.ts";

/** TLS whose certificates are ordered while the workers serve. */
export interface AcmeTls extends ApplianceTls {
  /** Why nothing is ordered; null: it is, or need not be. */
  readonly fault: string | null;
  /** Call it when a worker serves: the CA's validation must find one. */
  begin(report: (event: "note" | "fault", text: string) => void): void;
  /** Ends an order. Call it before the sockets are closed. */
  stop(): void;
}

/**
 * null without TLS_DOMAIN. The supervisor orders, so that a restart of workers does not end an order.
 * Throws `StartError` for unusable variables.
 */
export async function prepareAcme(
  listen: readonly ListenSpec[],
  variables: Variables,
  former?: FormerTls,
): Promise<AcmeTls | null> {
  const needs = needsOf(listen, variables);
  if (needs === null) return null;
  if (variables[tlsVariables.certificate]) {
    throw new StartError("TLS_DOMAIN and HAYATE_CERT: set only one of them");
  }
  const missing = opensslFault();
  if (missing !== null) throw new StartError(`TLS_DOMAIN: ${missing}`);
  const domains = await ManagedDomains.prepare(needs);
  const sockets = listen.filter(({ tls }) => tls).map(({ name }) => name);
  const appliance = namedAppliance(sockets, domains, former);
  return {
    ...appliance,
    note: domains.fault === null ? domains.noteOf("TLS_DOMAIN") : "",
    fault: domains.fault,
    begin: (report) =>
      domains.begin({
        logger: {
          debug: () => {},
          info: (text) => report("note", text),
          error: (text) => report("fault", text),
        },
        setTimer: (delayMs, callback) => setTimeout(callback, delayMs),
        clearTimer: (timer) => clearTimeout(timer),
        nowMs: () => Date.now(),
        random: () => Math.random(),
      }),
    stop: () => domains.stop(),
    dispose: () => {
      domains.dispose();
      appliance.dispose();
    },
  };
}

function needsOf(
  listen: readonly ListenSpec[],
  variables: Variables,
): CertificateNeeds | null {
  const { names, fault } = readDomains(variables["TLS_DOMAIN"] ?? "");
  if (fault !== null) throw new StartError(`TLS_DOMAIN: ${fault}`);
  if (names.length === 0) return null;
  const settings = chosenSettings({
    email: variables["ACME_EMAIL"],
    directory: variables["ACME_DIRECTORY"],
    caFile: variables["ACME_CA_FILE"],
    state: variables["ACME_STATE"],
  });
  if (settings === null) {
    throw new StartError(`ACME_DIRECTORY: ${variables["ACME_DIRECTORY"]} is no URL`);
  }
  const streams = listen.filter(({ datagram }) => !datagram);
  return { names, settings, challenges: challengesOver(streams) };
}
