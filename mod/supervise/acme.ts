/** TLS_DOMAIN: certificates from a CA for the sockets of our own modes. */
import { StartError } from "../base/errors.ts";
import { type CertificateNeeds, Certificates, fillGaps } from "../acme/certificates.ts";
import { nameFault } from "../acme/core/name_fault.ts";
import { acmeDefaults } from "../acme/core/settings.ts";
import { chooseState } from "../acme/store/choose_state.ts";
import { certificatePath, StateFolder } from "../acme/store/state_folder.ts";
import type { Variables } from "../process/environment.ts";
import { type ApplianceTls, namedAppliance, tlsVariables } from "../tls/appliance.ts";
import { opensslFault } from "../tls/openssl_fault.ts";

/** TLS whose certificates are ordered while the workers serve. */
export interface AcmeTls extends ApplianceTls {
  /** Call it when a worker serves: the CA's validation must find one. */
  begin(report: (line: string) => void): void;
}

/**
 * null without TLS_DOMAIN. The supervisor orders, so that a restart of workers does not end an order.
 * Throws `StartError` for unusable variables.
 */
export async function prepareAcme(
  sockets: readonly string[],
  variables: Variables,
): Promise<AcmeTls | null> {
  const needs = needsOf(variables);
  if (needs === null) return null;
  if (variables[tlsVariables.certificate]) {
    throw new StartError("TLS_DOMAIN and HAYATE_CERT: set only one of them");
  }
  const missing = opensslFault();
  if (missing !== null) throw new StartError(`TLS_DOMAIN: ${missing}`);
  const state = chooseState(needs.settings.state);
  const folder = new StateFolder(state.path);
  await fillGaps(folder, needs, Date.now());
  const { directory } = needs.settings;
  const terms =
    `TLS for ${needs.names.join(", ")} with certificates from ${directory}, whose terms ` +
    "of service TLS_DOMAIN accepts; a self-signed one is served until the first is there";
  const files = new Map(needs.names.map((name) => [name, certificatePath(state.path, name)]));
  let certificates: Certificates | null = null;
  return {
    variables: namedAppliance(sockets, files, `${state.path}/challenges`),
    note: state.fault ?? terms,
    begin(report) {
      if (certificates !== null || !state.mayOrder) return;
      certificates = new Certificates(folder, needs, {
        logger: { debug: () => {}, info: report, error: report },
        setTimer: (delayMs, callback) => setTimeout(callback, delayMs),
        clearTimer: (timer) => clearTimeout(timer),
        nowMs: () => Date.now(),
        random: () => Math.random(),
      });
      certificates.start();
    },
    dispose() {
      certificates?.stop();
      state.dispose();
    },
  };
}

function needsOf(variables: Variables): CertificateNeeds | null {
  const names = (variables["TLS_DOMAIN"] ?? "").toLowerCase().split(/[\s,]+/).filter(Boolean);
  if (names.length === 0) return null;
  for (const name of names) {
    const fault = nameFault(name);
    if (fault === null) continue;
    throw new StartError(
      `TLS_DOMAIN: found \`${name}\`: ${fault}; allowed: host names such as www.example.com`,
    );
  }
  const directory = variables["ACME_DIRECTORY"] || acmeDefaults.directory;
  if (!URL.canParse(directory)) throw new StartError(`ACME_DIRECTORY: ${directory} is no URL`);
  return {
    names: [...new Set(names)],
    // The only one that all our modes answer.
    challenges: ["tls-alpn-01"],
    settings: {
      ...acmeDefaults,
      directory,
      email: variables["ACME_EMAIL"] || null,
      caFile: variables["ACME_CA_FILE"] || null,
      state: variables["ACME_STATE"] || acmeDefaults.state,
    },
  };
}
