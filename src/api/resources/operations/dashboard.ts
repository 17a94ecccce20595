import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import type { ApiParts } from '../../context.ts';
import { NOT_FOUND, ProblemError, problemError } from '../../http/answers/index.ts';

const FOLDER = join(import.meta.dirname, '../../../../dashboard/dist');
/** A file name with a hash of its content: the file never changes under this name. */
const HASHED = /^dashboard-[A-Z0-9]{8}\.(js|css)$/;
const TYPES = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8' } as const;

const SECURITY = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
} as const;

interface BuiltFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly gzipped: Buffer;
}

/** Serves the dashboard's files, which `npm start` builds. They are read once. The dashboard uses the public API. */
export function dashboardRoutes(app: FastifyInstance, { developmentKey }: Pick<ApiParts, 'developmentKey'>): void {
  let reading: Promise<ReadonlyMap<string, BuiltFile>> | undefined;
  const files = async () => {
    reading ??= readFiles();
    const found = await reading;
    // Not built yet: checked again at the next request.
    if (found.size === 0) reading = undefined;
    return found;
  };

  app.get('/dashboard', async (request, reply) => {
    if (request.url.split('?', 1)[0]?.endsWith('/') === true) return reply.redirect('/dashboard', 308);
    const page = (await files()).get('index.html');
    if (page === undefined)
      throw problemError('not_found', 'The dashboard is not built. Start the service with `npm start`.');
    return reply
      .headers({ ...SECURITY, 'cache-control': 'no-cache' })
      .type(page.type)
      .send(page.plain);
  });

  app.get<{ Params: { name: string } }>('/dashboard/files/:name', async (request, reply) => {
    const file = HASHED.test(request.params.name) ? (await files()).get(request.params.name) : undefined;
    if (file === undefined) throw new ProblemError(NOT_FOUND);
    const etag = `"${request.params.name}"`;
    reply.headers({
      ...SECURITY,
      'cache-control': 'public, max-age=31536000, immutable',
      etag,
      vary: 'accept-encoding',
    });
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    const zipped = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
    if (zipped) reply.header('content-encoding', 'gzip');
    return reply.type(file.type).send(zipped ? file.gzipped : file.plain);
  });

  // This route exists only in development.
  if (developmentKey === null) return;
  app.get('/dashboard/development', async (_request, reply) =>
    reply.headers({ ...SECURITY, 'cache-control': 'no-store' }).send({ api_key: developmentKey }),
  );
}

async function readFiles(): Promise<ReadonlyMap<string, BuiltFile>> {
  const names = await readdir(FOLDER).catch(() => []);
  const wanted = names.filter((name) => name === 'index.html' || HASHED.test(name));
  return new Map(await Promise.all(wanted.map(async (name) => [name, await readBuilt(name)] as const)));
}

async function readBuilt(name: string): Promise<BuiltFile> {
  const plain = await readFile(join(FOLDER, name));
  const kind = HASHED.exec(name)?.[1];
  const type = kind === 'js' || kind === 'css' ? TYPES[kind] : 'text/html; charset=utf-8';
  return { type, plain, gzipped: await promisify(gzip)(plain) };
}
