import { isUuid, type OrganizationId, uuidv7Time } from '../../core/ids.ts';
import type { Timestamp } from '../../core/time.ts';
import type { DeadLetter, DeadLetters } from '../../ports/record/dead-letters.ts';

/** Read at once: each comes with its payload, of up to 256 KiB. */
const PAGE = 20;
/** In one round; there are few, or an operator is looking at them. */
const MAX_PAGES = 500;

/**
 * Events that could not be recorded hold payloads too. Those of the organization that were created before leave as the
 * recorded ones do, so that nobody brings them back with `triggers dead requeue`. @returns how many left
 */
export async function eraseDeadLetters(
  dead: DeadLetters,
  organizationId: OrganizationId,
  before: Timestamp,
): Promise<number> {
  if ((await dead.count()) === 0) return 0;
  let erased = 0;
  let after: string | null = null;
  for (let page = 0; page < MAX_PAGES; page++) {
    const entries: readonly DeadLetter[] = await dead.list(PAGE, after);
    const theirs = entries.filter((entry) => entry.organizationId === organizationId && isBefore(entry, before));
    if (theirs.length > 0) erased += await dead.drop(theirs.map(({ id }) => id));
    after = entries.at(-1)?.id ?? null;
    if (after === null || entries.length < PAGE) break;
  }
  return erased;
}

/** One that tells no time goes: what is to be erased must not stay for being damaged. */
function isBefore({ eventId, deadLetteredAt }: DeadLetter, before: Timestamp): boolean {
  if (eventId !== null && isUuid(eventId)) return uuidv7Time(eventId) < before;
  return deadLetteredAt === null || deadLetteredAt < before;
}
