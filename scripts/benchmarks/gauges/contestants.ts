/** The servers of a gauge row: started, or reported as missing. */
import type { GaugeContender, ServerSpec, Target } from "../comparison.ts";
import type { PinnedProcess } from "../processes.ts";
import { findProgram, whyAbsent } from "../programs.ts";
import { clientCore, serverCore, type TestBed } from "../test_bed.ts";

/** A server and its measurements so far. */
export interface Contestant {
  readonly spec: ServerSpec;
  readonly server: PinnedProcess;
  readonly target: Target;
  readonly samples: number[];
  note?: string;
  /** Why it could not be measured. */
  trouble?: string;
}

/** Starts every server; one that cannot be started becomes a line with the reason. */
export async function startContestants(
  bed: TestBed,
  specs: readonly ServerSpec[],
  upstream?: ServerSpec,
): Promise<(Contestant | GaugeContender)[]> {
  const behind = upstream === undefined
    ? null
    : (await bed.start(upstream, clientCore, null, null)).target.address;
  const all: (Contestant | GaugeContender)[] = [];
  for (const spec of specs) {
    const { name, program } = spec;
    if (findProgram(program) === null) {
      all.push({ name, samples: [], missing: whyAbsent(program) });
      continue;
    }
    try {
      all.push({ spec, samples: [], ...await bed.start(spec, serverCore, behind) });
    } catch (error) {
      all.push({ name, samples: [], missing: (error as Error).message });
    }
  }
  return all;
}

/** The servers that take part. */
export function present(all: readonly (Contestant | GaugeContender)[]): Contestant[] {
  return all.filter((each) => "server" in each);
}

/** The row's result for each. */
export function results(all: readonly (Contestant | GaugeContender)[]): GaugeContender[] {
  return all.map((each) => {
    if (!("server" in each)) return each;
    const { spec, samples, note } = each;
    const missing = samples.length === 0 ? each.trouble ?? null : null;
    return { name: spec.name, samples, missing, ...(note === undefined ? {} : { note }) };
  });
}
