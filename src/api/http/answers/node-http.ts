/**
 * `node:http` without the cost of an `import`. A module namespace reads every export once, and reading `WebSocket` loads a
 * whole HTTP client: 12 MB when a process starts, 2 MB of them permanently.
 */
export const { METHODS, STATUS_CODES, request } = process.getBuiltinModule('node:http');
