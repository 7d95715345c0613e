/** Bar chart of the requests per CPU-second of every row. Pure. */
import { figuresOf } from "./figures.ts";
import type { Host } from "./host.ts";
import type { Row } from "./measure.ts";

const width = 860;
const barHeight = 16;
const labelWidth = 300;

/** An SVG without style sheets or scripts. */
export function renderChart(rows: readonly Row[], host: Host): string {
  const parts: string[] = [];
  let y = 30;
  parts.push(
    text(10, 18, `requests per CPU-second; ${host.cpu}, Linux ${host.kernel}, ${host.date}`, 13),
  );
  const rates = (row: Row) =>
    row.contenders.map((contender) => {
      const figures = figuresOf(row, contender);
      return figures === null ? null : 1e6 / figures.cpu.median;
    });
  const largest = Math.max(...rows.flatMap(rates).map((rate) => rate ?? 0), 1);
  for (const row of rows) {
    y += 14;
    parts.push(
      text(10, y, `${row.comparison}: ${row.transport}, ${row.connections} connections`, 12),
    );
    y += 6;
    rates(row).forEach((rate, index) => {
      parts.push(text(20, y + 12, row.contenders[index].name, 11));
      if (rate === null) {
        parts.push(text(labelWidth, y + 12, row.contenders[index].missing ?? "", 11));
      } else {
        const length = Math.round((width - labelWidth - 90) * rate / largest);
        const color = index === 0 ? "#2b6cb0" : "#a0aec0";
        parts.push(
          `<rect x="${labelWidth}" y="${y + 1}" width="${length}" height="${
            barHeight - 3
          }" fill="${color}"/>`,
          text(labelWidth + length + 6, y + 12, Math.round(rate).toString(), 11),
        );
      }
      y += barHeight;
    });
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y + 12}" ` +
    `font-family="sans-serif">\n<rect width="100%" height="100%" fill="#fff"/>\n` +
    `${parts.join("\n")}\n</svg>\n`;
}

function text(x: number, y: number, content: string, size: number): string {
  const escaped = content.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  return `<text x="${x}" y="${y}" font-size="${size}" fill="#222">${escaped}</text>`;
}
