import { EventTypePatterns, stepsOfPatterns } from '../events/event-type.ts';
import type { OrganizationId } from '../ids.ts';
import type { FairTurns } from './fair-turns.ts';
import { KnownTypes } from './known-types.ts';

/** Characters of patterns × types that are matched at once: some 0.2 ms. */
const MAX_CHARACTERS_AT_ONCE = 10_000;
/** Segments of patterns that are matched in one turn: some 0.5 ms. */
const SEGMENTS_PER_PIECE = 20_000;

/** Which of some types a list of patterns wants. */
export type TypeAnswers = ReadonlyMap<string, boolean>;

/**
 * Matches event types against lists of patterns, outside of any transaction: in turns that are fair between organizations,
 * and each type once as long as it is remembered. 100 long patterns over 3,000 types took 11 s at once.
 */
export class TypeMatcher {
  readonly #turns: FairTurns;
  readonly #known = new KnownTypes();

  constructor(turns: FairTurns) {
    this.#turns = turns;
  }

  /** What is known without any matching. @returns a function; its `undefined` means: ask `match` */
  known(organizationId: OrganizationId, patterns: readonly string[]): (type: string) => boolean | undefined {
    if (patterns.length === 0) return () => true;
    if (!patterns.some((pattern) => pattern.includes('*'))) {
      const names = new Set(patterns);
      return (type) => names.has(type);
    }
    const key = JSON.stringify(patterns);
    return (type) => this.#known.get(organizationId, key, type);
  }

  /** Answers for all of the types; those that match nothing are answered with false. */
  async match(
    organizationId: OrganizationId,
    patterns: readonly string[],
    types: Iterable<string>,
  ): Promise<TypeAnswers> {
    const known = this.known(organizationId, patterns);
    const answers = new Map<string, boolean>();
    const unknown: string[] = [];
    for (const type of new Set(types)) {
      const answer = known(type);
      if (answer === undefined) unknown.push(type);
      else answers.set(type, answer);
    }
    if (unknown.length === 0) return answers;
    const key = JSON.stringify(patterns);
    if (unknown.length * stepsOfPatterns(patterns) <= MAX_CHARACTERS_AT_ONCE) {
      const compiled = new EventTypePatterns(patterns);
      const found = new Map(unknown.map((type) => [type, compiled.wants(type)]));
      for (const [type, answer] of found) answers.set(type, answer);
      this.#known.add(organizationId, key, found);
      return answers;
    }
    let compiled: EventTypePatterns | undefined;
    for (let at = 0; at < unknown.length; ) {
      await this.#turns.run(organizationId, () => {
        compiled ??= new EventTypePatterns(patterns);
        const found = new Map<string, boolean>();
        for (let segments = 0; at < unknown.length && segments < SEGMENTS_PER_PIECE; at++) {
          const type = unknown[at] as string;
          // Somebody else may have asked the same meanwhile.
          let answer = known(type);
          if (answer === undefined) {
            answer = compiled.wants(type);
            found.set(type, answer);
            segments += compiled.segments;
          }
          answers.set(type, answer);
        }
        if (found.size > 0) this.#known.add(organizationId, key, found);
      });
    }
    return answers;
  }
}
