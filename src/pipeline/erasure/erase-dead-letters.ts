import { isUuid, type OrganizationId, uuidv7Time } from '../../core/ids.ts';
import type { Timestamp } from '../../core/time.ts';
import type { DeadLetter, DeadLetters } from '../../ports/record/dead-letters.ts';

/** Dead letters per page; each has a payload of up to 256 KiB. */
const PAGE = 20;
/** Pages per round. Dead letters are rare, and many of them already have an operator's attention. */
const MAX_PAGES = 500;

/**
 * Erases the organization's dead letters created before a time: they hold payloads too, and `triggers dead requeue`
 * could bring them back. @returns how many were erased
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
    const matching = entries.filter((entry) => entry.organizationId === organizationId && isBefore(entry, before));
    if (matching.length > 0) erased += await dead.drop(matching.map(({ id }) => id));
    after = entries.at(-1)?.id ?? null;
    if (after === null || entries.length < PAGE) break;
  }
  return erased;
}

/** A dead letter without a readable time counts as older: damage must not protect it from erasure. */
function isBefore({ eventId, deadLetteredAt }: DeadLetter, before: Timestamp): boolean {
  if (eventId !== null && isUuid(eventId)) return uuidv7Time(eventId) < before;
  return deadLetteredAt === null || deadLetteredAt < before;
}
