import { chooseEngine } from '../support/engine-choice.ts';

chooseEngine('distributed');
await import('../api/answers.test.ts');
