import { chooseEngine } from '../support/engine-choice.ts';

chooseEngine('distributed');
await import('../api/endpoint-test-button.test.ts');
