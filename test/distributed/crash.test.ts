import { chooseEngine } from '../support/engine-choice.ts';

chooseEngine('distributed');
await import('../faults/crash.test.ts');
