/**
 * A histogram of Prometheus with its labels given once. The library's own takes 0.45 µs an observation with three labels and
 * 0.2 with one (measured), which several a request would feel; this is some additions.
 */
export class FixedHistogram {
  readonly #labels: string;
  readonly #bounds: readonly number[];
  /** One a bound, and one for what is above them all. */
  readonly #counts: Float64Array;
  #sum = 0;

  /** @param labels as the page prints them: `route="/x",status="200"` */
  constructor(labels: string, bounds: readonly number[]) {
    this.#labels = labels;
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] ?? 0)) at++;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  /** Its lines: each bucket has what is below it too. */
  text(name: string): string {
    const separator = this.#labels === '' ? '' : ',';
    let count = 0;
    let text = '';
    for (const [at, more] of this.#counts.entries()) {
      count += more;
      text += `${name}_bucket{${this.#labels}${separator}le="${this.#bounds[at] ?? '+Inf'}"} ${count}\n`;
    }
    const braces = this.#labels === '' ? '' : `{${this.#labels}}`;
    return `${text}${name}_sum${braces} ${this.#sum}\n${name}_count${braces} ${count}\n`;
  }
}

/** All histograms of one name. */
export class HistogramFamily {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #series: FixedHistogram[] = [];

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name;
    this.#help = help;
    this.#bounds = bounds;
  }

  /** Another of its series; whoever asks keeps it. @param labels words of ours: nothing in them needs escaping */
  with(labels: Readonly<Record<string, string>> = {}): FixedHistogram {
    const printed = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    const made = new FixedHistogram(printed.join(','), this.#bounds);
    this.#series.push(made);
    return made;
  }

  text(): string {
    const head = `# HELP ${this.#name} ${this.#help}\n# TYPE ${this.#name} histogram\n`;
    return head + this.#series.map((series) => series.text(this.#name)).join('');
  }
}
