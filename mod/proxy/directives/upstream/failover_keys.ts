/** Directives of an upstream for failing peers: retries, ejection and buffered request bodies. */
import type { Mutable } from "../../../base/mutable.ts";
import { type ConfigNode, parseBytes, parseCount, parseDuration } from "../../../config/mod.ts";
import { retryConditions, type RetryPlan, type UpstreamPlan } from "../../plan/plan.ts";
import type { OutlierPlan, RequestBufferPlan, RetryBudgetPlan } from "../../plan/upstream_plan.ts";
import { count, duration, readLine, readScalar, suggestion } from "../draft/directive.ts";
import type { LevelDraft } from "../draft/drafts.ts";
import { outlierDefaults, retryBudgetDefault } from "../../plan/upstream_defaults.ts";
import { joinFaults, readWords, type WordReader, wordsOf } from "../draft/word_line.ts";

/** Returns readers for `readMap` that fill the plan. */
export function failoverReaders(
  draft: LevelDraft,
  plan: Mutable<UpstreamPlan>,
): Record<string, (node: ConfigNode) => void> {
  const retry: Mutable<RetryPlan> = plan.retry = { ...plan.retry };
  return {
    next_upstream: (node) => {
      const conditions = readLine(draft, "next_upstream", node, parseConditions);
      if (conditions !== null) retry.conditions = conditions;
    },
    next_upstream_tries: (node) =>
      retry.triesMax = readScalar(draft, "next_upstream_tries", node, count(0, 1000)) ?? 0,
    next_upstream_timeout: (node) =>
      retry.timeoutMs = readScalar(draft, "next_upstream_timeout", node, duration(1000)) ?? 0,
    retry_budget: (node) => {
      const budget = readLine(draft, "retry_budget", node, parseRetryBudget);
      if (budget !== null) plan.retryBudget = budget === off ? null : budget;
    },
    outlier: (node) => {
      const outlier = readLine(draft, "outlier", node, parseOutlier);
      if (outlier !== null) plan.outlier = outlier === off ? null : outlier;
    },
    request_buffer: (node) => {
      const buffer = readLine(draft, "request_buffer", node, parseRequestBuffer);
      if (buffer !== null) plan.requestBuffer = buffer === off ? null : buffer;
    },
  };
}

/** The value of the word `off`; null would mean an invalid line. */
const off = Symbol("off");
type Off = typeof off;

function parseConditions(text: string): number | string {
  let conditions = 0;
  const names = Object.keys(retryConditions);
  const words = wordsOf(text);
  const faults = words.map((word) => {
    if (word === "off") return null;
    const bit = Object.entries(retryConditions).find(([name]) => name === word)?.[1];
    if (bit === undefined) {
      return `found \`${word}\`${suggestion(word, names)}; allowed: off, ${names.join(", ")}`;
    }
    conditions |= bit;
    return null;
  });
  return joinFaults(faults) ?? (words.includes("off") ? 0 : conditions);
}

/** Parses `20%`, `20% min=10` or `off`. */
function parseRetryBudget(text: string): RetryBudgetPlan | Off | string {
  const [first = "", ...words] = wordsOf(text);
  if (first === "off" && words.length === 0) return off;
  const share = shareOf(first, 1000);
  const wrong = share === null
    ? `found \`${first}\`; allowed: off, or a percentage such as 20%`
    : null;
  const plan: Mutable<RetryBudgetPlan> = { ...retryBudgetDefault, share: share ?? 0 };
  const wrongWords = readWords(words, [
    countReader("min=N", 0, (value) => plan.perSecondMin = value),
  ]);
  return joinFaults([wrong, wrongWords]) ?? plan;
}

function parseOutlier(text: string): OutlierPlan | Off | string {
  const words = wordsOf(text);
  if (words.length === 1 && words[0] === "off") return off;
  const plan: Mutable<OutlierPlan> = { ...outlierDefaults };
  const wrong = readWords(words, [
    countReader("consecutive_errors=N", 1, (value) => plan.consecutiveErrors = value),
    shareReader("error_rate=N%", (share) => plan.errorShare = share),
    {
      form: "latency=Nx",
      allowed: "a factor above 1 such as 3x",
      read: (value) => {
        plan.latencyFactor = /^[0-9]{1,4}(\.[0-9]{1,2})?x$/.test(value) ? parseFloat(value) : 0;
        return plan.latencyFactor > 1;
      },
    },
    timeReader("interval=TIME", (ms) => plan.intervalMs = ms),
    countReader("min_requests=N", 1, (value) => plan.attemptsMin = value),
    timeReader("base_ejection=TIME", (ms) => plan.baseEjectionMs = ms),
    shareReader("max_ejected=N%", (share) => plan.ejectedShareMax = share),
  ]);
  if (wrong !== null) return wrong;
  if (plan.consecutiveErrors === 0 && plan.errorShare === 0 && plan.latencyFactor === 0) {
    return `found \`${text}\`; allowed: off, or at least one of consecutive_errors=N, ` +
      "error_rate=N%, latency=Nx";
  }
  return plan;
}

function parseRequestBuffer(text: string): RequestBufferPlan | Off | string {
  const words = wordsOf(text);
  if (words.length === 1 && words[0] === "off") return off;
  const plan: Mutable<RequestBufferPlan> = { memoryBytes: 65_536, fileBytes: 0, folder: null };
  const wrong = readWords(words, [
    sizeReader("memory=SIZE", memoryBytesMax, (bytes) => plan.memoryBytes = bytes),
    sizeReader("file=SIZE", Number.MAX_SAFE_INTEGER, (bytes) => plan.fileBytes = bytes),
    {
      form: "dir=PATH",
      allowed: "a folder's path",
      read: (value) => value !== "" && (plan.folder = value) !== "",
    },
  ]);
  if (wrong !== null) return wrong;
  if (words.length === 0) return "allowed: off, or memory=SIZE file=SIZE dir=PATH";
  return plan;
}

/** Each exchange may hold this much memory. */
const memoryBytesMax = 64 * 1024 * 1024;

function countReader(form: string, min: number, set: (value: number) => void): WordReader {
  return {
    form,
    allowed: `a number from ${min} on`,
    read: (text) => apply(parseCount(text), (value) => value >= min, set),
  };
}

function timeReader(form: string, set: (ms: number) => void): WordReader {
  return {
    form,
    allowed: "a time such as 10s",
    read: (text) => apply(parseDuration(text, 1000), (ms) => ms > 0, set),
  };
}

function shareReader(form: string, set: (share: number) => void): WordReader {
  return {
    form,
    allowed: "a percentage from 1% to 100%",
    read: (text) => apply(shareOf(text, 100), (share) => share > 0, set),
  };
}

function sizeReader(form: string, max: number, set: (bytes: number) => void): WordReader {
  return {
    form,
    allowed: max < 2 ** 40
      ? `a size such as 64k, at most ${max / 1024 ** 2}m`
      : "a size such as 1g",
    read: (text) => apply(parseBytes(text), (bytes) => bytes <= max, set),
  };
}

/** Returns `20%` as 0.2; null for any other form and above `percentMax`. */
function shareOf(text: string, percentMax: number): number | null {
  if (!/^[0-9]{1,4}(\.[0-9]{1,2})?%$/.test(text)) return null;
  const percent = parseFloat(text);
  return percent <= percentMax ? percent / 100 : null;
}

/** Sets a value if it is present and valid. Returns whether it was. */
function apply<T>(value: T | null, isRight: (value: T) => boolean, set: (value: T) => void) {
  if (value === null || !isRight(value)) return false;
  set(value);
  return true;
}
