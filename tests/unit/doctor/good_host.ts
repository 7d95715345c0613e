/** A host without findings; tests change one fact at a time. */
import type { Facts, OpensslFacts } from "../../../mod/doctor/facts.ts";

export const goodOpenssl: OpensslFacts = {
  version: "3.5.4",
  supportEnd: "2030-04-08",
  isSupported: true,
  hasTls13: true,
  hasHybridGroup: true,
  hasChacha20: true,
  hasOcspStapling: true,
  hasTickets: true,
  keyTypes: ["p256", "p384", "rsa2048"],
};

export const goodHost: Facts = {
  openFiles: { soft: 65_536, hard: 1_048_576 },
  addressSpaceBytes: Infinity,
  somaxconn: 16_384,
  netdevMaxBacklog: 16_384,
  softnetDropped: 0,
  ephemeralPorts: { first: 1024, last: 65_535 },
  tcpTwReuse: 1,
  tcpMigrateReq: 1,
  tcpMaxSynBacklog: 4096,
  tcpSyncookies: 1,
  conntrack: null,
  unprivilegedPortStart: 1024,
  mayBindLowPorts: true,
  root: null,
  cpus: { online: 4, allowed: 4, quota: null, throttledPeriods: 0 },
  memory: { totalBytes: 8e9, limitBytes: null },
  threads: null,
  ioLimits: [],
  hasLibssl: true,
  openssl: goodOpenssl,
  kernelTls: null,
  hugePages: "madvise",
  cpuGovernor: "performance",
  isContainer: false,
  stop: null,
};
