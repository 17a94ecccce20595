/**
 * Imports go one way: cli → app → api → pipeline → ports → core; sender and engines stand beside the pipeline, and only
 * app/compose.ts knows them. test/house/import-rules.test.ts shows each rule a file that breaks it.
 */
const only = (name, from, to, because) => ({
  name,
  comment: because,
  severity: 'error',
  from: { path: from },
  to: { path: '^(src|test|bench|scripts|packages|dashboard)/', pathNot: to },
});

/** Folders of one station, port or resource each. */
const ROOMS = [
  'pipeline/.+',
  'api/(access|fast-path|idempotency|openapi)',
  'api/(http|resources)/.+',
  'sender/.+',
  'app/(settings|logging|secrets|maintenance)',
  'engines/(sqlite|redis-postgres|stores)/.+',
];

module.exports = {
  forbidden: [
    only('core-knows-core', '^src/core/', '^src/core/', 'core/ is pure: types and decisions'),
    {
      name: 'core-has-no-parts',
      comment: 'core/ does no I/O and needs no package; node:crypto is the one exception',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: '^(node:)?crypto$' },
    },
    only('ports-know-core', '^src/ports/', '^src/(ports|core)/', 'a port is a promise, not a part'),
    only('pipeline-knows-ports', '^src/pipeline/', '^src/(pipeline|ports|core)/', 'the same on every engine'),
    only('sender-knows-ports', '^src/sender/', '^src/(sender|ports|core)/', 'it implements a port'),
    only(
      'engines-know-ports',
      '^src/engines/([^/]+)/',
      '^src/(engines/$1|engines/rows|engines/stores|ports|core)/',
      'each implements the ports alone; columns and the stores of administered things are shared by both',
    ),
    only('api-knows-pipeline', '^src/api/', '^src/(api|pipeline|ports|core)/', 'HTTP over the pipeline'),
    only(
      'app-knows-no-cli',
      '^src/app/',
      '^src/(app|api|pipeline|ports|core|sender|engines)/',
      'the cli is above the app',
    ),
    only(
      'cli-knows-app',
      '^src/cli/',
      '^(src/(cli|app|ports|core)/|packages/client/src/index\\.ts$)',
      'the cli starts the app, or talks to one by the client',
    ),
    only('client-knows-itself', '^packages/client/', '^packages/client/', 'it runs where nothing of ours is'),
    only(
      'dashboard-knows-dashboard',
      '^dashboard/',
      '^dashboard/',
      'it runs in a browser and knows the HTTP contract only',
    ),
    {
      name: 'only-compose-knows-every-part',
      comment: 'app/compose.ts and app/open-engine.ts choose an engine and a sender',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(app/(compose|open-engine)\\.ts$|engines/|sender/)' },
      to: { path: '^src/(engines|sender)/' },
    },
    {
      name: 'rooms-have-doors',
      comment: "a room's index.ts says what others may use of it; core/ and ports/ are vocabulary and have none",
      severity: 'error',
      from: { path: '^(src/.+)/[^/]+$' },
      to: { path: `^src/(${ROOMS.join('|')})/[^/]+\\.ts$`, pathNot: ['/index\\.ts$', '^$1/[^/]+$'] },
    },
    {
      name: 'nothing-imports-tests',
      comment: 'bench/, the test runner and the screenshots may start servers as the tests do, by test/support/',
      severity: 'error',
      from: { pathNot: '^(test|bench)/|^scripts/(test|screenshots)\\.ts$' },
      to: { path: '^test/' },
    },
    {
      name: 'bench-imports-only-test-support',
      severity: 'error',
      from: { path: '^bench/' },
      to: { path: '^test/', pathNot: '^test/support/' },
    },
    {
      name: 'src-needs-no-dev-dependency',
      comment: 'an installation without development packages must run',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm', 'type-only'] },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'every-import-is-there', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dashboard/dist/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types', 'default'] },
  },
};
