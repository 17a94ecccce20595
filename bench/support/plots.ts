import { boundText, type Claim, type Distribution, figure, holds } from './claims.ts';
import { median } from './raw-load.ts';

/** Plots as SVG texts, readable on a light page and on a dark one. */

const STYLE = `<style>
text{font:12px system-ui,sans-serif;fill:#1f2933}.dim{fill:#66727f}.line{stroke:#c7ced6}.bound{stroke:#b45309;stroke-dasharray:4 3}
.ok{fill:#0f766e;stroke:#0f766e}.missed{fill:#b91c1c;stroke:#b91c1c}.c0{stroke:#0f766e}.c1{stroke:#1d4ed8}.c2{stroke:#b45309}.c3{stroke:#7c3aed}.c4{stroke:#be185d}.c5{stroke:#4d7c0f}.distributed{stroke-dasharray:6 4}
@media (prefers-color-scheme:dark){text{fill:#e4e9ee}.dim{fill:#9aa7b4}.line{stroke:#3a4653}.bound{stroke:#f59e0b}.ok{fill:#2dd4bf;stroke:#2dd4bf}.missed{fill:#f87171;stroke:#f87171}
.c0{stroke:#2dd4bf}.c1{stroke:#60a5fa}.c2{stroke:#fbbf24}.c3{stroke:#a78bfa}.c4{stroke:#f472b6}.c5{stroke:#a3e635}}
</style>`;

const WIDTH = 960;
/** Names of latencies are as long as they have to be. */
const WIDTH_WITH_NAMES = 1_100;
const LABELS = 370;
const ROW = 26;

/** A row a claim: the median as a dot, the rounds' spread as a line, the bound as a mark. Ratios share one axis. */
export function ratioPlot(claims: readonly Claim[]): string {
  const shown = claims.filter(({ unit }) => unit === 'ratio');
  // What is far off stands at the edge, or it would press all others together.
  const top = Math.min(2, Math.max(1.2, ...shown.flatMap(({ values, bound }) => [...values, boundOf(bound)])));
  const x = (value: number) => LABELS + (Math.min(value, top) / top) * (WIDTH - LABELS - 130);
  const height = 40 + shown.length * ROW;
  const axis = Array.from({ length: Math.floor(top / 0.5) + 1 }, (_, n) => n * 0.5).map(
    (value) =>
      `<line class="line" x1="${x(value)}" x2="${x(value)}" y1="24" y2="${height - 8}"/><text class="dim" x="${x(value)}" y="16" text-anchor="middle">${value.toFixed(1)}</text>`,
  );
  const rows = shown.map((one, n) => {
    const y = 40 + n * ROW;
    const kind = holds(one) ? 'ok' : 'missed';
    const [least, most] = [Math.min(...one.values), Math.max(...one.values)];
    const bound = x(boundOf(one.bound));
    return [
      `<text x="${LABELS - 12}" y="${y + 4}" text-anchor="end">${asText(`${one.name} · ${one.engine}`)}</text>`,
      `<line class="${kind}" stroke-width="2" x1="${x(least)}" x2="${x(most)}" y1="${y}" y2="${y}"/>`,
      `<circle class="${kind}" cx="${x(median(one.values))}" cy="${y}" r="4.5"/>`,
      `<line class="bound" stroke-width="2" x1="${bound}" x2="${bound}" y1="${y - 9}" y2="${y + 9}"/>`,
      `<text class="dim" x="${WIDTH - 110}" y="${y + 4}">${figure(median(one.values))} (${boundText(one.bound)})</text>`,
    ].join('');
  });
  return svg('What was measured, as ratios to a bare floor', height, [...axis, ...rows]);
}

/** Latency over the share of events that took at most so long; both axes grow by powers of ten, so that the tail shows. */
export function latencyPlot(distributions: readonly Distribution[]): string {
  const height = 340;
  const [left, right, bottom] = [60, 230, height - 40];
  const nines = (share: number) => Math.min(4, -Math.log10(Math.max(1e-4, 1 - share)));
  const x = (share: number) => left + (nines(share) / 4) * (WIDTH - left - right);
  const all = distributions.flatMap(({ points }) => points.map(([, ms]) => ms));
  const [low, high] = [
    Math.floor(Math.log10(Math.max(0.1, Math.min(...all)))),
    Math.ceil(Math.log10(Math.max(...all, 10))),
  ];
  const y = (ms: number) => bottom - ((Math.log10(Math.max(10 ** low, ms)) - low) / (high - low)) * (bottom - 20);
  const across = [0, 0.9, 0.99, 0.999, 0.9999].map(
    (share) =>
      `<line class="line" x1="${x(share)}" x2="${x(share)}" y1="20" y2="${bottom}"/><text class="dim" x="${x(share)}" y="${bottom + 18}" text-anchor="middle">${share === 0 ? 'least' : `${share * 100} %`}</text>`,
  );
  const up = Array.from({ length: high - low + 1 }, (_, n) => 10 ** (low + n)).map(
    (ms) =>
      `<line class="line" x1="${left}" x2="${WIDTH - right}" y1="${y(ms)}" y2="${y(ms)}"/><text class="dim" x="${left - 8}" y="${y(ms) + 4}" text-anchor="end">${ms} ms</text>`,
  );
  const names = [...new Set(distributions.map(({ name }) => name))];
  const lines = distributions.map(({ name, engine, points }, n) => {
    const path = points.map(([share, ms]) => `${x(share).toFixed(1)},${y(ms).toFixed(1)}`).join(' ');
    const labelY = 34 + n * 20;
    const kind = `c${names.indexOf(name) % 6} ${engine}`;
    return `<polyline class="${kind}" fill="none" stroke-width="2" points="${path}"/><line class="${kind}" stroke-width="3" x1="${WIDTH - right + 14}" x2="${WIDTH - right + 34}" y1="${labelY - 4}" y2="${labelY - 4}"/><text x="${WIDTH - right + 42}" y="${labelY}">${asText(`${name} · ${engine}`)}</text>`;
  });
  return svg('Latency over the share of events', height, [...across, ...up, ...lines], WIDTH_WITH_NAMES);
}

function boundOf(bound: Claim['bound']): number {
  return 'atLeast' in bound ? bound.atLeast : bound.atMost;
}

function svg(title: string, height: number, parts: readonly string[], width = WIDTH): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img"><title>${title}</title>${STYLE}${parts.join('\n')}</svg>\n`;
}

function asText(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
}
