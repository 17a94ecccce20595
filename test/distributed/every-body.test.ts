import { chooseEngine } from '../support/engine-choice.ts';

chooseEngine('distributed');
await import('../api/every-body.test.ts');
