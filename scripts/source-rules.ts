import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface SourceRule {
  readonly name: string;
  readonly shape: RegExp;
  /** Where it holds; all of src/ when not given. */
  readonly folder?: string;
  readonly allowedIn: readonly string[];
  readonly because: string;
}

/** What no linter here can say: rules over the text of src/. */
const RULES: readonly SourceRule[] = [
  {
    name: 'environment',
    shape: /\bprocess\.env\b/,
    allowedIn: ['src/app/settings/settings.ts'],
    because: 'the environment is read in src/app/settings/settings.ts only; take Settings instead',
  },
  {
    name: 'clock',
    shape: /\bDate\.now\(|\bnew Date\(\s*\)/,
    allowedIn: ['src/app/clock.ts'],
    because: 'the time comes from src/app/clock.ts only; take a Clock instead',
  },
  {
    name: 'pure-core',
    shape: /\bMath\.random\(|\bperformance\.|\bset(Timeout|Interval|Immediate)\(|\bprocess\.|\bconsole\./,
    folder: 'src/core/',
    allowedIn: [],
    because: 'core/ decides on values it is given: no chance, no timers, no process',
  },
  {
    name: 'lean-http',
    shape: /^import (?!type\b)[^;]*'node:https?';/m,
    allowedIn: [],
    because: 'an import of node:http loads an HTTP client; take src/api/http/answers/node-http.ts instead',
  },
  {
    name: 'length',
    shape: /^(?:[^\n]*\n){400}/,
    allowedIn: [],
    because: 'a file over 400 lines is more than one concept',
  },
];

/** Files of TypeScript in one folder, beside its `index.ts`: a room with more is two. */
const MAX_FILES_IN_FOLDER = 12;

/** @returns a line for each break of a rule in `root`'s src/ */
export function sourceFindings(root: string): string[] {
  const paths = globSync('src/**/*.ts', { cwd: root })
    .map((path) => path.replaceAll('\\', '/'))
    .sort();
  return [
    ...paths.flatMap((path) => findingsIn(path, readFileSync(join(root, path), 'utf8'))),
    ...fullFolders(paths.filter((path) => !path.endsWith('/index.ts'))),
  ];
}

function fullFolders(paths: readonly string[]): string[] {
  const files = new Map<string, number>();
  for (const path of paths) files.set(dirname(path), (files.get(dirname(path)) ?? 0) + 1);
  return [...files]
    .filter(([, count]) => count > MAX_FILES_IN_FOLDER)
    .map(
      ([folder, count]) => `${folder}:${count} folder: more than ${MAX_FILES_IN_FOLDER} files are more than one room`,
    );
}

function findingsIn(path: string, text: string): string[] {
  const code = withoutComments(text);
  const rules = RULES.filter((rule) => path.startsWith(rule.folder ?? '') && !rule.allowedIn.includes(path));
  return rules.flatMap((rule) => {
    const at = code.search(rule.shape);
    return at < 0 ? [] : [`${path}:${text.slice(0, at).split('\n').length} ${rule.name}: ${rule.because}`];
  });
}

/** Same length, same lines. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/[^\n]*/g, (comment) => comment.replace(/[^\n]/g, ' '));
}
