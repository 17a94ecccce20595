import type { Abuser } from './row.ts';
import { ROWS } from './rows.ts';

/** One row in a process of its own: what it sends and reads must not hold up who measures. Goes on until it is killed. */
const [, , name, abuser = ''] = process.argv;
const row = ROWS.find((each) => each.name === name);
if (row === undefined) throw new Error(`There is no row ${name}`);
process.once('disconnect', () => process.exit());
process.send?.('started');
await row.run(JSON.parse(abuser) as Abuser, new AbortController().signal);
