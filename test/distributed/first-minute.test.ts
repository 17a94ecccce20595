import { chooseEngine } from '../support/engine-choice.ts';

chooseEngine('distributed');
await import('../e2e/first-minute.test.ts');
