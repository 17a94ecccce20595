import { withEngine } from '../app/maintenance/index.ts';
import { toIso } from '../core/time.ts';
import type { DeadLetters } from '../ports/record/dead-letters.ts';
import { StartRefused } from '../ports/start-refused.ts';
import { EngineUnavailable } from '../ports/unavailable.ts';
import type { DeadAction } from './arguments.ts';
import { printable } from './printable.ts';

/** Dead letters that are listed; the others are counted. */
const MAX_SHOWN = 100;

/** `dead list`, `dead requeue`, `dead drop`: manages dead letters. Resolves with the exit code. */
export async function dead({ action, ids }: { action: DeadAction; ids: readonly string[] }): Promise<number> {
  try {
    return await withEngine({}, async ({ worker }) => {
      if (worker === null) {
        throw new StartRefused('Only the distributed engine has dead letters: set REDIS_URL and DATABASE_URL.');
      }
      process.stdout.write(`${printable(await ACTIONS[action](worker.deadLetters, ids))}\n`);
      return 0;
    });
  } catch (error) {
    if (!(error instanceof StartRefused) && !(error instanceof EngineUnavailable)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

const ACTIONS: Readonly<Record<DeadAction, (events: DeadLetters, ids: readonly string[]) => Promise<string>>> = {
  list: async (events) => {
    const [shown, count] = await Promise.all([events.list(MAX_SHOWN, null), events.count()]);
    if (count === 0) return 'There are no dead letters.';
    const lines = shown.map(({ id, deadLetteredAt, eventId, type, reason }) =>
      [id, deadLetteredAt === null ? '-' : toIso(deadLetteredAt), eventId ?? '-', type ?? '-', reason].join('  '),
    );
    const more = count > shown.length ? [`… and ${count - shown.length} more`] : [];
    return [
      ...lines,
      ...more,
      '',
      'Requeue them with `dead requeue [ID…]`, or remove them with `dead drop ID…|all`.',
    ].join('\n');
  },
  requeue: async (events, ids) => `${await events.requeue(ids.length === 0 ? 'all' : ids)} requeued.`,
  drop: async (events, ids) => `${await events.drop(ids.length === 0 ? 'all' : ids)} dropped.`,
};
