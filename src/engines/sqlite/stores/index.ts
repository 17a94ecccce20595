/** How the shared stores (engines/stores) reach this engine, and the stores that are its own. */

export { DeliveryPages } from './delivery-page.ts';
export { WaitingDeliveries } from './end-waiting.ts';
export { SqliteEraser } from './eraser.ts';
export { Retention } from './retention.ts';
export { knownKeyIds, openSecretBox } from './secret-box.ts';
export { SqliteStatements } from './statement-runner.ts';
