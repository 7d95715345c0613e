/** Maps values to positions on an axis, and places its ticks. Pure. */

export interface Tick {
  readonly value: number;
  readonly label: string;
}

export interface Scale {
  readonly ticks: readonly Tick[];
  /** 0 (beginning of the axis) to 1. */
  place(value: number): number;
}

const steps = [1, 2, 2.5, 5, 10];
const ticksWanted = 5;

/** Linear, from 0 to a round number at or above `max`. */
export function linearScale(max: number, label: (value: number) => string): Scale {
  const top = max > 0 ? max : 1;
  const rough = top / ticksWanted;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = steps.find((each) => each * magnitude >= rough)! * magnitude;
  const count = Math.ceil(top / step - 1e-9);
  const ticks: Tick[] = [];
  for (let index = 0; index <= count; index++) {
    ticks.push({ value: index * step, label: label(index * step) });
  }
  return { ticks, place: (value) => Math.min(1, Math.max(0, value / (count * step))) };
}

/** Decades around `min` and `max`, both above 0. */
export function logScale(min: number, max: number, label: (value: number) => string): Scale {
  const low = Math.floor(Math.log10(Math.max(min, 1e-9)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(max, 1e-9))));
  const ticks: Tick[] = [];
  for (let power = low; power <= high; power++) {
    ticks.push({ value: 10 ** power, label: label(10 ** power) });
  }
  const place = (value: number) =>
    Math.min(1, Math.max(0, (Math.log10(Math.max(value, 1e-9)) - low) / (high - low)));
  return { ticks, place };
}

const percentTicks = [0, 90, 99, 99.9, 99.99, 99.999, 99.9999];

/** A percentile axis: each step to the right leaves out a tenth of the rest. `max` below 100. */
export function percentileScale(max: number): Scale {
  const depth = (percent: number) => Math.log10(100 / (100 - Math.min(percent, 99.99999)));
  const end = Math.max(2, Math.ceil(depth(max) - 1e-9));
  const ticks = percentTicks.filter((percent) => depth(percent) <= end + 1e-9)
    .map((value) => ({ value, label: `${value}%` }));
  return { ticks, place: (percent) => Math.min(1, depth(percent) / end) };
}
