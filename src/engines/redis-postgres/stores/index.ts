/** How the shared stores (engines/stores) reach this engine, and the stores that are its own. */

export { readDeliveryPage } from './delivery-page.ts';
export { WaitingDeliveries } from './end-waiting.ts';
export { PostgresEraser } from './eraser.ts';
export { Retention } from './retention.ts';
export { openSecretBox } from './secret-box.ts';
export { PostgresStatements } from './statement-runner.ts';
