import { chooseEngine } from '../support/engine-choice.ts';

chooseEngine('distributed');
await import('../api/inbox-quarantine.test.ts');
