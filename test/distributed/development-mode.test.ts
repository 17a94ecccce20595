import { chooseEngine } from '../support/engine-choice.ts';

chooseEngine('distributed');
await import('../api/development-mode.test.ts');
