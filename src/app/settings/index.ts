/** Settings: the environment, read and checked once. */

export { hasApi, hasDeliverer, hasWorker, ROLES, type Role } from './roles.ts';
export { DEVELOPMENT_KEY, type Environment, environment, readSettings, SETTINGS, type Settings } from './settings.ts';
export { settingsText } from './settings-table.ts';
export { GENERATE } from './token-strength.ts';
