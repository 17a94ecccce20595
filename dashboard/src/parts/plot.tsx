import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { colorOf } from '../core/theme.ts';

interface PlotProps {
  /** Times in seconds, then one array of values for each series. */
  readonly data: readonly (readonly (number | null)[])[];
  readonly names: readonly string[];
  readonly label: string;
  readonly bars?: boolean;
}
const HEIGHT = 130;
const COLORS = ['--accent', '--ink-2'];

export function Plot({ data, names, label, bars = false }: PlotProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(data);
  latest.current = data;
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(element.clientWidth, names, bars), aligned(latest.current), element);
    };
    draw();
    const sizes = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    sizes.observe(element);
    addEventListener('themechange', draw);
    return () => {
      sizes.disconnect();
      removeEventListener('themechange', draw);
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(aligned(data)), [data]);
  return <div class="plot" ref={host} role="img" aria-label={label} />;
}

function aligned(data: PlotProps['data']): uPlot.AlignedData {
  const [xs = [], ...rows] = data;
  return [xs.map((x) => x ?? 0), ...rows.map((row) => [...row])];
}

function options(width: number, names: readonly string[], bars: boolean): uPlot.Options {
  const axis = { stroke: colorOf('--ink-2'), grid: { stroke: colorOf('--line'), width: 1 }, ticks: { show: false } };
  return {
    width,
    height: HEIGHT,
    cursor: { show: false },
    legend: { show: false },
    scales: { y: { range: (_plot, _low, high) => [0, Math.max(high * 1.15, 4)] } },
    axes: [
      { ...axis, grid: { show: false }, values: clockTimes, space: 90 },
      { ...axis, size: 44 },
    ],
    series: [
      {},
      ...names.map((name, at) => ({
        label: name,
        stroke: colorOf(COLORS[at] ?? '--ink-2'),
        width: 1.5,
        points: { show: bars, size: 6 },
        ...(bars ? { paths: () => null } : {}),
        ...(at === 0 && !bars ? { fill: colorOf('--accent-soft') } : {}),
      })),
    ],
  };
}

function clockTimes(_plot: uPlot, seconds: number[]): string[] {
  return seconds.map((at) => new Date(at * 1_000).toTimeString().slice(0, 8));
}
