import { chooseEngine } from '../support/engine-choice.ts';

chooseEngine('distributed');
await import('../api/who-may-see.test.ts');
