const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const;

/** `3 min ago`, `in 20 s`, `now` */
export function relative(ms: number): string {
  const size = Math.abs(ms);
  const [unit, word] = UNITS.find(([each]) => size >= each) ?? [1, ''];
  if (word === '') return 'now';
  const text = `${Math.floor(size / unit)} ${word}`;
  return ms < 0 ? `${text} ago` : `in ${text}`;
}

/** `0.8 ms`, `41 ms`, `1.25 s` */
export function duration(ms: number): string {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(2)} s`;
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
