import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** A part of a pattern that takes a character: which ones, whether it may be left out, whether it repeats without end. */
interface Item {
  readonly set: ReadonlySet<number>;
  readonly optional: boolean;
  readonly endless: boolean;
}

/** The ways through a part of a pattern; no more than this many are looked at. */
type Paths = readonly (readonly Item[])[];
const MAX_PATHS = 200;

/**
 * Finds regular expressions of src/ that take more than linear time over some text: two endless repeats that can take the same
 * characters with nothing between them that they can't, a repeat within a repeat, or one that a search begins anew at each
 * character. The ways of a pattern are looked at, not its meaning: what it finds may be harmless, and is written otherwise.
 */
export function slowPatterns(root: string): string[] {
  return globSync('src/**/*.ts', { cwd: root })
    .sort()
    .flatMap((path) => {
      const file = ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.Latest);
      const found: string[] = [];
      const visit = (node: ts.Node): void => {
        if (ts.isRegularExpressionLiteral(node)) {
          const pattern = node.text.slice(1, node.text.lastIndexOf('/'));
          const why = whySlow(pattern);
          if (why !== null) found.push(`${path.replaceAll('\\', '/')} ${node.text}: ${why}`);
        }
        ts.forEachChild(node, visit);
      };
      visit(file);
      return found;
    });
}

export function whySlow(pattern: string): string | null {
  const parser = new Parser(pattern);
  const paths = parser.read();
  if (parser.nested) return 'a repeat within a repeat';
  for (const path of paths) {
    const first = path[0];
    const isSearch = !pattern.startsWith('^') && first?.endless === true;
    if (isSearch && (path.some(({ optional }, at) => at > 0 && !optional) || pattern.endsWith('$'))) {
      return 'a search that begins with a repeat';
    }
    for (const [at, one] of path.entries()) if (one.endless && meetsItself(path, at)) return 'two repeats that overlap';
  }
  return null;
}

/** Whether another endless item behind `at` can take what this one takes, and all between them can too, or be left out. */
function meetsItself(path: readonly Item[], at: number): boolean {
  let shared = [...(path[at]?.set ?? [])];
  for (const item of path.slice(at + 1)) {
    const both = shared.filter((code) => item.set.has(code));
    if (item.endless && both.length > 0) return true;
    if (!item.optional) shared = both;
  }
  return false;
}

const ALL = new Set(Array.from({ length: 256 }, (_, code) => code));
const CLASSES: Readonly<Record<string, ReadonlySet<number>>> = {
  d: where(/\d/),
  w: where(/\w/),
  s: where(/\s/),
  D: where(/\D/),
  W: where(/\W/),
  S: where(/\S/),
};

function where(test: RegExp): ReadonlySet<number> {
  return new Set([...ALL].filter((code) => test.test(String.fromCharCode(code))));
}

class Parser {
  nested = false;
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Paths {
    const all: (readonly Item[])[] = [];
    do {
      all.push(...this.#sequence());
    } while (this.#take('|'));
    return all.slice(0, MAX_PATHS);
  }

  #sequence(): Paths {
    let paths: Paths = [[]];
    while (this.#at < this.#text.length && !'|)'.includes(this.#text[this.#at] ?? '')) {
      const part = this.#quantified();
      paths = paths.flatMap((path) => part.map((more) => [...path, ...more])).slice(0, MAX_PATHS);
    }
    return paths;
  }

  #quantified(): Paths {
    const part = this.#atom();
    const given = /^(?:[*+?]|\{\d+(?:,\d*)?\})\??/.exec(this.#text.slice(this.#at))?.[0] ?? '';
    this.#at += given.length;
    const optional = given.startsWith('*') || given.startsWith('?') || given.startsWith('{0,');
    const endless = /^[*+]|,\}/.test(given);
    if (endless && part.some((path) => path.some((item, at) => item.endless && !isFenced(path, at))))
      this.nested = true;
    const single = part.length === 1 && part[0]?.length === 1 ? part[0][0] : undefined;
    if (single !== undefined) {
      return [[{ set: single.set, optional: optional || single.optional, endless: endless || single.endless }]];
    }
    return optional ? [[], ...part] : part;
  }

  #atom(): Paths {
    if (this.#take('(')) {
      const isAssertion = /^\?(?:[=!]|<[=!])/.test(this.#text.slice(this.#at));
      this.#at += /^\?(?::|[=!]|<[=!]|<\w+>)/.exec(this.#text.slice(this.#at))?.[0].length ?? 0;
      const inside = this.read();
      this.#take(')');
      return isAssertion ? [[]] : inside;
    }
    if (this.#take('^') || this.#take('$')) return [[]];
    if (this.#take('.')) return one(ALL);
    if (this.#take('[')) return one(this.#class());
    const set = this.#character();
    return set === null ? [[]] : one(set);
  }

  #class(): ReadonlySet<number> {
    const negated = this.#take('^');
    const set = new Set<number>();
    while (this.#at < this.#text.length && !this.#take(']')) {
      const from = this.#character() ?? new Set<number>();
      const [first] = from;
      const isRange = from.size === 1 && this.#text[this.#at] === '-' && this.#text[this.#at + 1] !== ']';
      if (!isRange || first === undefined) {
        for (const code of from) set.add(code);
        continue;
      }
      this.#at++;
      const [last = first] = this.#character() ?? [];
      for (let code = first; code <= Math.min(last, 255); code++) set.add(code);
    }
    return negated ? new Set([...ALL].filter((code) => !set.has(code))) : set;
  }

  /** Null where it takes no character: `\b`. */
  #character(): ReadonlySet<number> | null {
    const letter = this.#text[this.#at++] ?? '';
    if (letter !== '\\') return new Set([letter.charCodeAt(0)]);
    const escaped = this.#text[this.#at++] ?? '';
    if (escaped === 'b' || escaped === 'B') return null;
    if (escaped === 'x' || escaped === 'u') {
      const length = escaped === 'x' ? 2 : 4;
      const code = Number.parseInt(this.#text.slice(this.#at, this.#at + length), 16);
      this.#at += length;
      return new Set([code]);
    }
    if (escaped === 'p') {
      this.#at = this.#text.indexOf('}', this.#at) + 1;
      return ALL;
    }
    const controls: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, 0: 0 };
    return CLASSES[escaped] ?? new Set([controls[escaped] ?? escaped.charCodeAt(0)]);
  }

  #take(text: string): boolean {
    if (this.#text[this.#at] !== text) return false;
    this.#at++;
    return true;
  }
}

/** Something that must be there and that the endless item can't take parts two rounds of a repeat. */
function isFenced(path: readonly Item[], at: number): boolean {
  const { set } = path[at] ?? { set: ALL };
  return path.some((item) => !item.optional && [...item.set].every((code) => !set.has(code)));
}

function one(set: ReadonlySet<number>): Paths {
  return [[{ set, optional: false, endless: false }]];
}
