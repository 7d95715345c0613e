/** Metrics as text: Prometheus's format 0.0.4, and OpenMetrics 1.0. */

export type MetricsFormat = "prometheus" | "openmetrics";
/** The media types of both. */
export const metricsContentTypes: Readonly<Record<MetricsFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};
export type Labels = Readonly<Record<string, string>>;
export type Row = readonly [Labels, number];

export interface HistogramRow {
  readonly labels: Labels;
  /** Per bucket, not cumulative; one more than there are bounds. */
  readonly counts: ArrayLike<number>;
  readonly sum: number;
}

/** Writes families of metrics; each must be written only once. */
export class MetricsWriter {
  readonly format: MetricsFormat;
  #text = "";

  constructor(format: MetricsFormat) {
    this.format = format;
  }

  /** `name` without `_total`, which is appended to the samples. */
  counter(name: string, help: string, rows: readonly Row[]): void {
    // In Prometheus's own format a family is named like its samples.
    this.#begin(this.format === "openmetrics" ? name : `${name}_total`, "counter", help);
    for (const [labels, value] of rows) this.#sample(`${name}_total`, labels, value);
  }

  gauge(name: string, help: string, rows: readonly Row[]): void {
    this.#begin(name, "gauge", help);
    for (const [labels, value] of rows) this.#sample(name, labels, value);
  }

  /** A sum and the number of its values. */
  summary(
    name: string,
    help: string,
    rows: readonly { readonly labels: Labels; readonly sum: number; readonly count: number }[],
  ): void {
    this.#begin(name, "summary", help);
    for (const { labels, sum, count } of rows) {
      this.#sample(`${name}_sum`, labels, sum);
      this.#sample(`${name}_count`, labels, count);
    }
  }

  /** `bounds` are the inclusive upper bounds of all buckets but the last. */
  histogram(
    name: string,
    help: string,
    bounds: readonly number[],
    rows: readonly HistogramRow[],
  ): void {
    this.#begin(name, "histogram", help);
    for (const { labels, counts, sum } of rows) {
      let count = 0;
      for (const [index, bound] of bounds.entries()) {
        count += counts[index];
        this.#sample(`${name}_bucket`, { ...labels, le: boundText(bound) }, count);
      }
      count += counts[bounds.length];
      this.#sample(`${name}_bucket`, { ...labels, le: "+Inf" }, count);
      this.#sample(`${name}_sum`, labels, sum);
      this.#sample(`${name}_count`, labels, count);
    }
  }

  /** Returns the whole text. */
  end(): string {
    return this.format === "openmetrics" ? `${this.#text}# EOF\n` : this.#text;
  }

  #begin(name: string, type: string, help: string): void {
    this.#text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    if (this.format !== "openmetrics") return;
    const unit = /_(seconds|bytes)$/.exec(name)?.[1];
    if (unit !== undefined) this.#text += `# UNIT ${name} ${unit}\n`;
  }

  #sample(name: string, labels: Labels, value: number): void {
    this.#text += `${name}${labelText(labels)} ${value}\n`;
  }
}

/** OpenMetrics requires `1.0` for a bound, and its readers compare bounds as text. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** The format for this `Accept`; Prometheus's own unless the client asks for OpenMetrics. */
export function chooseMetricsFormat(accept: string | null): MetricsFormat {
  const quality = { "application/openmetrics-text": 0, "text/plain": 0 };
  for (const range of (accept ?? "").split(",")) {
    const [type, ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    if (type !== "application/openmetrics-text" && type !== "text/plain") continue;
    const q = parameters.find((parameter) => parameter.startsWith("q="));
    quality[type] = Math.max(quality[type], q === undefined ? 1 : Number(q.slice(2)) || 0);
  }
  const wanted = quality["application/openmetrics-text"];
  return wanted > 0 && wanted >= quality["text/plain"] ? "openmetrics" : "prometheus";
}
