/** Settings: environment variables, read and checked once at the start. */

export { hasApi, hasDeliverer, hasWorker, ROLES, type Role } from './roles.ts';
export { SETTINGS } from './setting-list.ts';
export { DEVELOPMENT_KEY, type Environment, environment, readSettings, type Settings } from './settings.ts';
export { settingsText } from './settings-table.ts';
export { GENERATE } from './token-strength.ts';
