import { chooseEngine } from '../support/engine-choice.ts';

chooseEngine('distributed');
await import('../e2e/stop.test.ts');
